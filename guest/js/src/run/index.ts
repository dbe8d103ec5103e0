/// <reference path="../bindings.d.ts" preserve="true" />

/**
 * Runs of workflows, from outside: start, see and control them. Consistency and limits are those of
 * `run.wit`.
 *
 * ```js
 * import { Runs } from "@satama/guest/run";
 *
 * const orders = Runs.open("checkout");
 * const { id } = orders.begin(["a book"], { key: "order-17" });
 * orders.signal(id, "paid", true);
 * ```
 */

import * as wit from "satama:services/run@0.1.0";

import * as argument from "../argument.ts";
import { SatamaError, ask } from "../error.ts";
import { Failure } from "../failure.ts";
import { Handle } from "../handle.ts";
import { Json, encode } from "../json.ts";
import { pages } from "../pages.ts";
import { type Option, optional, present } from "../result.ts";
import {
  type Event,
  type Info,
  type Page,
  type Schedule,
  type Started,
  type Step,
  type Version,
  event,
  info,
  json,
  schedule,
  started,
  step,
  version,
} from "./info.ts";
import {
  type Filter,
  type Options,
  type Request,
  VERSION_STATUSES,
  type VersionStatus,
  filterToWit,
  optionsToWit,
} from "./options.ts";

export { Failure, Json };
export type { Event, Info, Page, Schedule, Started, Step, Version } from "./info.ts";
export type { Filter, Options, Request, Status, StepStatus, VersionStatus } from "./options.ts";

/** Most runs that a page has, and most events. */
const PAGE_MAX = 100;

/**
 * Why a call failed: `access-denied`, `not-found`, `illegal` (`detail` is the run's status), `no-version`,
 * `invalid` (`detail` says why), `invalid-cursor`, `too-large` (with a limit), `quota-exceeded` or
 * `unavailable`.
 */
export class RunError extends SatamaError {}

const call = <T>(work: () => T): T => ask(RunError, work);

/**
 * The granted workflows that have runs or a version, in the order of their bytes.
 * Errors: `quota-exceeded`, `unavailable`.
 */
export function names(): string[] {
  return Array.from(call(() => wit.names()));
}

/** The runs of one workflow. */
export class Runs extends Handle<wit.Runs> {
  /** Opens the runs of `workflow`. Errors: `access-denied`, `quota-exceeded`. */
  static open(workflow: string): Runs {
    argument.text(workflow, "workflow");
    return new Runs(call(() => wit.Runs.open(workflow)));
  }

  /**
   * Starts a run with what is written as JSON, of the newest active version of the workflow.
   * Errors: `no-version`, `invalid`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  begin(input: unknown, options: Options = {}): Started {
    const runs = this.resource;
    const [json, how] = [encode(input), optionsToWit(options)];
    return started(call(() => runs.start(json, how)));
  }

  /** Starts at most 64. After `unavailable` some may have been started. Errors: as `begin`. */
  beginMany(requests: Iterable<Request>): Started[] {
    const runs = this.resource;
    const all = Array.from(requests, ({ input, options = {} }) => ({
      input: encode(input),
      options: optionsToWit(options),
    }));
    return call(() => runs.startMany(all)).map(started);
  }

  /** The run. Errors: `too-large`, `quota-exceeded`, `unavailable`. */
  get(id: string): Info | undefined {
    const runs = this.#with(id);
    const run = call(() => runs.get(id));
    return optional(run, info);
  }

  /** At most 64 runs. Errors: as `get`. */
  getMany(ids: Iterable<string>): (Info | undefined)[] {
    const runs = this.resource;
    const checked = argument.list(ids, argument.text, "ids");
    const all = call(() => runs.getMany(checked));
    return all.map((run: Option<wit.Info>) => optional(run, info));
  }

  /**
   * Runs, newest first, at most `limit`; from the start without a cursor.
   * Errors: `invalid-cursor`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  find(filter: Filter = {}, cursor?: string | undefined, limit: number = PAGE_MAX): Page {
    const runs = this.resource;
    const which = filterToWit(filter);
    const from = argument.optional(cursor, argument.text, "cursor");
    const most = argument.u32(limit, "limit");
    const page = call(() => runs.find(which, from, most));
    return { runs: page.runs.map(info), next: present(page.next) };
  }

  /** All runs, newest first, page by page. Errors: as `find`. */
  *each(filter: Filter = {}): Generator<Info, void, undefined> {
    yield* pages((cursor) => {
      const { runs: items, next } = this.find(filter, cursor);
      return { items, next };
    });
  }

  /**
   * The steps of a run, in the order in which its body asked for them.
   * Errors: `not-found`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  steps(id: string): Step[] {
    const runs = this.#with(id);
    return call(() => runs.steps(id)).map(step);
  }

  /** The history of a run from an event on, at most `limit` events. Errors: as `steps`. */
  history(id: string, since: number = 0, limit: number = PAGE_MAX): Event[] {
    const runs = this.#with(id);
    const [from, most] = [argument.u32(since, "since"), argument.u32(limit, "limit")];
    return call(() => runs.history(id, from, most)).map(event);
  }

