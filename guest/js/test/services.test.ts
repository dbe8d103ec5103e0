/** Arguments, results, errors and helpers of the services, on hosts that are fakes. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Bucket, CacheError, Memo } from "../src/cache.ts";
import { ChannelError, Store as Channels } from "../src/channel.ts";
import { SatamaError } from "../src/error.ts";
import { Refusal, fallible } from "../src/export.ts";
import { encode } from "../src/json.ts";
import { keyOf } from "../src/sealed.ts";
import { Json, SessionError, Store as Sessions, fixed, sliding } from "../src/session.ts";
import * as cache from "./fake/cache.ts";
import * as channel from "./fake/channel.ts";
import { others, session } from "./fake/session.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

beforeEach(cache.reset);

test("an error has the case's name, and what it carries", () => {
  const is = (code: string, more: object) => (error: unknown) => {
    assert.ok(error instanceof SatamaError);
    const { limit, detail } = error;
    assert.deepEqual(
      { code: error.code, limit, detail },
      { code, limit: undefined, detail: undefined, ...more },
    );
    return true;
  };
  assert.throws(() => Bucket.open("another"), CacheError);
  assert.throws(() => Bucket.open("another"), is("access-denied", {}));
  const b = Bucket.open("granted");
  const set = () => b.set("k", bytes("v"), { ttlMs: 1001 });
  assert.throws(set, is("too-large", { limit: 1000 }));
  assert.throws(set, /too-large: over the limit of 1000/);
  const s = Sessions.open("granted", sliding(1));
  assert.throws(() => s.update("id", { f: 1 }), is("invalid-json", { detail: "f" }));
  assert.throws(() => s.update("id", { f: 1 }), SessionError);
});

test("a wrong argument is a TypeError or a RangeError, and not the host's affair", () => {
  const b = Bucket.open("granted");
  const ttl = (ttlMs: unknown) => () => b.set("k", bytes("v"), { ttlMs: ttlMs as number });
  for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 64]) assert.throws(ttl(wrong), RangeError);
  for (const wrong of [1n, "1", null, undefined, {}]) assert.throws(ttl(wrong), TypeError);
  const delta = (delta: number) => () => b.add("k", delta, { ttlMs: 1 });
  for (const wrong of [0.5, NaN, 2 ** 63, -(2 ** 63) - 2048])
    assert.throws(delta(wrong), RangeError);
  for (const key of [undefined, null, 7, "\ud800", bytes("k")]) {
    assert.throws(() => b.get(key as string), TypeError);
  }
  for (const value of ["v", [1], new ArrayBuffer(1), undefined]) {
    assert.throws(() => b.set("k", value as Uint8Array, { ttlMs: 1 }), TypeError);
  }
  assert.throws(() => b.set("k", bytes("v"), undefined as never), TypeError);
  assert.throws(() => b.set("k", bytes("v"), { ttlMs: 1, group: 7 as never }), TypeError);
  for (const keys of ["keys", 5, {}, null]) {
    assert.throws(() => b.getMany(keys as never), TypeError);
  }
  assert.throws(() => keyOf(b as never), /not a Secret/);
  assert.throws(() => keyOf({} as never), /not a Secret/);
  assert.deepEqual(cache.calls, []);
  b.set("k", bytes("v"), { ttlMs: 1, group: null as never });
  assert.deepEqual(cache.calls[0]?.[2], { ttlMs: 1, group: undefined });
});

test("what is far too large is passed on as that", () => {
  const b = Bucket.open("granted");
  assert.throws(() => b.set("k", bytes("v"), { ttlMs: 2 ** 63 + 2048 }), /too-large/);
  assert.equal(b.add("k", -(2 ** 63), { ttlMs: 1 }), -5);
  assert.equal(cache.calls[1]?.[1], -(2 ** 62));
});

test("a handle is closed once, and not used after that", () => {
  const b = Bucket.open("granted");
  assert.equal(cache.open, 1);
  b.close();
  b[Symbol.dispose]();
  assert.equal(cache.open, 0);
  assert.throws(() => b.get("k"), /the handle is closed/);
});

test("none is undefined", () => {
  const b = Bucket.open("granted");
  assert.equal(b.get("none"), undefined);
  assert.equal(b.getText("none"), undefined);
  assert.equal(b.ttl("none"), undefined);
  b.setText("k", "ä€😀", { ttlMs: 1 });
  assert.equal(b.getText("k"), "ä€😀");
  b.setJson("k", [1], { ttlMs: 1 });
  assert.deepEqual(b.getJson("k"), [1]);
});

test("a result is computed once, and then served", () => {
  const memo = Memo.open("granted", { version: "1" });
  let computed = 0;
  const compute = () => ({ n: (computed += 1), none: undefined });
  assert.deepEqual(memo.cached("in", 1000, compute), { value: { n: 1 }, hit: false });
  assert.deepEqual(memo.cached("in", 1000, compute), { value: { n: 1 }, hit: true });
  assert.equal(computed, 1);
  // One that was kept by another program does not decode.
  cache.bucket.set(memo.key("in"), bytes("{"));
  assert.deepEqual(memo.cached("in", 1000, compute), { value: { n: 2 }, hit: false });
  assert.equal(cache.claimed.size, 0);
  assert.equal(cache.open, 1);
});

test("a claim is given up when its computation fails", () => {
  const memo = Memo.open("granted");
  const fails = () => {
    throw new Error("no");
  };
  assert.throws(() => memo.cached("in", 1000, fails), /^Error: no$/);
  assert.throws(() => memo.cached("in", 1000, async () => 1), /promise/);
  assert.throws(() => memo.cached("in", 1000, () => fails), /not JSON/);
  assert.equal(cache.claimed.size, 0);
});

test("a result is computed while there is no cache", () => {
  const memo = Memo.open("granted");
  for (const refusal of ["unavailable", "quota-exceeded"]) {
    cache.refusals.push(refusal);
    assert.deepEqual(
      memo.cached("in", 1000, () => 1),
      { value: 1, hit: false },
    );
  }
  cache.claimed.add(memo.key("in"));
  assert.equal(memo.cached("in", 1000, () => 2).value, 2);
  cache.refusals.push("too-large");
  assert.throws(() => memo.cached("in", 1000, () => 1), CacheError);
});

/** The first is from `printf '[null,null,""]' | sha256sum`. */
test("a key is that of the other languages", () => {
  const key = (inputs: unknown, options = {}) => Memo.open("granted", options).key(inputs);
  assert.equal(key(""), "7ebba0e76eab0fd864c31f13c8088c1384215350ca8d317ec225abf9e89b4390");
  assert.equal(key({ b: 1, a: [null] }), key({ a: [null], b: 1 }));
  assert.notEqual(key(["b"], { team: "a" }), key(["a", "b"]));
  for (const wrong of [2 ** 53, NaN, undefined, 1n, "\ud800", test]) {
    assert.throws(() => key(wrong), TypeError);
  }
});

