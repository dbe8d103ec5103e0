/** JSON as there is one text of each value (RFC 8785). */

import { Json } from "./json.ts";

/**
 * The canonical JSON of a value: an object's members in the order of their names' UTF-16 code units, and
 * nothing between. A TypeError of what has none: a number that is not finite or is an integer beyond
 * ±(2^53 - 1), text with half of a surrogate pair, or what JSON does not hold.
 */
export function canonical(value: unknown): string {
  if (value instanceof Json) return canonical(value.value);
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      return number(value);
    case "string":
      return string(value);
    case "object":
      return value === null ? "null" : object(value);
    default:
      throw new TypeError(`a ${typeof value} has no canonical JSON`);
  }
}

function number(value: number): string {
  const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (!exact) throw new TypeError(`${value} has no canonical JSON`);
  return JSON.stringify(value);
}

function string(value: string): string {
  if (!value.isWellFormed()) throw new TypeError("half of a surrogate pair has no canonical JSON");
  return JSON.stringify(value);
}

function object(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return canonical(toJSON.call(value));
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${string(name)}:${canonical(member)}`).join(",")}}`;
}
