/** Exports of a component that may fail. */

import * as argument from "./argument.ts";
import { SatamaError } from "./error.ts";
import { isPromise } from "./json.ts";
import { report, textOf } from "./log.ts";

/** The error of an exported function's `result`: thrown within `fallible`, its payload is returned. */
export class Refusal<E = unknown> extends Error {
  /** What the caller gets, as the WIT types it. */
  readonly payload: E;

  constructor(payload: E) {
    super(typeof payload === "string" ? payload : JSON.stringify(payload));
    this.name = "Refusal";
    // An own property, which both engines take as the result's error.
    this.payload = wellFormed(payload);
  }
}

/**
 * Makes an exported function, whose result in the WIT is `result<T, string>`, of one that throws. A
 * `Refusal` becomes its payload, and any other error its message; of those that are no `SatamaError`
 * the stack goes to the log. Half of a surrogate pair in a text that it returns becomes U+FFFD: the host
 * takes UTF-8.
 *
 * ```js
 * export const greet = fallible((name) => {
 *   if (name === "") throw new Refusal("nobody is called that");
 *   return `Hello, ${name}!`;
 * });
 * ```
 */
export function fallible<A extends unknown[], T>(work: (...args: A) => T): (...args: A) => T {
  argument.callable(work, "work");
  return (...args) => {
    try {
      const result = work(...args);
      if (isPromise(result)) throw new TypeError("an export returned a promise");
      return wellFormed(result);
    } catch (thrown) {
      throw refusal(thrown);
    }
  };
}

function refusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (!(thrown instanceof SatamaError)) report(thrown);
  return new Refusal(textOf(thrown instanceof Error ? thrown.message || thrown.name : thrown));
}

/** The value; if it is a text, as one that has a UTF-8. */
function wellFormed<T>(value: T): T {
  return typeof value === "string" ? (value.toWellFormed() as T) : value;
}