  /** A part of a run's state. Errors: as `steps`. */
  state(id: string, name: string): Json | undefined {
    const runs = this.#with(id);
    argument.text(name, "name");
    const state = call(() => runs.state(id, name));
    return optional(state, json);
  }

  /**
   * Waits until the run has ended, or so many milliseconds have passed, at most 30,000; how it is then.
   * Errors: `not-found`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  wait(id: string, timeoutMs: number): Info {
    const runs = this.#with(id);
    const timeout = argument.u64(timeoutMs, "timeoutMs");
    return info(call(() => runs.wait(id, timeout)));
  }

  /**
   * Waits until there are events from `since` on, or so many milliseconds have passed; at most 100 of
   * them. Errors: as `wait`.
   */
  changes(id: string, since: number, timeoutMs: number): Event[] {
    const runs = this.#with(id);
    const [from, timeout] = [argument.u32(since, "since"), argument.u64(timeoutMs, "timeoutMs")];
    return call(() => runs.changes(id, from, timeout)).map(event);
  }

  /**
   * Sends a signal with a payload that is written as JSON. Of two with one key, the second is not taken.
   * True if it was. Errors: `not-found`, `illegal`, `invalid`, `too-large`, `quota-exceeded`,
   * `unavailable`.
   */
  signal(id: string, name: string, payload?: unknown, key?: string | undefined): boolean {
    const runs = this.#with(id);
    argument.text(name, "name");
    const [json, once] = [encode(payload), argument.optional(key, argument.text, "key")];
    return call(() => runs.signal(id, name, json, once));
  }

  /** Decides an approval that the run has asked for. The first counts. Errors: as `signal`. */
  decide(
    id: string,
    name: string,
    approved: boolean,
    options: { by?: string | undefined; data?: unknown } = {},
  ): void {
    const runs = this.#with(id);
    argument.text(name, "name");
    argument.bool(approved, "approved");
    const by = argument.optional(options.by, argument.text, "by");
    const data = encode(options.data);
    call(() => runs.decide(id, name, approved, by, data));
  }

  /** Resumes a suspended run. Errors: as `signal`. */
  resume(id: string): void {
    const runs = this.#with(id);
    call(() => runs.resume(id));
  }

  /**
   * Cancels a run, and its children. It is told, and can undo what it did; with `force` it is not told,
   * and ends now. Errors: as `signal`.
   */
  cancel(id: string, reason: string, force: boolean = false): void {
    const runs = this.#with(id);
    argument.text(reason, "reason");
    argument.bool(force, "force");
    call(() => runs.cancel(id, reason, force));
  }

  /**
   * Lets a run that failed or was cancelled go on from a step; without one, from the step that failed.
   * Errors: as `signal`.
   */
  retry(id: string, number?: number | undefined): void {
    const runs = this.#with(id);
    const from = argument.optional(number, argument.u32, "number");
    call(() => runs.retry(id, from));
  }

  /**
   * Deletes a run that has ended, with all that belongs to it. True if there was one.
   * Errors: `illegal`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  delete(id: string): boolean {
    const runs = this.#with(id);
    return call(() => runs.delete(id));
  }

  /** The versions of this workflow, newest first. Errors: `quota-exceeded`, `unavailable`. */
  versions(): Version[] {
    const runs = this.resource;
    return call(() => runs.versions()).map(version);
  }

  /**
   * Sets whether a version starts new runs. False if there is none of this digest.
   * Errors: `too-large`, `quota-exceeded`, `unavailable`.
   */
  setVersion(digest: string, status: VersionStatus): boolean {
    const runs = this.resource;
    argument.text(digest, "digest");
    argument.oneOf(status, VERSION_STATUSES, "status");
    return call(() => runs.setVersion(digest, status));
  }

  /**
   * Starts a run each time a cron expression says so, in UTC. Replaces the schedule of this name.
   * Errors: `invalid`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  schedule(name: string, cron: string, input: unknown, options: Options = {}): Schedule {
    const runs = this.#with(name);
    argument.text(cron, "cron");
    const [json, how] = [encode(input), optionsToWit(options)];
    return schedule(call(() => runs.schedule(name, cron, json, how)));
  }

  /** Ends a schedule. True if there was one. Errors: `too-large`, `quota-exceeded`, `unavailable`. */
  unschedule(name: string): boolean {
    const runs = this.#with(name);
    return call(() => runs.unschedule(name));
  }

  /** The schedules of this workflow, by name. Errors: `quota-exceeded`, `unavailable`. */
  schedules(): Schedule[] {
    const runs = this.resource;
    return call(() => runs.schedules()).map(schedule);
  }

  #with(id: string): wit.Runs {
    argument.text(id, "id");
    return this.resource;
  }
}
