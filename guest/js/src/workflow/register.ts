/** What a component exports: its workflows and functions, each under its name. */

import * as argument from "../argument.ts";
import { Failure, type WitFailure, failureToWit, toFailure } from "../failure.ts";
import { isPromise } from "../json.ts";
import { type Option, present } from "../result.ts";
import * as json from "./json.ts";
import { forgetAll } from "./pending.ts";
import type { Attempt } from "./step.ts";

/** What a body returns to go on from its start with another input and an empty history. */
export class ContinueAsNew {
  /** The input. */
  readonly input: unknown;

  /** Made by `continueAsNew`. */
  constructor(input: unknown) {
    this.input = input;
  }
}

/**
 * To be returned by a body: the run goes on from its start with this input and an empty history. Its state
 * stays, and the signals that it has not taken.
 */
export function continueAsNew(input?: unknown): ContinueAsNew {
  return new ContinueAsNew(input);
}

/** For which step a function is called. */
export interface Context {
  /** The run. */
  readonly run: string;
  /** Its workflow. */
  readonly workflow: string;
  /** The step's name. */
  readonly step: string;
  /** Which attempt it is. */
  readonly attempt: Attempt;
  /** Who the run is for, if that is known. */
  readonly user: string | undefined;
}

interface WitContext {
  run: string;
  workflow: string;
  step: string;
  attempt: Attempt;
  user: Option<string>;
}

type Ending =
  | { tag: "completed"; val: string }
  | { tag: "failed"; val: WitFailure }
  | { tag: "cancelled" }
  | { tag: "continued"; val: string };

/** The body of a workflow: of its input, to its output or a `continueAsNew`. */
export type Body = (input: any) => unknown;

/** A function that workflows call as a step: of its input and which step it is, to its result. */
export type StepFunction = (input: any, context: Context) => unknown;

/**
 * Makes the export `workflowHandler` of workflows: each name with its body. What a body throws is a
 * failure of the run, `error` unless it is a `Failure`; but `Cancelled` ends it as cancelled.
 *
 * ```js
 * export const workflowHandler = workflows({ welcome });
 * ```
 */
export function workflows(bodies: Record<string, Body>): {
  run(workflow: string, input: string): Ending;
} {
  const named = table(bodies);
  return {
    run(workflow, input) {
      const body = named.get(workflow);
      if (body === undefined) {
        return failed(Failure.fatal("unknown-workflow", `there is no workflow "${workflow}" here`));
      }
      try {
        return ending(body(json.output(input, "invalid-input")));
      } catch (thrown) {
        // Also the failure of a child that was cancelled with this run, before this was told. If nobody
        // cancelled this run, the host makes it a failure again.
        const failure = toFailure(thrown);
        return failure.code === "cancelled" ? { tag: "cancelled" } : failed(failure);
      } finally {
        forgetAll();
      }
    },
  };
}

/**
 * Makes the export `functionHandler` of functions: each name with one. What it throws is a failure, `error`
 * unless it is a `Failure`, and tried again if it may be.
 *
 * ```js
 * export const functionHandler = functions({ send });
 * ```
 */
export function functions(named: Record<string, StepFunction>): {
  call(target: string, input: string, context: WitContext): string;
} {
  const all = table(named);
  return {
    call(target, input, context) {
      try {
        const work = all.get(target);
        if (work === undefined) {
          throw Failure.fatal("unknown-function", `there is no function "${target}" here`);
        }
        return written(work(json.output(input, "invalid-input"), contextOf(context)));
      } catch (thrown) {
        throw new Refused(failureToWit(toFailure(thrown)));
      }
    },
  };
}

/** The error of a result, which both engines take from an own property. */
class Refused extends Error {
  readonly payload: WitFailure;

  constructor(payload: WitFailure) {
    super(payload.message);
    this.payload = payload;
  }
}

function table<F>(named: Record<string, F>): Map<string, F> {
  for (const [name, work] of Object.entries(named)) argument.callable(work, `"${name}"`);
  return new Map(Object.entries(named));
}

function contextOf({ run, workflow, step, attempt, user }: WitContext): Context {
  const { number, key } = attempt;
  return { run, workflow, step, attempt: { number, key }, user: present(user) };
}

function written(value: unknown): string {
  if (isPromise(value)) {
    throw Failure.fatal("error", "it returned a promise: nothing of the host is awaited");
  }
  return json.input(value);
}

function ending(value: unknown): Ending {
  if (value instanceof ContinueAsNew) return { tag: "continued", val: json.input(value.input) };
  return { tag: "completed", val: written(value) };
}

function failed(failure: Failure): Ending {
  return { tag: "failed", val: failureToWit(failure) };
}
