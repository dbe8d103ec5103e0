/// <reference path="./bindings.d.ts" preserve="true" />

/**
 * What is known of a visitor between calls: a few named fields, one version. Consistency and limits are
 * those of `session.wit`.
 *
 * ```js
 * import { Store, sliding } from "@satama/guest/session";
 *
 * const store = Store.open("visits", sliding(3_600_000));
 * store.update("ann", { language: "fi" });
 * const visits = store.updateWith("ann", (state) => {
 *   const visits = (state.get("visits") ?? 0) + 1;
 *   state.set("visits", visits);
 *   return visits;
 * });
 * ```
 */

import * as wit from "satama:services/session@0.1.0";

import * as argument from "./argument.ts";
import { SatamaError, ask } from "./error.ts";
import { Handle } from "./handle.ts";
import { Json, encode, isPromise } from "./json.ts";
import { type Integer, optional } from "./result.ts";

export { Json };

/** How often `updateWith` tries. Each lost race is another writer's success. */
const TRIES_MAX = 32;

/**
 * Why the store refused, or failed: `access-denied`, `invalid-json` (`detail` is the field's name),
 * `too-large` (with a limit), `quota-exceeded` or `unavailable`. `updateWith` also says `contended`:
 * other writers were faster, 32 times in a row, and nothing was written.
 */
export class SessionError extends SatamaError {}

/** When a session expires. At most 400 days. */
export type Expiry = { slidingMs: number } | { fixedMs: number };

/** So many milliseconds after it was last read or written. */
export function sliding(slidingMs: number): Expiry {
  return { slidingMs };
}

/** So many milliseconds after it was created, whatever happens to it. */
export function fixed(fixedMs: number): Expiry {
  return { fixedMs };
}

/** Fields by name: their values become JSON. A `Json` is passed on as it is written. */
export type Fields = Record<string, unknown> | Iterable<readonly [string, unknown]>;

/** What became of a write that was to replace a version. */
export interface Swap {
  /** Whether it was written. */
  swapped: boolean;
  /** The version that it has now. Of none that was there: zero. */
  version: number;
}

const call = <T>(work: () => T): T => ask(SessionError, work);

/** A session as it was at one moment. */
export class Snapshot {
  /** Grows with every write; below 2^53. */
  readonly version: number;
  /** How long until it expires, in milliseconds. */
  readonly expiresInMs: number;
  /** The fields, in the order of their names' bytes. */
  readonly fields: ReadonlyMap<string, Json>;

  /** Made by `Store.get`. */
  constructor(snapshot: { version: Integer; expiresInMs: Integer; fields: wit.Field[] }) {
    this.version = Number(snapshot.version);
    this.expiresInMs = Number(snapshot.expiresInMs);
    this.fields = read(snapshot.fields);
  }

  /** The value of the field `name`. */
  get<T = unknown>(name: string): T | undefined {
    return this.fields.get(name)?.value as T | undefined;
  }
}

/** A session's fields, to be changed. What is not set stays as it was written. */
export class State {
  #fields: Map<string, Json>;

  /** Made by `Store.updateWith`. */
  constructor(fields: ReadonlyMap<string, Json>) {
    this.#fields = new Map(fields);
  }

  /** The value of the field `name`. */
  get<T = unknown>(name: string): T | undefined {
    return this.#fields.get(name)?.value as T | undefined;
  }

  /** Whether there is a field `name`. */
  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** Sets the field `name`. */
  set(name: string, value: unknown): void {
    this.#fields.set(name, new Json(encode(value)));
  }

  /** Removes the field `name`. True if there was one. */
  remove(name: string): boolean {
    return this.#fields.delete(name);
  }