test("a session is changed as a whole, whoever else writes", () => {
  const s = Sessions.open("granted", fixed(1000));
  Object.assign(session, { version: 0, fields: [] });
  others.left = 3;
  const counted = s.updateWith("id", (state) => {
    state.set("kept", new Json("[1.50]"));
    state.set("n", (state.get<number>("n") ?? 0) + 1);
    return state.get("n");
  });
  assert.equal(counted, 1);
  assert.deepEqual(session.fields, [
    { name: "kept", value: "[1.50]" },
    { name: "n", value: "1" },
  ]);
  const snapshot = s.get("id");
  assert.deepEqual(
    [snapshot?.get("n"), snapshot?.get("none"), snapshot?.version],
    [1, undefined, 4],
  );
  others.left = Infinity;
  assert.throws(() => s.updateWith("id", () => 1), { code: "contended" });
  others.left = 0;
  assert.throws(() => s.updateWith("id", async () => 1), TypeError);
  assert.throws(
    () =>
      s.updateWith("id", () => {
        throw new Error("changed my mind");
      }),
    /changed my mind/,
  );
  assert.equal(session.fields.length, 2);
});

test("a channel's state is changed, whoever else writes", () => {
  const c = Channels.open("granted", 1000);
  others.left = 2;
  assert.equal(
    c.updateState<number>("id", (n) => (n ?? 0) + 1),
    1,
  );
  assert.deepEqual([channel.state.value, c.getState("id").value?.value], ["1", 1]);
  others.left = Infinity;
  assert.throws(() => c.updateState("id", () => 1), ChannelError);
  others.left = 0;
});

test("all pages are read, also after an empty one", () => {
  const c = Channels.open("granted", 1000);
  assert.deepEqual(
    [...c.each()].map(({ id }) => id),
    ["a", "b", "c"],
  );
});

test("a message is text or bytes", () => {
  const c = Channels.open("granted", 1000);
  assert.deepEqual(c.send("id", "ä") as unknown, { tag: "text", val: "ä" });
  assert.throws(() => c.send("id", 7 as never), TypeError);
  assert.throws(() => c.send("id", "\ud800"), TypeError);
});

test("an export's error is its text", () => {
  const throws = (error: unknown) => () => {
    throw error;
  };
  const payload = (work: () => unknown) => {
    try {
      fallible(work)();
    } catch (error) {
      assert.ok(Object.hasOwn(error as object, "payload"));
      return (error as Refusal).payload;
    }
    return assert.fail();
  };
  assert.equal(payload(throws(new Error("why"))), "why");
  assert.equal(payload(throws("text")), "text");
  assert.deepEqual(payload(throws(new Refusal({ a: 1 }))), { a: 1 });
  assert.equal(payload(throws(new CacheError("unavailable"))), "unavailable");
  assert.match(String(payload(async () => 1)), /promise/);
  assert.equal(payload(throws(Object.create(null))), "a value without a text");
  assert.equal(payload(throws(new Error("a\ud800"))), "a\ufffd");
  assert.equal(payload(throws(new Refusal("a\ud800"))), "a\ufffd");
  assert.equal(fallible(() => "a\ud800😀")(), "a\ufffd😀");
  assert.equal(fallible((a: number, b: number) => a + b)(1, 2), 3);
});

test("JSON has no half of a surrogate pair", () => {
  for (const half of ["\ud800", "a\udfff", "\\\ud800", { "\udbff": 1 }, ["\ude00\ud83d"]]) {
    assert.throws(() => encode(half), /half of a surrogate pair/);
  }
  for (const whole of ["😀", "\\ud800", "\\\\ud83d", "\ud7ff\ue000", { a: "\\udfff" }]) {
    assert.deepEqual(JSON.parse(encode(whole)), whole);
  }
  assert.equal(encode(new Json('"\\ud800"')), '"\\ud800"');
});

test("a cached value is JSON, as it was written", () => {
  const b = Bucket.open("granted");
  const set = (value: unknown) => {
    b.setJson("k", value, { ttlMs: 1 });
    return b.getText("k");
  };
  assert.equal(set(new Json("1.50")), "1.50");
  assert.equal(set(undefined), "null");
  assert.throws(() => set(Promise.resolve(1)), /promise/);
  let computed = 0;
  const compute = () => ++computed;
  assert.throws(() => Memo.open("granted").cached(1, 0.5, compute), RangeError);
  assert.throws(() => Memo.open("granted").cached(1, 1, 5 as never), TypeError);
  assert.equal(computed, 0);
});
