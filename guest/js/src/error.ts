/** Errors: what a variant of the WIT is as an exception. */

/** A case of a variant, as both engines have it. */
interface Case {
  tag: string;
  val?: unknown;
}

/** What both engines throw for the error of a result; on StarlingMonkey of another realm. */
interface Thrown {
  payload?: unknown;
}

/**
 * Why a service refused, or failed. Each interface has a class of its own: `CacheError`,
 * `SessionError`, `ChannelError`, `HubError`, `SecretError`, `RunError`, `WorkflowError`.
 */
export class SatamaError extends Error {
  /** The case of the WIT's `error`, such as `access-denied`. */
  readonly code: string;
  /** Of `too-large`: the limit, in bytes, items or milliseconds. */
  readonly limit: number | undefined;
  /** Of a case that carries a text: a field's name (`invalid-json`), or what is wrong. */
  readonly detail: string | undefined;

  constructor(code: string, options: { limit?: number; detail?: string } = {}) {
    super(describe(code, options.limit, options.detail));
    this.name = new.target.name;
    this.code = code;
    this.limit = options.limit;
    this.detail = options.detail;
  }
}

function describe(code: string, limit: number | undefined, detail: string | undefined): string {
  if (limit !== undefined) return `${code}: over the limit of ${limit}`;
  return detail === undefined ? code : `${code}: ${detail}`;
}

/** The class of an interface's errors. */
export type ErrorClass = new (
  code: string,
  options?: { limit?: number; detail?: string },
) => SatamaError;

/** Calls the host; the error of its result becomes an exception of this class. */
export function ask<T>(errors: ErrorClass, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw convert(errors, thrown);
  }
}

function convert(errors: ErrorClass, thrown: unknown): unknown {
  const payload = (thrown as Thrown | undefined)?.payload;
  if (!isCase(payload)) return thrown;
  const { tag, val } = payload;
  if (typeof val === "number" || typeof val === "bigint") {
    return new errors(tag, { limit: Number(val) });
  }
  return new errors(tag, typeof val === "string" ? { detail: val } : {});
}

function isCase(value: unknown): value is Case {
  return typeof value === "object" && value !== null && typeof (value as Case).tag === "string";
}