  /** The fields' names. */
  names(): string[] {
    return [...this.#fields.keys()];
  }

  /** The fields, as they are written. */
  entries(): Iterable<[string, Json]> {
    return this.#fields.entries();
  }
}

/** A granted set of sessions. */
export class Store extends Handle<wit.Store> {
  /**
   * Opens the store called `name` in the tenant's grant, to keep its sessions for `expiry`. Does not
   * reach the store. Errors: `access-denied`, `too-large`, `quota-exceeded`.
   */
  static open(name: string, expiry: Expiry): Store {
    argument.text(name, "name");
    const kept = expiryToWit(expiry);
    return new Store(call(() => wit.Store.open(name, kept)));
  }

  /** The session `id`. Errors: `too-large`, `quota-exceeded`, `unavailable`. */
  get(id: string): Snapshot | undefined {
    const store = this.#with(id);
    return optional(
      call(() => store.get(id)),
      (snapshot) => new Snapshot(snapshot),
    );
  }

  /**
   * Makes `fields` all that the session has, and returns its new version. A missing session is created.
   * Errors: `invalid-json`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  replace(id: string, fields: Fields): number {
    const store = this.#with(id);
    const written = write(fields);
    return Number(call(() => store.replace(id, written)));
  }

  /**
   * Sets `fields`, keeps the others, and returns the new version. A missing session is created.
   * Errors: as `replace`.
   */
  update(id: string, fields: Fields): number {
    const store = this.#with(id);
    const written = write(fields);
    return Number(call(() => store.update(id, written)));
  }

  /**
   * Removes fields, those that exist, and returns the new version; zero if there is no session.
   * Errors: `too-large`, `quota-exceeded`, `unavailable`.
   */
  remove(id: string, names: Iterable<string>): number {
    const store = this.#with(id);
    const checked = argument.list(names, argument.text, "names");
    return Number(call(() => store.remove(id, checked)));
  }

  /** Ends the session. True if there was one. Errors: as `remove`. */
  clear(id: string): boolean {
    const store = this.#with(id);
    return call(() => store.clear(id));
  }

  /**
   * `replace`, but only if the session still has `version`; zero stands for no session.
   * Errors: as `replace`.
   */
  compareAndSet(id: string, version: number, fields: Fields): Swap {
    const store = this.#with(id);
    const [checked, written] = [argument.u64(version, "version"), write(fields)];
    const { tag, val } = call(() => store.compareAndSet(id, checked, written));
    return { swapped: tag === "swapped", version: Number(val) };
  }

  /**
   * Changes the session `id` as a whole, or creates it: reads it, applies `change`, and writes it if no
   * one else has written in between. Otherwise reads it again, so `change` may run several times.
   * Returns what `change` returned; what that throws is thrown, and nothing is written.
   *
   * To set fields whatever the others hold, `update` is enough, and one round trip.
   */
  updateWith<T>(id: string, change: (state: State) => T): T {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const snapshot = this.get(id);
      const state = new State(snapshot?.fields ?? new Map());
      const result = change(state);
      if (isPromise(result)) throw new TypeError("change returned a promise");
      if (this.compareAndSet(id, snapshot?.version ?? 0, state.entries()).swapped) return result;
    }
    throw new SessionError("contended", {
      detail: `other writers were faster, ${TRIES_MAX} times`,
    });
  }

  #with(id: string): wit.Store {
    argument.text(id, "id");
    return this.resource;
  }
}

function expiryToWit(expiry: Expiry): { tag: "sliding-ms" | "fixed-ms"; val: number } {
  if ("slidingMs" in expiry) {
    return { tag: "sliding-ms", val: argument.u64(expiry.slidingMs, "slidingMs") };
  }
  return { tag: "fixed-ms", val: argument.u64(expiry.fixedMs, "fixedMs") };
}

function write(fields: Fields): wit.Field[] {
  const entries = Symbol.iterator in fields ? fields : Object.entries(fields);
  return Array.from(entries as Iterable<readonly [string, unknown]>, ([name, value]) => ({
    name: argument.text(name, "a field's name"),
    value: encode(value),
  }));
}

function read(fields: wit.Field[]): Map<string, Json> {
  return new Map(Array.from(fields, ({ name, value }) => [name, new Json(value)]));
}
