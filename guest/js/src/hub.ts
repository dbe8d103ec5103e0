/// <reference path="./bindings.d.ts" preserve="true" />

/**
 * Messages to all that listen to a topic, on whichever host they are. Consistency, delivery and limits
 * are those of `hub.wit`.
 *
 * ```js
 * import { Bus } from "@satama/guest/hub";
 *
 * const chat = Bus.open("chat");
 * chat.subscribe("room/1", "client-1");
 * chat.say("room/1", "welcome");
 *
 * // Kept, so that a client that reconnects gets what it missed.
 * chat.publish("room/1", "hello", { except: "client-1", keep: { messages: 100, ttlMs: 3_600_000 } });
 * ```
 */

import * as wit from "satama:services/hub@0.1.0";

import * as argument from "./argument.ts";
import { SatamaError, ask } from "./error.ts";
import { Handle } from "./handle.ts";
import { type Message, fromWit, toWit } from "./message.ts";
import { pages } from "./pages.ts";
import { optional, present } from "./result.ts";

export { listener, type Event } from "./listener.ts";
export type { Message };

/** Most members that a page has. */
const PAGE_MAX = 1_000;

/** Most messages that a page of history has. */
const HISTORY_MAX = 100;

/**
 * Why the hub refused, or failed: `access-denied`, `not-found`, `invalid-cursor`, `too-large` (with a
 * limit), `quota-exceeded` or `unavailable`.
 */
export class HubError extends SatamaError {}

/** How long the messages of a topic are kept. */
export interface Keep {
  /** This many of them, at most 1,000; zero is taken as one. */
  messages: number;
  /** So many milliseconds after the last was published. At most 7 days. */
  ttlMs: number;
}

/** Someone who listens to a topic. */
export interface Member {
  /** The channel's id. */
  channel: string;
  /** Who is behind it, if that is known. */
  user: string | undefined;
}

/** Part of those who listen, in no order that means anything. */
export interface Page {
  /** May be fewer than were asked for, or none, while there is a next page. */
  members: Member[];
  /** Where to go on, if this was not the last page. */
  next: string | undefined;
}

/** What was kept since a position. */
export interface History {
  /** Whether this is all that was published since. */
  complete: boolean;
  /** In the order in which they were published; at most 100. */
  messages: { position: string; message: Message }[];
  /** Where to go on. Nothing if the topic is not kept. */
  position: string | undefined;
  /** Whether there are more after these. */
  more: boolean;
}

const call = <T>(work: () => T): T => ask(HubError, work);

/** The hub of one name. */
export class Bus extends Handle<wit.Bus> {
  /**
   * Opens the hub called `name` in the tenant's grant. Does not reach the store.
   * Errors: `access-denied`, `quota-exceeded`.
   */
  static open(name: string): Bus {
    argument.text(name, "name");
    return new Bus(call(() => wit.Bus.open(name)));
  }

  /**
   * Subscribes a channel to a topic. True if it was not subscribed. With a position, its receiver first
   * gets all that was published since.
   * Errors: `not-found`, `invalid-cursor`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  subscribe(topic: string, channel: string, since?: string | undefined): boolean {
    const bus = this.#with(topic);
    argument.text(channel, "channel");
    const from = argument.optional(since, argument.text, "since");
    return call(() => bus.subscribe(topic, channel, from));
  }

  /**
   * Ends a subscription. True if there was one.
   * Errors: `not-found`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  unsubscribe(topic: string, channel: string): boolean {
    const bus = this.#with(topic);
    argument.text(channel, "channel");
    return call(() => bus.unsubscribe(topic, channel));
  }

  /** The topics of a channel, in the order of their bytes. Errors: as `unsubscribe`. */
  topics(channel: string): string[] {
    const bus = this.#with(channel);
    return call(() => bus.topics(channel));
  }

  /**
   * Who listens to a topic now, at most `limit` in a page; from the start without a cursor.
   * Errors: `invalid-cursor`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  members(topic: string, cursor?: string | undefined, limit: number = PAGE_MAX): Page {
    const bus = this.#with(topic);
    const from = argument.optional(cursor, argument.text, "cursor");
    const most = argument.u32(limit, "limit");
    const page = call(() => bus.members(topic, from, most));
    const members = Array.from(page.members, ({ channel, user }) => ({
      channel,
      user: present(user),
    }));
    return { members, next: present(page.next) };
  }

  /** All who listen to a topic, page by page. Errors: as `members`. */
  *eachMember(topic: string): Generator<Member, void, undefined> {
    yield* pages((cursor) => {
      const { members, next } = this.members(topic, cursor);
      return { items: members, next };
    });
  }

  /**
   * Publishes to a topic, but not to the channel `except`: often, its sender. With `keep`, the message
   * begins the topic's history or goes on with it. Returns its position, if it is kept.
   * Errors: `too-large`, `quota-exceeded`, `unavailable`.
   */
  publish(
    topic: string,
    message: Message,
    options: { except?: string | undefined; keep?: Keep | undefined } = {},
  ): string | undefined {
    const bus = this.#with(topic);
    const sent = toWit(message);
    const except = argument.optional(options.except, argument.text, "except");
    const keep = optional(options.keep, ({ messages, ttlMs }) => ({
      messages: argument.u32(messages, "messages"),
      ttlMs: argument.u64(ttlMs, "ttlMs"),
    }));
    return present(call(() => bus.publish(topic, sent, except, keep)));
  }

  /** Publishes to all that listen to a topic, as it is kept or not. Errors: as `publish`. */
  say(topic: string, message: Message): string | undefined {
    return this.publish(topic, message);
  }

  /**
   * What was kept of a topic since a position, at most `limit` messages; without a position, from the
   * oldest. A limit of zero tells the topic's position alone.
   * Errors: `invalid-cursor`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  history(topic: string, since?: string | undefined, limit: number = HISTORY_MAX): History {
    const bus = this.#with(topic);
    const from = argument.optional(since, argument.text, "since");
    const most = argument.u32(limit, "limit");
    const history = call(() => bus.history(topic, from, most));
    const messages = Array.from(history.messages, ({ position, message }) => ({
      position,
      message: fromWit(message),
    }));
    const { complete, more } = history;
    return { complete, messages, position: present(history.position), more };
  }

  #with(topic: string): wit.Bus {
    argument.text(topic, "topic");
    return this.resource;
  }
}
