/// <reference path="../bindings.d.ts" preserve="true" />

/** Undoing what was done, when what comes after it fails or the run is cancelled. */

import * as host from "satama:services/workflow@0.1.0";

import * as argument from "../argument.ts";
import { Failure, toFailure } from "../failure.ts";
import { isPromise } from "../json.ts";
import { type CallOptions, ticketOf } from "./ask.ts";
import { Cancelled, WorkflowError, call } from "./error.ts";
import * as json from "./json.ts";
import { Pending, done } from "./pending.ts";
import { type Attempt, type StepOptions, begin, drive, record, step } from "./step.ts";

/** How often undoing something is tried again: left undone it needs a person. */
const UNDO_RETRIES = 9;

/** An attempt of a step that can be undone. */
export interface Doing extends Attempt {
  /**
   * The same for every attempt of this step, and for what undoes it: a UUID, to name what is done by, so
   * that it is found when it is to be undone.
   */
  readonly token: string;
}

/** What there is to undo. */
export type Effect<T> =
  /** The step is done, with this result. */
  | { readonly outcome: "done"; readonly result: T }
  /** The step has failed. It may have had an effect all the same. */
  | { readonly outcome: "failed"; readonly failure: Failure }
  /** The step may have had an effect: the run was cancelled before its end was recorded. */
  | { readonly outcome: "unknown" };

/** An attempt to undo a step whose result is a `T`. */
export interface Undo<T> extends Attempt {
  /** What there is to undo. */
  readonly effect: Effect<T>;
  /** The step's result, if it has one. */
  readonly result: T | undefined;
  /** What the step's token was. */
  readonly token: string;
}

/** How steps are undone, such as how often to try. */
export type UndoOptions = Omit<StepOptions, "undo">;

interface Compensation {
  name: string;
  run: (name: string, options: StepOptions) => void;
}

/** What came of a step: its JSON, or what was thrown. */
type Came = { json: string } | { thrown: unknown };

/**
 * Steps that can be undone, newest first.
 *
 * ```js
 * return Saga.run((saga) => {
 *   const shelf = saga.step(
 *     "reserve",
 *     ({ token }) => reserve(book, token),
 *     ({ token }) => release(token),
 *   );
 *   saga.step("pay", ({ token }) => pay(token), ({ token }) => refund(token), { retries: 5 });
 *   return shelf;
 * });
 * ```
 *
 * A step may have had an effect though it has no result: it failed after some attempts, or the run was
 * cancelled while it was tried. So it is undone too, and `effect` says which.
 *
 * Any call within a saga may be told of a cancel, setting the state as well. So nothing should be called
 * after the step from which there is no way back.
 */
export class Saga {
  #undos: Compensation[] = [];
  #options: StepOptions;

  /** One without steps. Each is undone with nine retries, unless told. */
  constructor(options: UndoOptions = {}) {
    this.#options = { retries: UNDO_RETRIES, ...options, undo: true };
  }

  /** Runs `body`. If that comes to no result, undoes its steps, and fails with why. */
  static run<T>(body: (saga: Saga) => T, options: UndoOptions = {}): T {
    argument.callable(body, "body");
    const saga = new Saga(options);
    try {
      return body(saga);
    } catch (cause) {
      throw saga.fail(cause);
    }
  }

  /** Runs `work` as the step called `name`, as `step` does, that `undo` undoes. */
  step<T>(
    name: string,
    work: (doing: Doing) => T,
    undo: (undo: Undo<T>) => unknown,
    options: StepOptions = {},
  ): T {
    argument.callable(work, "work");
    argument.callable(undo, "undo");
    const token = call(() => host.uuid());
    const came = attempt(() => {
      const begun = begin(name, options);
      return () => drive(begun, (doing) => record(work({ ...doing, token })));
    });
    // Before anything is made of the result.
    const effect = effectOf<T>(came);
    this.#push(name, (name, options) => compensate(name, options, effect, token, undo));
    return resultOf<T>(came);
  }

