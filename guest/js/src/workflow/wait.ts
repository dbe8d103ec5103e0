/// <reference path="../bindings.d.ts" preserve="true" />

/** Time, signals, approvals, and waiting until someone resumes the run. */

import * as host from "satama:services/workflow@0.1.0";

import * as argument from "../argument.ts";
import { failureFromWit } from "../failure.ts";
import { call } from "./error.ts";
import * as json from "./json.ts";
import { Pending, any, ofJson, waitFor } from "./pending.ts";

/** Waits for so many milliseconds. It does not matter which hosts are up until then. */
export function sleep(durationMs: number): void {
  waitFor(timer("sleep", durationMs));
}

/** Waits until a time: a `Date`, or milliseconds since 1970. */
export function sleepUntil(time: Date | number): void {
  waitFor(timerAt("sleep", time));
}

/** A timer that goes off so many milliseconds after it is recorded. */
export function timer(name: string, durationMs: number): Pending<void> {
  argument.text(name, "name");
  const duration = argument.u64(durationMs, "durationMs");
  return rung(call(() => host.timer(name, duration)));
}

/** A timer that goes off at a time: a `Date`, or milliseconds since 1970. Before that is at once. */
export function timerAt(name: string, time: Date | number): Pending<void> {
  argument.text(name, "name");
  const atMs = argument.u64(Math.max(0, Number(time)), "time");
  return rung(call(() => host.timerAt(name, atMs)));
}

function rung(ticket: number): Pending<void> {
  return new Pending(ticket, (outcome) => {
    if (outcome.tag === "failed") throw failureFromWit(outcome.val);
  });
}

/**
 * The next signal called `name`, which may have come already. Each is given once, in the order in which
 * they came; one that was asked for and not waited for is given to who asks next.
 */
export function signal<T = unknown>(name: string): Pending<T> {
  argument.text(name, "name");
  return ofJson<T>(call(() => host.signal(name)));
}

/** Waits for the next signal called `name`, but no longer than so many milliseconds. */
export function signalWithin<T = unknown>(name: string, durationMs: number): T | undefined {
  using coming = signal<T>(name);
  using late = timer(name, durationMs);
  return any([coming, late]) === 0 ? coming.wait() : undefined;
}

/** What became of an approval. */
export type Decision =
  | {
      readonly outcome: "approved" | "refused";
      readonly by: string | undefined;
      readonly data: unknown;
    }
  | { readonly outcome: "expired" };

/**
 * Asks for an approval and waits for it, but no longer than `withinMs`, if that is given. `data` is shown
 * to whoever decides.
 */
export function approval(name: string, data?: unknown, withinMs?: number | undefined): Decision {
  return waitFor(ask(name, data, withinMs));
}

/** Asks for an approval. As `approval`, and does not wait. */
export function ask(
  name: string,
  data?: unknown,
  withinMs?: number | undefined,
): Pending<Decision> {
  argument.text(name, "name");
  const shown = json.input(data);
  const within = argument.optional(withinMs, argument.u64, "withinMs");
  return new Pending(
    call(() => host.approval(name, shown, within)),
    decision,
  );
}

/** Whatever is not an approval is none. */
function decision(outcome: host.Outcome): Decision {
  if (outcome.tag === "failed") throw failureFromWit(outcome.val);
  if (outcome.tag === "expired") return { outcome: "expired" };
  type Decided = { approved?: unknown; by?: unknown; data?: unknown } | null;
  const decided = json.output<Decided>(outcome.val);
  return {
    outcome: decided?.approved === true ? "approved" : "refused",
    by: typeof decided?.by === "string" ? decided.by : undefined,
    data: decided?.data ?? null,
  };
}

/** Stops until someone resumes the run. */
export function suspend(reason: string): void {
  argument.text(reason, "reason");
  call(() => host.suspend(reason));
}
