/// <reference path="../bindings.d.ts" preserve="true" />

/**
 * Durable workflows: bodies that read like ordinary code, and survive the end of any host. Consistency and
 * limits are those of `workflow.wit`.
 *
 * What a body does to the world it does in steps, whose results are recorded. It is called again from its
 * start whenever its run goes on, and given what is recorded; so it must ask for the same again. Time
 * and random numbers are the run's own: `Date` by itself, `Math.random` with `@satama/guest/globals`.
 *
 * ```js
 * import { call, functions, sleep, step, workflows } from "@satama/guest/workflow";
 *
 * function welcome(name) {
 *   const text = step("compose", () => `Hello, ${name}!`);
 *   sleep(24 * 60 * 60 * 1000);
 *   return call("send", text, { retries: 5 });
 * }
 *
 * function send(text, { attempt }) {
 *   console.log(`${text} (${attempt.key})`);
 *   return text.length;
 * }
 *
 * export const workflowHandler = workflows({ welcome });
 * export const functionHandler = functions({ send });
 * ```
 */

import * as host from "satama:services/workflow@0.1.0";

import * as argument from "../argument.ts";
import { optional, present } from "../result.ts";
import { call as askHost } from "./error.ts";
import * as json from "./json.ts";

export { Failure } from "../failure.ts";
export { Json } from "../json.ts";
export { type CallOptions, type ChildOptions, call, child, spawn } from "./ask.ts";
export { Cancelled, WorkflowError } from "./error.ts";
export { Pending, type Settled, all, any, settled } from "./pending.ts";
export {
  type Body,
  type Context,
  ContinueAsNew,
  type StepFunction,
  continueAsNew,
  functions,
  workflows,
} from "./register.ts";
export { type Doing, type Effect, Saga, type Undo, type UndoOptions } from "./saga.ts";
export { type Attempt, type Backoff, type StepOptions, exponential, fixed, step } from "./step.ts";
export {
  type Decision,
  approval,
  ask,
  signal,
  signalWithin,
  sleep,
  sleepUntil,
  suspend,
  timer,
  timerAt,
} from "./wait.ts";

/** What a run is, as its body has seen it so far. */
export interface Facts {
  /** The run. */
  run: string;
  /** Its workflow. */
  workflow: string;
  /** How often it was continued as new: zero at first. */
  generation: number;
  /** Who it is for, if that is known. */
  user: string | undefined;
  /** The run that has this as its child, if one has. */
  parent: string | undefined;
  /** When it was started, in milliseconds since 1970. */
  startedAtMs: number;
  /** Events of its history so far. */
  historyEvents: number;
  /** Whether the history is long enough to continue as new. */
  continueSoon: boolean;
}

/** This run, as the body has seen it so far. */
export function info(): Facts {
  const facts = askHost(() => host.info());
  const { run, workflow, generation, historyEvents, continueSoon } = facts;
  return {
    run,
    workflow,
    generation,
    user: present(facts.user),
    parent: present(facts.parent),
    startedAtMs: Number(facts.startedAtMs),
    historyEvents,
    continueSoon,
  };
}

/**
 * The time of the last event that the body has seen. It moves on with each step and wait, and never
 * back.
 */
export function now(): Date {
  return new Date(Number(askHost(() => host.nowMs())));
}

/**
 * The next random number of this run: an integer from 0 to 2^53 - 1. Not for secrets: who can read the
 * store can compute it.
 */
export function random(): number {
  return Number(askHost(() => host.random()));
}

/** The next random id of this run: a UUID of version 4. As `random`. */
export function uuid(): string {
  return askHost(() => host.uuid());
}

/** A part of the run's state. Works in a function too, for the run that it is a step of. */
export function state<T = unknown>(name: string): T | undefined {
  argument.text(name, "name");
  const text = askHost(() => host.getState(name));
  return optional(text, (text) => json.output<T>(text));
}

/** Sets a part of the run's state, which is seen from outside. Works in a function too. */
export function setState(name: string, value: unknown): void {
  argument.text(name, "name");
  const text = json.input(value);
  askHost(() => host.setState(name, text));
}
