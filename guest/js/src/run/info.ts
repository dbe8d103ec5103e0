/// <reference path="../bindings.d.ts" preserve="true" />

/** What is known of runs. */

import type * as wit from "satama:services/run@0.1.0";

import { Failure, failureFromWit } from "../failure.ts";
import { Json } from "../json.ts";
import { optional, present } from "../result.ts";
import type { Status, StepStatus, VersionStatus } from "./options.ts";

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

export const json = (text: string): Json => new Json(text);

export function started({ id, new: fresh }: wit.Started): Started {
  return { id, new: fresh };
}

export function info(run: wit.Info): Info {
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
    failure: optional(run.failure, failureFromWit),
  };
}

export function step(found: wit.Step): Step {
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
    failure: optional(found.failure, failureFromWit),
    createdAtMs: Number(found.createdAtMs),
    endedAtMs: optional(found.endedAtMs, Number),
  };
}

export function event({ index, atMs, event: text }: wit.Event): Event {
  return { index, atMs: Number(atMs), event: new Json(text) };
}

export function schedule({ name, cron, input, nextAtMs }: wit.Schedule): Schedule {
  return { name, cron, input: new Json(input), nextAtMs: Number(nextAtMs) };
}

export function version(found: wit.Version): Version {
  const { digest, status, source } = found;
  const firstSeenAtMs = Number(found.firstSeenAtMs);
  return { digest, status, source, firstSeenAtMs, lastSeenAtMs: Number(found.lastSeenAtMs) };
}
