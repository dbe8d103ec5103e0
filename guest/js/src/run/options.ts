/// <reference path="../bindings.d.ts" preserve="true" />

/** What is asked of runs: how to start one, and which to find. */

import type * as wit from "satama:services/run@0.1.0";

import * as argument from "../argument.ts";
import { optional } from "../result.ts";

export const STATUSES = [
  "running",
  "suspended",
  "cancelling",
  "completed",
  "failed",
  "cancelled",
] as const;
export const VERSION_STATUSES = ["draft", "active", "declined"] as const;

/** Where a run is in its life. */
export type Status = (typeof STATUSES)[number];

/** Where a step is. */
export type StepStatus = "pending" | "succeeded" | "failed";

/** Whether a version starts new runs. */
export type VersionStatus = (typeof VERSION_STATUSES)[number];

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

/** Which runs to find. */
export interface Filter {
  status?: Status | undefined;
  user?: string | undefined;
  /** Created at this time or later, in milliseconds since 1970. */
  sinceMs?: number | undefined;
  /** Created before this time. */
  untilMs?: number | undefined;
}

export function optionsToWit(options: Options): wit.Options {
  return {
    key: argument.optional(options.key, argument.text, "key"),
    user: argument.optional(options.user, argument.text, "user"),
    timeoutMs: argument.optional(options.timeoutMs, argument.u64, "timeoutMs"),
    priority: argument.optional(options.priority, argument.u8, "priority"),
    delayMs: argument.optional(options.delayMs, argument.u64, "delayMs"),
    retentionMs: argument.optional(options.retentionMs, argument.u64, "retentionMs"),
  };
}

export function filterToWit(filter: Filter): wit.Filter {
  return {
    status: optional(filter.status, (status) => argument.oneOf(status, STATUSES, "status")),
    user: argument.optional(filter.user, argument.text, "user"),
    sinceMs: argument.optional(filter.sinceMs, argument.u64, "sinceMs"),
    untilMs: argument.optional(filter.untilMs, argument.u64, "untilMs"),
  };
}
