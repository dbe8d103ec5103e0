/** How values are written. */

import { Failure } from "@satama/guest/workflow";

/** What the errors of all interfaces have. */
interface Refused {
  code: string;
  limit?: number;
  detail?: string;
}

/** The lines of one part. */
export class Lines {
  readonly lines: string[] = [];

  /** Says what came of something. */
  say(what: string, value: () => unknown): void {
    this.lines.push(`${what}: ${attempt(value)}`);
  }
}

/** What a call returns, or the error that it throws. */
export function attempt(value: () => unknown): string {
  try {
    return show(value());
  } catch (error) {
    return `error ${refused(error)}`;
  }
}

/** Only whether it worked. */
export function worked(value: () => unknown): () => void {
  return () => void value();
}

/** What is written as it is. */
export class Plain {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** None, of what may be there: of a call that returns nothing it is `ok`. */
export const NONE = new Plain("none");

/** What may be there. */
export function maybe(value: unknown): unknown {
  return value === undefined ? NONE : value;
}

/** A value, as it is written. */
export function show(value: unknown): string {
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
export function refused(error: unknown): string {
  if (error instanceof Failure) {
    const { code, message, retry } = error;
    return `failed ${show(code)} ${show(message)}${retry ? " retry" : ""}`;
  }
  const { code, limit, detail } = error as Refused;
  if (typeof code !== "string") throw error;
  if (code === "too-large") return `${code} ${limit}`;
  if (code === "illegal") return `${code} ${detail}`;
  // The name of a field: that of other interfaces has none.
  if (code === "invalid-json" && detail !== undefined) return `${code} ${show(detail)}`;
  return code;
}

/** The code of what a call throws. */
export function codeOf(value: () => unknown): unknown {
  try {
    value();
    return NONE;
  } catch (error) {
    return new Plain(refused(error));
  }
}
