/// <reference path="../bindings.d.ts" preserve="true" />

/** What a body waits for. */

import * as host from "satama:services/workflow@0.1.0";

import { Failure, failureFromWit } from "../failure.ts";
import { WorkflowError, call } from "./error.ts";
import * as json from "./json.ts";

/** Those of this body that no wait has answered, in the order in which they were asked for. */
const unanswered = new Set<Pending<unknown>>();

/**
 * Something that was asked for and has not come to an end perhaps: a function, a child, a timer, a signal
 * or an approval. One that no wait has answered is given up when the body ends, or by `forget`, or at the
 * end of its block with `using`: a timer or an approval ends, and a signal goes to who asks next.
 */
export class Pending<T> {
  /** What it is in this run. */
  readonly ticket: number;
  #read: (outcome: host.Outcome) => T;

  /** Made by `spawn`, `child`, `timer`, `timerAt`, `signal` and `ask`. */
  constructor(ticket: number, read: (outcome: host.Outcome) => T) {
    this.ticket = ticket;
    this.#read = read;
    unanswered.add(this);
  }

  /** Waits for it. After `Cancelled` it can be waited for again. A failure is thrown. */
  wait(): T {
    const outcome = call(() => host.wait(this.ticket));
    unanswered.delete(this);
    return this.#read(outcome);
  }

  /** Gives it up, if no wait has answered. */
  forget(): void {
    if (!unanswered.delete(this)) return;
    try {
      call(() => host.forget([this.ticket]));
    } catch (error) {
      // There is nothing that could be done, as in the end of a body that failed.
      if (!(error instanceof WorkflowError)) throw error;
    }
  }

  /** As `forget`. */
  [Symbol.dispose](): void {
    this.forget();
  }
}

/** Gives up what this body has not waited for. */
export function forgetAll(): void {
  for (const pending of unanswered) pending.forget();
}

/** What has a result that is JSON. */
export function ofJson<T>(ticket: number): Pending<T> {
  return new Pending(ticket, (outcome) => json.output<T>(done(outcome)));
}

/** The result, of what has one. */
export function done(outcome: host.Outcome): string {
  switch (outcome.tag) {
    case "done":
      return outcome.val;
    case "failed":
      throw failureFromWit(outcome.val);
    case "expired":
      throw Failure.fatal("expired", "nobody decided in time");
  }
}

/** Waits for one, and gives it up if that does not work. */
export function waitFor<T>(pending: Pending<T>): T {
  try {
    return pending.wait();
  } finally {
    pending.forget();
  }
}

/** What came of one of several. */
export type Settled<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/**
 * Waits for all of these. Their results, in their order; of those that failed, the one that is first in
 * the list is thrown.
 */
export function all<T>(pending: Iterable<Pending<T>>): T[] {
  return settled(pending).map((result) => {
    if (!result.ok) throw result.failure;
    return result.value;
  });
}

/** Waits for all of these, and says of each what came of it. */
export function settled<T>(pending: Iterable<Pending<T>>): Settled<T>[] {
  const list = [...pending];
  try {
    const tickets = list.map(({ ticket }) => ticket);
    call(() => host.waitAll(tickets));
    return list.map(settle);
  } finally {
    for (const one of list) one.forget();
  }
}

function settle<T>(pending: Pending<T>): Settled<T> {
  try {
    return { ok: true, value: pending.wait() };
  } catch (error) {
    if (error instanceof Failure) return { ok: false, failure: error };
    throw error;
  }
}

/**
 * Waits for any of these. Which it is, as its place in the list: of those that have come to an end, the
 * one that was first. What came of it, its own `wait` tells, at once. Of none it is an error.
 */
export function any(pending: Iterable<Pending<unknown>>): number {
  const tickets = Array.from(pending, ({ ticket }) => ticket);
  if (tickets.length === 0) {
    throw new WorkflowError("misplaced", { detail: "there is nothing to wait for" });
  }
  return call(() => host.waitAny(tickets));
}
