/** What the host returns, alike on both engines. */

/** A 64-bit integer: a BigInt on StarlingMonkey. All that the host gives is below 2^53. */
export type Integer = number | bigint;

/** None: null on QuickJS. */
export type Option<T> = T | null | undefined;

/** Nothing, or a value made of what is there. */
export function optional<T, R>(value: Option<T>, read: (value: T) => R): R | undefined {
  return value === null || value === undefined ? undefined : read(value);
}

/** What is there, or nothing. */
export function present<T>(value: Option<T>): T | undefined {
  return value ?? undefined;
}

/** Bytes. Those of StarlingMonkey are of another realm, so that they are no `Uint8Array` here. */
export function bytes(value: Uint8Array): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}
