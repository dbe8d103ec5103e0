/// <reference path="./bindings.d.ts" preserve="true" />

/**
 * Connected clients: who is there, what is known of each, and sending to them. Consistency, delivery
 * and limits are those of `channel.wit`.
 *
 * ```js
 * import { Store } from "@satama/guest/channel";
 *
 * const clients = Store.open("chat", 60_000);
 * const count = clients.updateState("client-1", (seen) => (seen ?? 0) + 1);
 * clients.send("client-1", `that was message ${count}`);
 * ```
 */

import * as wit from "satama:services/channel@0.1.0";

import * as argument from "./argument.ts";
import { SatamaError, ask } from "./error.ts";
import { Handle } from "./handle.ts";
import { Json, encode, isPromise } from "./json.ts";
import { type Message, toWit } from "./message.ts";
import { pages } from "./pages.ts";
import { optional, present } from "./result.ts";

export { Json, type Message };

/** How often `updateState` tries. Each lost race is another writer's success. */
const TRIES_MAX = 32;

/** Most channels that a page has. */
const PAGE_MAX = 1_000;

/**
 * Why the store refused, or failed: `access-denied`, `not-found`, `already-exists`, `invalid-json`,
 * `invalid-cursor`, `invalid-close`, `too-large` (with a limit), `quota-exceeded` or `unavailable`.
 * `updateState` also says `contended`: other writers were faster, 32 times in a row, and nothing was
 * written.
 */
export class ChannelError extends SatamaError {}

/** What was said when the channel was opened, and whose it is. */
export interface Info {
  id: string;
  /** What it was opened with. */
  openingData: Json;
  /** Who is behind it, once that is known. */
  user: string | undefined;
}

/** The state of a channel at one moment. */
export interface State {
  /** Grows with every write of the state; below 2^53. Zero before the first. */
  version: number;
  /** Nothing before it was set, and after it was cleared. */
  value: Json | undefined;
}

/** What became of a write that was to replace a version. */
export interface Swap {
  /** Whether it was written. */
  swapped: boolean;
  /** The version that it has now. */
  version: number;
}

/** One channel of a list. */
export interface Entry {
  id: string;
  /** Who is behind it, if that is known. */
  user: string | undefined;
}

/** Part of a list, in no order that means anything. */
export interface Page {
  /** May be fewer than were asked for, or none, while there is a next page. */
  entries: Entry[];
  /** Where to go on, if this was not the last page. */
  next: string | undefined;
}

const call = <T>(work: () => T): T => ask(ChannelError, work);

/** The channels of one name. */
export class Store extends Handle<wit.Store> {
  /**
   * Opens the channels called `name` in the tenant's grant. Those that are added or touched through it
   * live for `ttlMs` milliseconds more. Does not reach the store.
   * Errors: `access-denied`, `too-large`, `quota-exceeded`.
   */
  static open(name: string, ttlMs: number): Store {
    argument.text(name, "name");
    const ttl = argument.u64(ttlMs, "ttlMs");
    return new Store(call(() => wit.Store.open(name, ttl)));
  }

  /**
   * Adds a channel that has no socket at this store's hosts, so that what is sent to it goes nowhere.
   * Errors: `already-exists`, `invalid-json`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  add(id: string, openingData: unknown, user?: string | undefined): void {
    const store = this.#with(id);
    const json = encode(openingData);
    const whose = argument.optional(user, argument.text, "user");
    call(() => store.add(id, json, whose));
  }

  /** What is known of a channel. Errors: `not-found`, `too-large`, `quota-exceeded`, `unavailable`. */
  get(id: string): Info {
    const store = this.#with(id);
    const info = call(() => store.get(id));
    return { id: info.id, openingData: new Json(info.openingData), user: present(info.user) };
  }

  /**
   * Removes channels, with their state and subscriptions, and returns how many there were.
   * Errors: `too-large`, `quota-exceeded`, `unavailable`.
   */
  remove(ids: Iterable<string>): number {
    const store = this.resource;
    const checked = argument.list(ids, argument.text, "ids");
    return call(() => store.remove(checked));
  }

