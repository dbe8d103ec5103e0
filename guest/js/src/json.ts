/** JSON, as text that is kept as it was written and as a value. */

import { text } from "./argument.ts";

/**
 * JSON text. What takes a JSON value takes one of these too and passes it on as it is; what gives
 * JSON gives one of these.
 */
export class Json<T = unknown> {
  /** The JSON, as it was written. */
  readonly text: string;

  constructor(json: string) {
    this.text = text(json, "JSON");
  }

  /** What it says. A SyntaxError if it is no JSON; numbers are rounded to doubles. */
  get value(): T {
    return JSON.parse(this.text) as T;
  }

  /** What it says: so that JSON within a value is a part of that. */
  toJSON(): T {
    return this.value;
  }
}

/** How JSON is written that has half of a surrogate pair; not a backslash that comes before `ud800`. */
const HALF = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/**
 * A value as JSON text. `undefined` is null. A TypeError of what has no JSON: a function, a BigInt, a
 * promise, an object that contains itself; or text with half of a surrogate pair, which is JSON that
 * some languages do not read.
 */
export function encode(value: unknown): string {
  if (value instanceof Json) return value.text;
  if (value === undefined) return "null";
  if (isPromise(value))
    throw new TypeError("a promise is not JSON: nothing of the host is awaited");
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError(`a ${typeof value} is not JSON`);
  if (json.includes("\\ud") && HALF.test(json)) {
    throw new TypeError("the JSON has half of a surrogate pair");
  }
  return json;
}

/** Whether it is a promise, or looks like one. */
export function isPromise(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
