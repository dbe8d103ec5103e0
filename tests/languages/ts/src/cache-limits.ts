/** The limits of the cache: at each, and beyond it. */

import { Bucket, type Options } from "@satama/guest/cache";

import { bytes, filled } from "./bytes.ts";
import { MINUTE } from "./cache.ts";
import { type Lines, maybe, worked } from "./show.ts";

export function all(t: Lines): void {
  const b = Bucket.open("granted");
  const longest = "k".repeat(1024);
  const one = bytes("1");
  t.say("longest key", () => b.set(longest, one, MINUTE));
  t.say("get by it", () => maybe(b.get(longest)));
  const tooLong = "k".repeat(1025);
  t.say("longer key", () => b.set(tooLong, one, MINUTE));
  t.say("get by it", () => maybe(b.get(tooLong)));
  t.say("delete by it", () => b.delete(tooLong));
  t.say("exists by it", () => b.exists(tooLong));
  t.say("ttl by it", () => maybe(b.ttl(tooLong)));
  t.say("add by it", () => b.add(tooLong, 1, MINUTE));

  const largest = new Uint8Array(1 << 20).map((_, n) => n % 251);
  t.say("largest value", () => b.set("large", largest, MINUTE));
  t.say("get it", () => maybe(b.get("large")));
  const larger = filled((1 << 20) + 1, 118);
  t.say("larger value", () => b.set("larger", larger, MINUTE));
  t.say("larger value if absent", () => b.setIfAbsent("larger", larger, MINUTE));
  t.say("get it", () => maybe(b.get("larger")));

  const set = (ttlMs: number, group?: string) => () => b.set("t", one, { ttlMs, group } as Options);
  const month = 30 * 24 * 60 * 60 * 1000;
  t.say("longest ttl", set(month));
  t.say("longer ttl", set(month + 1));
  t.say("ttl of 2^53 + 2", set(2 ** 53 + 2));
  t.say("ttl of 2^63", set(2 ** 63));
  t.say("longest group", set(1000, "g".repeat(255)));
  t.say("longer group", set(1000, "g".repeat(256)));
  t.say("invalidate longer group", () => b.invalidateGroup("g".repeat(256)));
  t.say("group in unicode", set(1000, "ä".repeat(128)));
  batches(t, b);

  const fill = (key: string, waitMs: number, claimMs: number) =>
    worked(() => b.fill(key, { waitMs, claimMs }));
  t.say("longer wait", fill("missing", 30_001, 1000));
  t.say("longer claim", fill("missing", 0, 300_001));
  t.say("fill of a longer key", fill(tooLong, 0, 1));
  b.close();
}

function batches(t: Lines, b: Bucket): void {
  const keys = (count: number) => Array.from({ length: count }, (_, n) => `batch-${n}`);
  const entries = (count: number) =>
    keys(count).map((key) => ({ key, value: bytes("1"), options: MINUTE }));
  t.say("largest batch", () => b.setMany(entries(64)));
  t.say("get it", () => b.getMany(keys(64)).filter((value) => value !== undefined).length);
  t.say("larger batch", () => b.setMany(entries(65)));
  t.say("get it", () => b.getMany(keys(65)).map(maybe));
}