  /**
   * Removes a channel, and closes its socket with a code (1000, or 3000 to 4999) and a reason (at most
   * 123 bytes).
   * Errors: `not-found`, `invalid-close`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  disconnect(id: string, code: number, reason: string): void {
    const store = this.#with(id);
    const checked = argument.u16(code, "code");
    argument.text(reason, "reason");
    call(() => store.disconnect(id, checked, reason));
  }

  /**
   * Says who is behind a channel, or that nobody is known to be.
   * Errors: `not-found`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  setUser(id: string, user: string | undefined): void {
    const store = this.#with(id);
    const whose = argument.optional(user, argument.text, "user");
    call(() => store.setUser(id, whose));
  }

  /** The state of a channel. Errors: as `get`. */
  getState(id: string): State {
    const store = this.#with(id);
    const { version, value } = call(() => store.getState(id));
    return { version: Number(version), value: optional(value, (json) => new Json(json)) };
  }

  /**
   * Sets the state, and returns its new version.
   * Errors: `not-found`, `invalid-json`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  setState(id: string, value: unknown): number {
    const store = this.#with(id);
    const json = encode(value);
    return Number(call(() => store.setState(id, json)));
  }

  /** Sets the state if it still has `version`. Errors: as `setState`. */
  compareAndSetState(id: string, version: number, value: unknown): Swap {
    const store = this.#with(id);
    const [checked, json] = [argument.u64(version, "version"), encode(value)];
    const { tag, val } = call(() => store.compareAndSetState(id, checked, json));
    return { swapped: tag === "swapped", version: Number(val) };
  }

  /** Clears the state, and returns its new version. Errors: as `get`. */
  clearState(id: string): number {
    const store = this.#with(id);
    return Number(call(() => store.clearState(id)));
  }

  /**
   * Changes the state of a channel: reads it, applies `change`, and writes it if no one else has written
   * in between. Otherwise reads it again, so `change` may run several times. Returns what was written.
   */
  updateState<T>(id: string, change: (state: T | undefined) => T): T {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const { version, value } = this.getState(id);
      const changed = change(value?.value as T | undefined);
      if (isPromise(changed)) throw new TypeError("change returned a promise");
      if (this.compareAndSetState(id, version, changed).swapped) return changed;
    }
    throw new ChannelError("contended", {
      detail: `other writers were faster, ${TRIES_MAX} times`,
    });
  }

  /**
   * Lets channels live for the time-to-live of this handle from now, or longer if they do already.
   * Returns those that have ended. Errors: `too-large`, `quota-exceeded`, `unavailable`.
   */
  touch(ids: Iterable<string>): string[] {
    const store = this.resource;
    const checked = argument.list(ids, argument.text, "ids");
    return call(() => store.touch(checked));
  }

  /**
   * The channels of a user, at most `limit` in a page; from the start without a cursor.
   * Errors: `invalid-cursor`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  ofUser(user: string, cursor?: string | undefined, limit: number = PAGE_MAX): Page {
    const store = this.#with(user);
    const [from, most] = place(cursor, limit);
    return read(call(() => store.ofUser(user, from, most)));
  }

  /** All channels, as `ofUser`. */
  all(cursor?: string | undefined, limit: number = PAGE_MAX): Page {
    const store = this.resource;
    const [from, most] = place(cursor, limit);
    return read(call(() => store.all(from, most)));
  }

  /** All channels of a user, page by page. Errors: as `ofUser`. */
  *eachOfUser(user: string): Generator<Entry, void, undefined> {
    yield* pages((cursor) => items(this.ofUser(user, cursor)));
  }

  /** All channels, page by page. Errors: as `all`. */
  *each(): Generator<Entry, void, undefined> {
    yield* pages((cursor) => items(this.all(cursor)));
  }

  /**
   * Sends to one channel: true if a host that holds its socket was told.
   * Errors: `not-found`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  send(id: string, message: Message): boolean {
    const store = this.#with(id);
    const sent = toWit(message);
    return call(() => store.send(id, sent));
  }

  #with(id: string): wit.Store {
    argument.text(id, "id");
    return this.resource;
  }
}

function place(cursor: string | undefined, limit: number): [string | undefined, number] {
  return [argument.optional(cursor, argument.text, "cursor"), argument.u32(limit, "limit")];
}

function read(page: wit.Page): Page {
  const entries = Array.from(page.entries, ({ id, user }) => ({ id, user: present(user) }));
  return { entries, next: present(page.next) };
}

function items({ entries, next }: Page): { items: Entry[]; next: string | undefined } {
  return { items: entries, next };
}
