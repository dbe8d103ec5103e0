/// <reference path="../bindings.d.ts" preserve="true" />

/** Functions and children: what runs elsewhere for a body. */

import * as host from "satama:services/workflow@0.1.0";

import * as argument from "../argument.ts";
import { call as ask } from "./error.ts";
import * as json from "./json.ts";
import { type Pending, ofJson, waitFor } from "./pending.ts";
import { type StepOptions, stepOptions } from "./step.ts";

/** How a function is called as a step. */
export interface CallOptions extends StepOptions {
  /** The step's name: the function's, unless told. */
  name?: string | undefined;
}

/** How a child is started. */
export interface ChildOptions {
  /** Its name in this run's history: the workflow's, unless told. */
  name?: string | undefined;
  /** How many milliseconds it may take, all its generations together. It has failed then. */
  timeoutMs?: number | undefined;
  /** From 0 to 9; this run's, unless told. */
  priority?: number | undefined;
}

/** Has `target`, a function, run as a step, and waits for its result. */
export function call<T = unknown>(target: string, input?: unknown, options: CallOptions = {}): T {
  return waitFor(spawn<T>(target, input, options));
}

/** Has `target`, a function, run as a step, at the same time as what comes next. */
export function spawn<T = unknown>(
  target: string,
  input?: unknown,
  options: CallOptions = {},
): Pending<T> {
  return ofJson<T>(ticketOf(target, input, options));
}

/** The ticket of a function that was asked for. */
export function ticketOf(target: string, input: unknown, options: CallOptions): number {
  argument.text(target, "function");
  const name = argument.text(options.name ?? target, "name");
  const [given, how] = [json.input(input), stepOptions(options)];
  return ask(() => host.spawn(name, target, given, how));
}

/** Starts a run of `workflow` as a child. It is cancelled when this run ends. */
export function child<T = unknown>(
  workflow: string,
  input?: unknown,
  options: ChildOptions = {},
): Pending<T> {
  argument.text(workflow, "workflow");
  const name = argument.text(options.name ?? workflow, "name");
  const given = json.input(input);
  const how = {
    timeoutMs: argument.optional(options.timeoutMs, argument.u64, "timeoutMs"),
    priority: argument.optional(options.priority, argument.u8, "priority"),
  };
  return ofJson<T>(ask(() => host.child(name, workflow, given, how)));
}
