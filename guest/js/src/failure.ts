/** Why a step, a function or a run failed, as its author words it. */

import { SatamaError } from "./error.ts";
import { encode } from "./json.ts";
import { report, textOf } from "./log.ts";
import { type Option, present } from "./result.ts";
import { cut, byteLength } from "./text.ts";

/** Longest part of a failure, in bytes: the limit in `workflow.wit`. */
const FAILURE_BYTES_MAX = 8 << 10;

/** Codes of a workflow's calls after which another attempt may succeed. */
const TRANSIENT = ["quota-exceeded", "unavailable"];

/** As the bindings have it. */
export interface WitFailure {
  code: string;
  message: string;
  retry: boolean;
  details: Option<string>;
}

/**
 * A failure with a code: thrown by a step, a function or a body, and told of one. What else is thrown is a
 * failure `error`, which may be tried again.
 */
export class Failure extends Error {
  /** What to tell apart, such as `card-declined`. */
  readonly code: string;
  /** Whether another attempt may succeed. If not, none is made. */
  readonly retry: boolean;
  /** More, for programs: any JSON value. */
  readonly details: unknown;

  constructor(
    code: string,
    message: string,
    options: { retry?: boolean; details?: unknown; cause?: unknown } = {},
  ) {
    super(textOf(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.code = textOf(code);
    this.retry = options.retry ?? true;
    this.details = options.details;
  }

  /** A failure after which another attempt may succeed. */
  static retryable(code: string, message: string, details?: unknown): Failure {
    return new Failure(code, message, { details });
  }

  /** A failure after which no other attempt is made. */
  static fatal(code: string, message: string, details?: unknown): Failure {
    return new Failure(code, message, { retry: false, details });
  }

  /** `code: message`. */
  override toString(): string {
    return `${this.code}: ${this.message}`;
  }
}

/** What was thrown, as a failure. Of what is no error that was meant, the stack goes to the log. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof SatamaError && "workflow" in thrown) {
    return new Failure(thrown.code, wordsOf(thrown), {
      retry: TRANSIENT.includes(thrown.code),
      cause: thrown,
    });
  }
  if (!(thrown instanceof SatamaError)) report(thrown);
  return new Failure("error", chain(thrown), { cause: thrown });
}

/** What an error of a workflow's call means, in the words of the other languages' SDKs. */
function wordsOf({ code, limit, detail, message }: SatamaError): string {
  switch (code) {
    case "access-denied":
      return "the manifest does not name it";
    case "invalid-json":
      return "it is not JSON";
    case "too-large":
      return `over the limit of ${limit}`;
    case "quota-exceeded":
      return "the tenant calls too often";
    case "unavailable":
      return "the store did not answer in time";
    default:
      return detail ?? message;
  }
}

/** What an error says, and those that caused it. */
function chain(thrown: unknown): string {
  try {
    return messages(thrown);
  } catch {
    return textOf(thrown);
  }
}

function messages(thrown: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  for (let cause = thrown; cause !== undefined && cause !== null && !seen.has(cause);) {
    seen.add(cause);
    parts.push(cause instanceof Error ? textOf(cause.message || cause.name) : textOf(cause));
    cause = (cause as { cause?: unknown }).cause;
  }
  return parts.length > 0 ? parts.join(": ") : textOf(thrown);
}

/** As the host takes it: what is too long is cut, or left out if it would be no JSON then. */
export function failureToWit(failure: Failure): WitFailure {
  const { code, message, retry } = failure;
  return {
    code: cut(textOf(code).toWellFormed(), FAILURE_BYTES_MAX),
    message: cut(textOf(message).toWellFormed(), FAILURE_BYTES_MAX),
    retry: Boolean(retry),
    details: detailsToWit(failure.details),
  };
}

function detailsToWit(details: unknown): string | undefined {
  if (details === undefined) return undefined;
  try {
    const json = encode(details);
    // Also what was handed over as JSON.
    JSON.parse(json);
    return byteLength(json) <= FAILURE_BYTES_MAX ? json : undefined;
  } catch {
    return undefined;
  }
}

/** As the host gives it. */
export function failureFromWit({ code, message, retry, details }: WitFailure): Failure {
  const json = present(details);
  return new Failure(code, message, { retry, details: json && JSON.parse(json) });
}
