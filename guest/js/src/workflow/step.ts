/// <reference path="../bindings.d.ts" preserve="true" />

/** Steps: where a body does something to the world. */

import * as host from "satama:services/workflow@0.1.0";

import * as argument from "../argument.ts";
import { Failure, failureFromWit, failureToWit, toFailure } from "../failure.ts";
import { isPromise } from "../json.ts";
import { WorkflowError, call } from "./error.ts";
import * as json from "./json.ts";

/** How long the wait before the second attempt is, unless something else is said. */
const DELAY_MS = 1_000;

/** How long it may become. */
const DELAY_MS_MAX = 60_000;

/** How much of it may be left out at random, in percent. */
const JITTER_PERCENT = 20;

/** Most attempts that the WIT can say. */
const ATTEMPTS_MAX = 2 ** 32 - 1;

/** How the wait before another attempt grows. `fixed` and `exponential` make one. */
export interface Backoff {
  kind: "fixed" | "exponential";
  /** The wait before the second attempt, in milliseconds. */
  delayMs: number;
  /** The longest wait, in milliseconds. */
  delayMaxMs: number;
  /** How much of a wait may be left out at random, in percent; at most 100. */
  jitterPercent: number;
}

/** How a step is tried. */
export interface StepOptions {
  /** Try it again up to so many times, so once more than this in all. Not at all, unless told. */
  retries?: number | undefined;
  /** How long to wait before that: from one second to a minute, twice as long each time, unless told. */
  backoff?: Backoff | undefined;
  /** End an attempt that takes longer, in milliseconds. It has failed as `timeout` then. */
  timeoutMs?: number | undefined;
  /** Mark it as one that undoes an earlier one. `Saga` does so by itself. */
  undo?: boolean | undefined;
}

/** One attempt of a step. */
export interface Attempt {
  /** Counts from one. */
  readonly number: number;
  /** The same for every attempt of this step of this run, and for no other: a UUID. */
  readonly key: string;
}

/** The same wait each time, in milliseconds, and nothing of it left out. */
export function fixed(delayMs: number): Backoff {
  return { kind: "fixed", delayMs, delayMaxMs: delayMs, jitterPercent: 0 };
}

/** Twice as long each time, up to `delayMaxMs`; a fifth of it is left to chance. */
export function exponential(delayMs: number, delayMaxMs: number): Backoff {
  return { kind: "exponential", delayMs, delayMaxMs, jitterPercent: JITTER_PERCENT };
}

/**
 * Does something to the world, once recorded never again: the step called `name`. `work` runs again if it
 * fails and attempts are left, and may run more than once if a host is lost between its effect and the
 * record; the attempt has a key to tell by.
 *
 * What `work` returns is recorded as JSON, and returned as it is read back from that, also the first
 * time; `undefined` is null. What it throws is a failure: a `Failure` as it is, anything else as `error`,
 * which may be tried again. A promise is a failure that may not.
 */
export function step<T>(name: string, work: (attempt: Attempt) => T): T;
export function step<T>(name: string, options: StepOptions, work: (attempt: Attempt) => T): T;
export function step<T>(
  name: string,
  ...rest: [(attempt: Attempt) => T] | [StepOptions, (attempt: Attempt) => T]
): T {
  const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest;
  argument.callable(work, "work");
  const recorded = drive(begin(name, options), (attempt) => record(work(attempt)));
  return json.output<T>(recorded);
}

/** What an attempt came to, as it is recorded. */
export function record(result: unknown): string {
  if (isPromise(result)) {
    throw Failure.fatal("error", "a step returned a promise: nothing of the host is awaited");
  }
  return json.input(result);
}

/** Begins a step: after this it is open, or has come to an end before. */
export function begin(name: string, options: StepOptions): host.Begun {
  argument.text(name, "name");
  const how = stepOptions(options);
  return call(() => host.begin(name, how));
}

/** Runs `work` until the step's end is recorded. Its recorded result, as JSON. */
export function drive(begun: host.Begun, work: (attempt: Attempt) => string): string {
  if (begun.tag === "done") return begun.val;
  if (begun.tag === "failed") throw failureFromWit(begun.val);
  let attempt: Attempt = begun.val;
  for (;;) {
    const attempted = attemptOnce(attempt, work);
    const { end, verdict } = finish(attempted);
    if (verdict.tag !== "again") {
      if (end.tag === "ok") return end.val;
      throw failureFromWit(end.val);
    }
    attempt = verdict.val;
  }
}

function attemptOnce({ number, key }: Attempt, work: (attempt: Attempt) => string): host.End {
  try {
    return { tag: "ok", val: work({ number, key }) };
  } catch (thrown) {
    return { tag: "err", val: failureToWit(toFailure(thrown)) };
  }
}

/** Records an end; or, of one that can't be recorded, why. The step is open still in that case. */
function finish(end: host.End): { end: host.End; verdict: host.Verdict } {
  try {
    return { end, verdict: call(() => host.finish(end)) };
  } catch (error) {
    const refused = error instanceof WorkflowError && /^(invalid-json|too-large)$/.test(error.code);
    if (!refused) throw error;
    const instead: host.End = { tag: "err", val: failureToWit(toFailure(error)) };
    return { end: instead, verdict: call(() => host.finish(instead)) };
  }
}

/** As the host takes them. */
export function stepOptions(options: StepOptions): host.StepOptions {
  const retries = argument.u32(options.retries ?? 0, "retries");
  const backoff = options.backoff ?? exponential(DELAY_MS, DELAY_MS_MAX);
  const retry = {
    attempts: Math.min(retries + 1, ATTEMPTS_MAX),
    delayMs: argument.u64(backoff.delayMs, "delayMs"),
    backoff: argument.oneOf(backoff.kind, ["fixed", "exponential"], "kind"),
    delayMaxMs: argument.u64(backoff.delayMaxMs, "delayMaxMs"),
    jitterPercent: argument.u8(backoff.jitterPercent, "jitterPercent"),
  };
  return {
    retry: retries > 0 ? retry : undefined,
    timeoutMs: argument.optional(options.timeoutMs, argument.u64, "timeoutMs"),
    undo: argument.bool(options.undo ?? false, "undo"),
  };
}
