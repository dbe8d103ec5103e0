/// <reference path="./bindings.d.ts" preserve="true" />

/**
 * Values that may be forgotten. Of all the words on consistency and limits, those of `cache.wit` are
 * true.
 *
 * ```js
 * import { Bucket, Memo } from "@satama/guest/cache";
 *
 * const pages = Bucket.open("pages");
 * pages.setText("home", "<h1>Hello</h1>", { ttlMs: 60_000 });
 *
 * // One caller computes, on any host; the others wait for its result.
 * const primes = Memo.open("primes", { version: "1" });
 * const { value, hit } = primes.cached(1_000_000, 3_600_000, () => countPrimes(1_000_000));
 * ```
 */

import * as wit from "satama:services/cache@0.1.0";

import * as argument from "./argument.ts";
import { passNegative } from "./engine.ts";
import { SatamaError, ask } from "./error.ts";
import { Handle } from "./handle.ts";
import { encode } from "./json.ts";
import { type Option, bytes, optional } from "./result.ts";
import * as text from "./text.ts";

export { Memo, type Cached, type MemoOptions } from "./memo.ts";

/**
 * Why the cache refused, or failed: `access-denied`, `too-large` (with a limit), `not-a-counter`,
 * `claim-lost`, `quota-exceeded` or `unavailable`.
 */
export class CacheError extends SatamaError {}

/** How an entry is kept. */
export interface Options {
  /** It expires so many milliseconds after it is set. At most 30 days. */
  ttlMs: number;
  /** The group it can be invalidated with. */
  group?: string | undefined;
}

/** One entry of `setMany`. */
export interface Entry {
  key: string;
  value: Uint8Array;
  options: Options;
}

/** How `fill` waits for others, and others for this. */
export interface FillOptions {
  /** How long to wait for another caller's value, in milliseconds. At most 30 seconds. */
  waitMs: number;
  /** A claim expires so many milliseconds later. At most 5 minutes. */
  claimMs: number;
  /** The group of the entry that the claim will set. */
  group?: string | undefined;
}

/** What `fill` found: the live value; or the claim to compute it; or that another still does. */
export type Filled =
  { tag: "hit"; value: Uint8Array } | { tag: "claimed"; claim: Claim } | { tag: "busy" };

/** Reads of a bucket by all instances on this host since it started. */
export interface Counts {
  hits: number;
  misses: number;
}

const call = <T>(work: () => T): T => ask(CacheError, work);

/** A granted key space. */
export class Bucket extends Handle<wit.Bucket> {
  /**
   * Opens the bucket called `name` in the tenant's grant. Does not reach the store.
   * Errors: `access-denied`, `quota-exceeded`.
   */
  static open(name: string): Bucket {
    argument.text(name, "name");
    return new Bucket(call(() => wit.Bucket.open(name)));
  }

  /** The live value under `key`. Errors: `too-large`, `quota-exceeded`, `unavailable`. */
  get(key: string): Uint8Array | undefined {
    const bucket = this.#with(key);
    return optional(
      call(() => bucket.get(key)),
      bytes,
    );
  }

  /** The live value under `key`, as text. What is not UTF-8 in it becomes U+FFFD. */
  getText(key: string): string | undefined {
    return optional(this.get(key), text.decode);
  }

  /** The live value under `key`, as JSON. A SyntaxError if it is none. */
  getJson<T = unknown>(key: string): T | undefined {
    return optional(this.getText(key), (json) => JSON.parse(json) as T);
  }

  /** The live values under at most 64 keys, in their order. Errors: as `get`. */
  getMany(keys: Iterable<string>): (Uint8Array | undefined)[] {
    const bucket = this.resource;
    const names = argument.list(keys, argument.text, "keys");
    const values = call(() => bucket.getMany(names));
    return Array.from(values, (value: Option<Uint8Array>) => optional(value, bytes));
  }

  /**
   * Replaces the value under `key`, its group and its expiry.
   * Errors: `too-large`, `quota-exceeded`, `unavailable`.
   */
  set(key: string, value: Uint8Array, options: Options): void {
    const bucket = this.#with(key);
    const [checked, kept] = [argument.bytes(value, "value"), toWit(options)];
    call(() => bucket.set(key, checked, kept));
  }

  /** Sets a text. Errors: as `set`. */
  setText(key: string, value: string, options: Options): void {
    this.set(key, text.encode(argument.text(value, "value")), options);
  }

  /** Sets a value as JSON. Errors: as `set`. */
  setJson(key: string, value: unknown, options: Options): void {
    this.setText(key, encode(value), options);
  }

