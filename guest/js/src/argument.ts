/**
 * Checks of what is passed to the host: what the WIT's type does not hold is a TypeError or a
 * RangeError here. Without them one engine traps, and the other takes something else.
 */

const U64_END = 2 ** 64;
const S64_END = 2 ** 63;

/**
 * Beyond every limit that the WIT has, and held exactly: what is greater is passed as this, since
 * an engine converts numbers near the end of the range with errors.
 */
const LARGE = 2 ** 62;

function integer(value: number, what: string): number {
  if (typeof value !== "number") throw new TypeError(`${what} is not a number`);
  if (!Number.isInteger(value)) throw new RangeError(`${what} is not an integer: ${value}`);
  return value;
}

function unsigned(value: number, end: number, what: string): number {
  integer(value, what);
  if (value < 0 || value >= end) throw new RangeError(`${what} is out of range: ${value}`);
  return value;
}

/** An integer from 0 to 2^64. */
export function u64(value: number, what: string): number {
  return Math.min(unsigned(value, U64_END, what), LARGE);
}

/** An integer from -2^63 to 2^63. */
export function s64(value: number, what: string): number {
  integer(value, what);
  if (value < -S64_END || value >= S64_END)
    throw new RangeError(`${what} is out of range: ${value}`);
  return Math.max(Math.min(value, LARGE), -LARGE);
}

/** An integer below 2^32. */
export function u32(value: number, what: string): number {
  return unsigned(value, 2 ** 32, what);
}

/** An integer below 2^16. */
export function u16(value: number, what: string): number {
  return unsigned(value, 2 ** 16, what);
}

/** An integer below 2^8. */
export function u8(value: number, what: string): number {
  return unsigned(value, 2 ** 8, what);
}

/** Text that is UTF-8: no half of a surrogate pair. */
export function text(value: string, what: string): string {
  if (typeof value !== "string") throw new TypeError(`${what} is not a string`);
  if (!value.isWellFormed()) throw new TypeError(`${what} has half of a surrogate pair`);
  return value;
}

/** True or false. */
export function bool(value: boolean, what: string): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${what} is not a boolean`);
  return value;
}

/** Bytes. */
export function bytes(value: Uint8Array, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what} is not a Uint8Array`);
  return value;
}

/** A list whose items are each checked. */
export function list<T, R>(
  values: Iterable<T>,
  check: (value: T, what: string) => R,
  what: string,
): R[] {
  const isList = typeof values === "object" && values !== null && Symbol.iterator in values;
  if (!isList) throw new TypeError(`${what} is not a list`);
  return Array.from(values, (value, index) => check(value, `${what}[${index}]`));
}

/** Nothing, or a value that is checked. Null is nothing too. */
export function optional<T, R>(
  value: T | null | undefined,
  check: (value: T, what: string) => R,
  what: string,
): R | undefined {
  return value === undefined || value === null ? undefined : check(value, what);
}

/** One of the cases of an enum. */
export function oneOf<T extends string>(value: T, cases: readonly T[], what: string): T {
  if (!cases.includes(value)) throw new TypeError(`${what} is not one of ${cases.join(", ")}`);
  return value;
}

/** A function. */
export function callable<F>(value: F, what: string): F {
  if (typeof value !== "function") throw new TypeError(`${what} is not a function`);
  return value;
}
