/** What is said to the operator's log, if there is a way to say it. */

/** What is said of a value that cannot be read. */
const UNREADABLE = "a value without a text";

interface Console {
  error(...values: unknown[]): void;
}

/** Writes what was thrown with its stack. Without a `console`, which `globals` brings, nothing. */
export function report(error: unknown): void {
  const { console } = globalThis as { console?: Console };
  console?.error(stackOf(error));
}

/** A value as text. Anything can be thrown, also what has no text or fails to tell it. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return UNREADABLE;
  }
}

/** An error with its stack and its causes'. */
export function stackOf(error: unknown): string {
  try {
    return stacks(error);
  } catch {
    return UNREADABLE;
  }
}

function stacks(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let cause = error; cause !== undefined && !seen.has(cause);) {
    seen.add(cause);
    lines.push(`${lines.length > 0 ? "caused by: " : ""}${one(cause)}`);
    cause = (cause as { cause?: unknown } | null)?.cause;
  }
  return lines.join("\n");
}

function one(error: unknown): string {
  if (!(error instanceof Error)) return textOf(error);
  const { stack } = error;
  const frames = typeof stack === "string" ? stack.trimEnd() : "";
  // Only some engines begin a stack with what was thrown.
  return frames.startsWith(String(error)) ? frames : `${String(error)}\n${frames}`.trimEnd();
}
