/** How values are written. */

import { Failure } from "@satama/guest/workflow";

/** The lines of one part. */
export class Lines {
  lines = [];
  /** Says what came of something. */
  say(what, value) {
    this.lines.push(`${what}: ${attempt(value)}`);
  }
}

/** What a call returns, or the error that it throws. */
export function attempt(value) {
  try {
    return show(value());
  } catch (error) {
    return `error ${refused(error)}`;
  }
}

/** Only whether it worked. */
export function worked(value) {
  return () => void value();
}

/** What is written as it is. */
export class Plain {
  text;
  constructor(text) {
    this.text = text;
  }
}

/** None, of what may be there: of a call that returns nothing it is `ok`. */
export const NONE = new Plain("none");

/** What may be there. */
export function maybe(value) {
  return value === undefined ? NONE : value;
}

/** A value, as it is written. */
export function show(value) {
  if (value === undefined) return "ok";
  if (value instanceof Plain) return value.text;
  if (typeof value === "string") return `"${value}"`;
  if (value instanceof Uint8Array) {
    return `bytes ${value.length} ${value.reduce((sum, byte) => sum + byte, 0)}`;
  }
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value instanceof Failure) return `error ${refused(value)}`;
  return String(value);
}

/** An error, as it is written. */
export function refused(error) {
  if (error instanceof Failure) {
    const { code, message, retry } = error;
    return `failed ${show(code)} ${show(message)}${retry ? " retry" : ""}`;
  }
  const { code, limit, detail } = error;
  if (typeof code !== "string") throw error;
  if (code === "too-large") return `${code} ${limit}`;
  if (code === "illegal") return `${code} ${detail}`;
  // The name of a field: that of other interfaces has none.
  if (code === "invalid-json" && detail !== undefined) return `${code} ${show(detail)}`;
  return code;
}

/** The code of what a call throws. */
export function codeOf(value) {
  try {
    value();
    return NONE;
  } catch (error) {
    return new Plain(refused(error));
  }
}