  /** Sets each of at most 64 entries. Errors: as `set`; on `unavailable` some may be set. */
  setMany(entries: Iterable<Entry>): void {
    const bucket = this.resource;
    const all = Array.from(entries, ({ key, value, options }) => ({
      key: argument.text(key, "key"),
      value: argument.bytes(value, "value"),
      options: toWit(options),
    }));
    call(() => bucket.setMany(all));
  }

  /** `set`, but only where there is no live value. True if it was set. Errors: as `set`. */
  setIfAbsent(key: string, value: Uint8Array, options: Options): boolean {
    const bucket = this.#with(key);
    const [checked, kept] = [argument.bytes(value, "value"), toWit(options)];
    return call(() => bucket.setIfAbsent(key, checked, kept));
  }

  /** Forgets the value under `key`, and any claim on it. True if there was one. Errors: as `get`. */
  delete(key: string): boolean {
    const bucket = this.#with(key);
    return call(() => bucket.delete(key));
  }

  /** Whether there is a live value under `key`. Errors: as `get`. */
  exists(key: string): boolean {
    const bucket = this.#with(key);
    return call(() => bucket.exists(key));
  }

  /** How many milliseconds the value under `key` has to live. Errors: as `get`. */
  ttl(key: string): number | undefined {
    const bucket = this.#with(key);
    return optional(
      call(() => bucket.ttl(key)),
      Number,
    );
  }

  /**
   * Adds `delta` to the counter under `key`, and returns the sum. A counter is an integer of at most
   * 2^53 - 1, above or below zero. Errors: `not-a-counter`, `too-large`, `quota-exceeded`,
   * `unavailable`.
   */
  add(key: string, delta: number, options: Options): number {
    const bucket = this.#with(key);
    const [checked, kept] = [argument.s64(delta, "delta"), toWit(options)];
    passNegative(wit.Bucket.open);
    return Number(call(() => bucket.add(key, checked, kept)));
  }

  /**
   * Forgets every entry that was set in `group`, at a cost that does not grow with them.
   * Errors: `too-large`, `quota-exceeded`, `unavailable`.
   */
  invalidateGroup(group: string): void {
    const bucket = this.#with(group);
    call(() => bucket.invalidateGroup(group));
  }

  /** Forgets every entry of the bucket. Errors: as `invalidateGroup`. */
  invalidateAll(): void {
    const bucket = this.resource;
    call(() => bucket.invalidateAll());
  }

  /**
   * The live value under `key`, or the claim to compute it: of all the callers that miss, one gets the
   * claim and the others wait. `Memo` does all of that. Errors: as `get`.
   */
  fill(key: string, options: FillOptions): Filled {
    const bucket = this.#with(key);
    const how = {
      waitMs: argument.u64(options.waitMs, "waitMs"),
      claimMs: argument.u64(options.claimMs, "claimMs"),
      group: argument.optional(options.group, argument.text, "group"),
    };
    const filled = call(() => bucket.fill(key, how));
    switch (filled.tag) {
      case "hit":
        return { tag: "hit", value: bytes(filled.val) };
      case "claimed":
        return { tag: "claimed", claim: new Claim(filled.val) };
      case "busy":
        return { tag: "busy" };
    }
  }

  /** Hits and misses of `get`, `getMany` and `fill`. Errors: `quota-exceeded`. */
  counts(): Counts {
    const bucket = this.resource;
    const { hits, misses } = call(() => bucket.counts());
    return { hits: Number(hits), misses: Number(misses) };
  }

  #with(key: string): wit.Bucket {
    argument.text(key, "key");
    return this.resource;
  }
}

/** The right to set one missing entry. Closed before it is completed, it is given up. */
export class Claim extends Handle<wit.Claim> {
  /** Made by `Bucket.fill`. */
  constructor(claim: wit.Claim) {
    super(claim);
  }

  /**
   * Sets the value and ends the claim.
   * Errors: `claim-lost`, `too-large`, `quota-exceeded`, `unavailable`.
   */
  complete(value: Uint8Array, ttlMs: number): void {
    const claim = this.resource;
    const [checked, ttl] = [argument.bytes(value, "value"), argument.u64(ttlMs, "ttlMs")];
    call(() => claim.complete(checked, ttl));
  }
}

function toWit({ ttlMs, group }: Options): wit.Options {
  return {
    ttlMs: argument.u64(ttlMs, "ttlMs"),
    group: argument.optional(group, argument.text, "group"),
  };
}
