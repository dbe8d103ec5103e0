/// <reference path="./bindings.d.ts" />

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

import * as argument from "./argument.ts";
import { SatamaError, ask } from "./error.ts";
import { Failure, type WitFailure, failureFromWit } from "./failure.ts";
import { Handle } from "./handle.ts";
import { Json, encode } from "./json.ts";
import { pages } from "./pages.ts";
import { type Option, optional, present } from "./result.ts";

export { Failure, Json };

/** Most runs that a page has, and most events. */
const PAGE_MAX = 100;

const STATUSES = [
  "running",
  "suspended",
  "cancelling",
  "completed",
  "failed",
  "cancelled",
] as const;
const VERSION_STATUSES = ["draft", "active", "declined"] as const;

/** Where a run is in its life. */
export type Status = (typeof STATUSES)[number];

/** Where a step is. */
export type StepStatus = "pending" | "succeeded" | "failed";

/** Whether a version starts new runs. */
export type VersionStatus = (typeof VERSION_STATUSES)[number];

/**
 * Why a call failed: `access-denied`, `not-found`, `illegal` (`detail` is the run's status), `no-version`,
 * `invalid` (`detail` says why), `invalid-cursor`, `too-large` (with a limit), `quota-exceeded` or
 * `unavailable`.
 */
export class RunError extends SatamaError {}

/** How a run is started. */
export interface Options {
  /** Two starts with one key are one run, as long as that is kept. */
  key?: string | undefined;
  /** Who it is for. */
  user?: string | undefined;
  /** How long it may take, in milliseconds. Then it is cancelled, and ends as failed. */
  timeoutMs?: number | undefined;
  /** From 0 to 9; 4 if none. */
  priority?: number | undefined;
  /** Begin only after so many milliseconds. */
  delayMs?: number | undefined;
  /** Delete it so many milliseconds after its end. */
  retentionMs?: number | undefined;
}

/** A run to be started, with an input that is written as JSON. */
export interface Request {
  input: unknown;
  options?: Options;
}

/** What became of a start. */
export interface Started {
  /** The run. */
  id: string;
  /** Whether it was started now, or had been before with the same key. */
  new: boolean;
}

/** A run at one moment. All times are milliseconds since 1970. */
export interface Info {
  id: string;
  workflow: string;
  status: Status;
  /** The component that it is pinned to: `sha256:` and 64 digits. */
  digest: string;
  generation: number;
  user: string | undefined;
  key: string | undefined;
  parent: string | undefined;
  priority: number;
  createdAtMs: number;
  updatedAtMs: number;
  endedAtMs: number | undefined;
  /** Events of its history. */
  events: number;
  /** What it waits for, in words. */
  waitsFor: string | undefined;
  /** Not in a list. */
  input: Json | undefined;
  /** If it is completed; not in a list. */
  output: Json | undefined;
  /** If it has failed; not in a list. */
  failure: Failure | undefined;
}

/** One step, or something else that the body asked for. */
export interface Step {
  /** Its place in the order in which the body asked: from zero. */
  number: number;
  /** `step`, `function`, `child`, `timer`, `approval`, `suspend` or `state`. */
  kind: string;
  name: string;
  /** The function or workflow. */
  target: string | undefined;
  /** The child. */
  child: string | undefined;
  status: StepStatus;
  attempts: number;
  undo: boolean;
  /** What it was given, where that is kept. */
  input: Json | undefined;
  output: Json | undefined;
  failure: Failure | undefined;
  /** When it was recorded first. */
  createdAtMs: number;
  /** When it came to its end. */
  endedAtMs: number | undefined;
}

/** One event of a history. */
export interface Event {
  /** Its place, from zero. */
  index: number;
  atMs: number;
  /** The event: an object with one member, whose name is its kind. */
  event: Json;
}

/** Which runs to find. */
export interface Filter {
  status?: Status | undefined;
  user?: string | undefined;
  /** Created at this time or later, in milliseconds since 1970. */
  sinceMs?: number | undefined;
  /** Created before this time. */
  untilMs?: number | undefined;
}

/** Part of a list, newest first. */
export interface Page {
  /** May be fewer than were asked for, or none, while there is a next page. */
  runs: Info[];
  /** Where to go on, if this was not the last page. */
  next: string | undefined;
}

/** A version of a workflow: a component that has it. */
export interface Version {
  digest: string;
  /** A declined one starts no runs. */
  status: VersionStatus;
  /** The component's name, as its host was told it. */
  source: string;
  firstSeenAtMs: number;
  /** When a host that serves it was last seen. */
  lastSeenAtMs: number;
}

/** A run that is started again and again. */
export interface Schedule {
  name: string;
  /** Five or six fields, the first of six being seconds; in UTC. */
  cron: string;
  input: Json;
  nextAtMs: number;
}

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
    return call(() => runs.versions()).map((version) => {
      const { digest, status, source } = version;
      const firstSeenAtMs = Number(version.firstSeenAtMs);
      return { digest, status, source, firstSeenAtMs, lastSeenAtMs: Number(version.lastSeenAtMs) };
    });
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

function optionsToWit(options: Options): wit.Options {
  return {
    key: argument.optional(options.key, argument.text, "key"),
    user: argument.optional(options.user, argument.text, "user"),
    timeoutMs: argument.optional(options.timeoutMs, argument.u64, "timeoutMs"),
    priority: argument.optional(options.priority, argument.u8, "priority"),
    delayMs: argument.optional(options.delayMs, argument.u64, "delayMs"),
    retentionMs: argument.optional(options.retentionMs, argument.u64, "retentionMs"),
  };
}

function filterToWit(filter: Filter): wit.Filter {
  return {
    status: optional(filter.status, (status) => argument.oneOf(status, STATUSES, "status")),
    user: argument.optional(filter.user, argument.text, "user"),
    sinceMs: argument.optional(filter.sinceMs, argument.u64, "sinceMs"),
    untilMs: argument.optional(filter.untilMs, argument.u64, "untilMs"),
  };
}

const json = (text: string): Json => new Json(text);
const failure = (found: WitFailure): Failure => failureFromWit(found);

function started({ id, new: fresh }: wit.Started): Started {
  return { id, new: fresh };
}

function info(run: wit.Info): Info {
  const { id, workflow, status, digest, generation, priority, events } = run;
  return {
    id,
    workflow,
    status,
    digest,
    generation,
    user: present(run.user),
    key: present(run.key),
    parent: present(run.parent),
    priority,
    createdAtMs: Number(run.createdAtMs),
    updatedAtMs: Number(run.updatedAtMs),
    endedAtMs: optional(run.endedAtMs, Number),
    events,
    waitsFor: present(run.waitsFor),
    input: optional(run.input, json),
    output: optional(run.output, json),
    failure: optional(run.failure, failure),
  };
}

function step(found: wit.Step): Step {
  const { number, kind, name, status, attempts, undo } = found;
  return {
    number,
    kind,
    name,
    target: present(found.target),
    child: present(found.child),
    status,
    attempts,
    undo,
    input: optional(found.input, json),
    output: optional(found.output, json),
    failure: optional(found.failure, failure),
    createdAtMs: Number(found.createdAtMs),
    endedAtMs: optional(found.endedAtMs, Number),
  };
}

function event({ index, atMs, event: text }: wit.Event): Event {
  return { index, atMs: Number(atMs), event: new Json(text) };
}

function schedule({ name, cron, input, nextAtMs }: wit.Schedule): Schedule {
  return { name, cron, input: new Json(input), nextAtMs: Number(nextAtMs) };
}
