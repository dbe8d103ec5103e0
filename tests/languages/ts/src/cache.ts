/** Every function of the cache, and its errors. */

import { Bucket, type Claim, type Filled, type Options } from "@satama/guest/cache";

import { bytes } from "./bytes.ts";
import { type Lines, Plain, attempt, maybe, show, worked } from "./show.ts";

/** The largest counter. */
const COUNTER_MAX = 2 ** 53 - 1;

/** A minute, in no group. */
export const MINUTE: Options = { ttlMs: 60_000 };

function shown(filled: Filled): Plain {
  return new Plain(filled.tag === "hit" ? `hit ${show(filled.value)}` : filled.tag);
}

export function all(t: Lines): void {
  t.say(
    "open another",
    worked(() => Bucket.open("another")),
  );
  const b = Bucket.open("granted");
  t.say("open", () => undefined);
  const counts = b.counts();
  values(t, b);
  batches(t, b);
  counters(t, b);
  groups(t, b);
  fills(t, b);
  const after = b.counts();
  t.say("hits", () => after.hits - counts.hits);
  t.say("misses", () => after.misses - counts.misses);
  b.close();
}

function values(t: Lines, b: Bucket): void {
  const get = (key: string) => () => maybe(b.get(key));
  t.say("get missing", get("a"));
  t.say("set", () => b.set("a", bytes("hello"), MINUTE));
  t.say("get", get("a"));
  t.say("set empty", () => b.set("", bytes(""), MINUTE));
  t.say("get empty", get(""));
  t.say("set unicode", () => b.set("avain-ä€😀", bytes("arvo-ä€😀"), MINUTE));
  t.say("get unicode", get("avain-ä€😀"));
  t.say("set nul", () => b.set("a\0b", Uint8Array.of(0, 255, 128), MINUTE));
  t.say("get nul", get("a\0b"));
  t.say("exists", () => b.exists("a"));
  t.say("exists missing", () => b.exists("missing"));
  t.say("ttl", () => {
    const ttl = b.ttl("a") ?? 0;
    return ttl > 0 && ttl <= 60_000;
  });
  t.say("ttl missing", () => maybe(b.ttl("missing")));
  t.say("delete", () => b.delete("a"));
  t.say("delete again", () => b.delete("a"));
  t.say("set if absent", () => b.setIfAbsent("a", bytes("1"), MINUTE));
  t.say("set if absent again", () => b.setIfAbsent("a", bytes("2"), MINUTE));
  t.say("get", get("a"));
}

function batches(t: Lines, b: Bucket): void {
  const entry = (key: string, value: string) => ({ key, value: bytes(value), options: MINUTE });
  t.say("set many", () => b.setMany([entry("x", "1"), entry("y", ""), entry("x", "333")]));
  t.say("get many", () => b.getMany(["x", "y", "z", "x"]).map(maybe));
  t.say("set many of none", () => b.setMany([]));
  t.say("get many of none", () => b.getMany([]).map(maybe));
}

function counters(t: Lines, b: Bucket): void {
  t.say("add", () => b.add("n", 5, MINUTE));
  t.say("add less", () => b.add("n", -7, MINUTE));
  t.say("get counter", () => maybe(b.get("n")));
  t.say("add to text", () => b.add("x-ä", 1, MINUTE));
  t.say("set text", () => b.set("text", bytes("text"), MINUTE));
  t.say("add to text", () => b.add("text", 1, MINUTE));
  t.say("add the most", () => b.add("max", COUNTER_MAX, MINUTE));
  t.say("add beyond", () => b.add("max", 1, MINUTE));
  t.say("add the least", () => b.add("min", -COUNTER_MAX, MINUTE));
  t.say("add below", () => b.add("min", -1, MINUTE));
  t.say("add what is over 53 bits", () => b.add("huge", 2 ** 60, MINUTE));
  t.say("add the least of 64 bits", () => b.add("huge", -(2 ** 63), MINUTE));
}

function groups(t: Lines, b: Bucket): void {
  const inGroup = (group: string) => ({ ttlMs: 60_000, group });
  t.say("set in group", () => b.set("g1", bytes("1"), inGroup("ryhmä")));
  t.say("set in the empty group", () => b.set("g2", bytes("2"), inGroup("")));
  t.say("invalidate group", () => b.invalidateGroup("ryhmä"));
  t.say("get of group", () => maybe(b.get("g1")));
  t.say("get of the empty group", () => maybe(b.get("g2")));
  t.say("invalidate all", () => b.invalidateAll());
  t.say("get of the empty group", () => maybe(b.get("g2")));
  t.say("get of none", () => maybe(b.get("x")));
}

function fills(t: Lines, b: Bucket): void {
  const now = { waitMs: 0, claimMs: 60_000 };
  const fill = (key: string) => b.fill(key, now);
  const first = fill("f");
  t.say("fill", () => shown(first));
  t.say("fill meanwhile", () => shown(fill("f")));
  t.say("complete", () => claim(first).complete(bytes("filled"), 60_000));
  t.say("fill again", () => shown(fill("f")));
  const givenUp = fill("g");
  t.say("fill another", () => shown(givenUp));
  claim(givenUp).close();
  const next = fill("g");
  t.say("fill after it was given up", () => shown(next));
  t.say("set under the claim", () => b.set("g", bytes("set"), MINUTE));
  t.say("complete a lost claim", () => claim(next).complete(bytes("late"), 60_000));
  t.say("get", () => maybe(b.get("g")));
  const grouped = b.fill("h", { ...now, group: "ryhmä" });
  t.say("fill in a group", () => shown(grouped));
  t.say("complete in a group", () => claim(grouped).complete(bytes(""), 60_000));
  t.say("invalidate its group", () => b.invalidateGroup("ryhmä"));
  t.say("get", () => maybe(b.get("h")));
}

export function claim(filled: Filled): Claim {
  if (filled.tag === "claimed") return filled.claim;
  throw new Error(`no claim, but ${attempt(() => shown(filled))}`);
}