  /**
   * Has `target`, a function, run as a step and waits for its result; `undo` undoes it. What it is given is
   * made from the step's token. If the run is cancelled meanwhile, it is waited for before it is undone.
   */
  call<T>(
    target: string,
    input: (token: string) => unknown,
    undo: (undo: Undo<T>) => unknown,
    options: CallOptions = {},
  ): T {
    argument.callable(input, "input");
    argument.callable(undo, "undo");
    const token = call(() => host.uuid());
    const pending = new Pending(ticketOf(target, input(token), options), done);
    const wait = () => pending.wait();
    const came = attempt(() => wait);
    this.#push(options.name ?? target, (name, options) => {
      const ended = isCancel(came) ? attempt(() => () => uncancelled(wait)) : came;
      compensate(name, options, effectOf<T>(ended), token, undo);
    });
    return resultOf<T>(came);
  }

  /**
   * Has `undo` run, as the step called `name`, when the steps before it are undone: for what was done in
   * other ways.
   */
  defer(name: string, undo: (attempt: Attempt) => unknown): void {
    argument.callable(undo, "undo");
    this.#push(name, (name, options) => {
      uncancelled(() => step(name, options, (attempt) => nothing(undo(attempt))));
    });
  }

  /**
   * Undoes all steps, newest first, each as a step of its own, once. One that cannot be undone does not
   * keep the others from it; this fails as `undo-failed` then. If the run is cancelled meanwhile, it goes
   * on.
   */
  undo(): void {
    const left: [name: string, why: string][] = [];
    for (let next = this.#undos.pop(); next !== undefined; next = this.#undos.pop()) {
      try {
        next.run(next.name, this.#options);
      } catch (thrown) {
        left.push([next.name, say(thrown)]);
      }
    }
    if (left.length === 0) return;
    const names = left.map(([name, why]) => `${name} (${why})`).join(", ");
    throw Failure.fatal("undo-failed", `not undone: ${names}`, left);
  }

  /** Undoes all steps, and returns what to throw then: `cause`, if they could be undone. */
  fail(cause: unknown): unknown {
    try {
      this.undo();
      return cause;
    } catch (left) {
      if (!(left instanceof Failure)) return left;
      const message = `${say(cause)}; ${left.message}`;
      return new Failure(left.code, message, { retry: false, details: left.details, cause });
    }
  }

  #push(name: string, run: Compensation["run"]): void {
    this.#undos.push({ name, run });
  }
}

/**
 * What came of a step that was asked for and then run. What is told while it is asked for is thrown, but
 * for a cancel: a host may have been lost between the step's effect and its record.
 */
function attempt(prepare: () => () => string): Came {
  let run: () => string;
  try {
    run = prepare();
  } catch (thrown) {
    if (thrown instanceof Cancelled) return { thrown };
    throw thrown;
  }
  try {
    return { json: run() };
  } catch (thrown) {
    return { thrown };
  }
}

function isCancel(came: Came): boolean {
  return "thrown" in came && came.thrown instanceof Cancelled;
}

function resultOf<T>(came: Came): T {
  if ("thrown" in came) throw came.thrown;
  return json.output<T>(came.json);
}

function effectOf<T>(came: Came): Effect<T> {
  try {
    return { outcome: "done", result: resultOf<T>(came) };
  } catch (thrown) {
    if ("thrown" in came && thrown instanceof Failure)
      return { outcome: "failed", failure: thrown };
    return { outcome: "unknown" };
  }
}

/** Undoes one step. */
function compensate<T>(
  name: string,
  options: StepOptions,
  effect: Effect<T>,
  token: string,
  undo: (undo: Undo<T>) => unknown,
): void {
  const result = effect.outcome === "done" ? effect.result : undefined;
  uncancelled(() =>
    step(name, options, ({ number, key }) => nothing(undo({ number, key, effect, result, token }))),
  );
}

/** What undoes something has no result; but that of an `async` function is refused, as in any step. */
function nothing(result: unknown): unknown {
  return isPromise(result) ? result : null;
}

/** Calls once more what was told of a cancel: that is said once. */
function uncancelled<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Cancelled) return work();
    throw error;
  }
}

/** `code: what it says`, or that alone of an error that has no code of its own. */
function say(thrown: unknown): string {
  return thrown instanceof WorkflowError ? thrown.message : String(toFailure(thrown));
}
