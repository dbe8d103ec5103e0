/** Results that are computed once and then served from the cache. */

import * as argument from "./argument.ts";
import { Bucket, CacheError, type Claim } from "./cache.ts";
import { canonical } from "./canonical.ts";
import { encode } from "./json.ts";
import { hex, sha256 } from "./sha256.ts";
import * as text from "./text.ts";

/** How long a caller waits for another's result before it computes its own. */
const WAIT_MS = 10_000;

/** How long others wait for a caller whose host died. One that fails gives up its claim at once. */
const CLAIM_MS = 60_000;

/** The limit in `cache.wit`. A longer one is taken as this: a cached value may vanish early. */
const TTL_MS_MAX = 30 * 24 * 60 * 60 * 1000;

/** Longest value that any manifest allows, in bytes: the limit in `cache.wit`. */
const VALUE_BYTES_MAX = 1 << 20;

/** How results are kept. */
export interface MemoOptions {
  /** Keeps the results apart from those of other teams. */
  team?: string | undefined;
  /** Keeps the results apart from those of other versions of the function. */
  version?: string | undefined;
  /** Has the results invalidated with this group. */
  group?: string | undefined;
  /** How long to wait for another caller's result: 10 seconds, unless told; at most 30. */
  waitMs?: number | undefined;
  /** How long others wait for a caller whose host died: 60 seconds, unless told; at most 300. */
  claimMs?: number | undefined;
}

/** A result, and whether it was served from the cache. If not, it was computed now. */
export interface Cached<T> {
  value: T;
  hit: boolean;
}

/**
 * Memoizes one function in a bucket: its results by its inputs. Of all the callers that miss at once,
 * on any host, one computes and the others wait.
 *
 * A cache holds copies: while it is unavailable, over quota or too small for a result, the result is
 * computed and returned, and not kept. The keys are those of the SDKs of other languages.
 */
export class Memo {
  #bucket: Bucket;
  #options: MemoOptions;

  private constructor(bucket: Bucket, options: MemoOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  /**
   * Memoizes in the bucket called `bucket`. Functions that share one need different versions, such as
   * `outline-2`. Errors: as `Bucket.open`.
   */
  static open(bucket: string, options: MemoOptions = {}): Memo {
    return new Memo(Bucket.open(bucket), options);
  }

  /** Closes its bucket. */
  close(): void {
    this.#bucket.close();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * The result of `compute` for `inputs`, at most `ttlMs` old. Results are kept as JSON, and returned
   * as they are read back from it, also the first time; one that is no JSON is a TypeError. What
   * `compute` throws is thrown, and nothing is kept. Errors: `too-large` of the group's name.
   */
  cached<T>(inputs: unknown, ttlMs: number, compute: () => T): Cached<T> {
    argument.u64(ttlMs, "ttlMs");
    argument.callable(compute, "compute");
    const key = this.key(inputs);
    const found = this.#find<T>(key);
    if (found !== undefined && "value" in found) return { value: found.value, hit: true };
    using claim = found?.claim;
    const computed = compute();
    if (computed === undefined) throw new TypeError("compute returned nothing");
    const json = encode(computed);
    if (claim !== undefined) keep(claim, json, ttlMs);
    return { value: JSON.parse(json) as T, hit: false };
  }

  /**
   * The key of what is kept for `inputs`: the SHA-256, in hexadecimal, of the canonical JSON (RFC 8785)
   * of `[team, version, inputs]`. A TypeError of inputs without such JSON.
   */
  key(inputs: unknown): string {
    const { team, version } = this.#options;
    return hex(sha256(text.encode(canonical([team ?? null, version ?? null, inputs]))));
  }

  /** A value that does not decode is deleted, and not just overwritten: then one computes it. */
  #find<T>(key: string): { value: T } | { claim: Claim } | undefined {
    const { group, waitMs = WAIT_MS, claimMs = CLAIM_MS } = this.#options;
    for (let tries = 0; tries < 2; tries++) {
      try {
        const filled = this.#bucket.fill(key, { waitMs, claimMs, group });
        if (filled.tag === "claimed") return { claim: filled.claim };
        if (filled.tag === "busy") return undefined;
        const value = parse<T>(filled.value);
        if (value !== undefined) return value;
        this.#bucket.delete(key);
      } catch (error) {
        const passed =
          error instanceof CacheError && /^(unavailable|quota-exceeded)$/.test(error.code);
        if (!passed) throw error;
        return undefined;
      }
    }
    return undefined;
  }
}

function parse<T>(bytes: Uint8Array): { value: T } | undefined {
  try {
    return { value: JSON.parse(text.decode(bytes, { fatal: true })) as T };
  } catch {
    return undefined;
  }
}

/** Whatever became of the copy, the caller has the value. */
function keep(claim: Claim, json: string, ttlMs: number): void {
  const bytes = text.encode(json);
  if (bytes.length > VALUE_BYTES_MAX) return;
  try {
    claim.complete(bytes, Math.min(ttlMs, TTL_MS_MAX));
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
  }
}
