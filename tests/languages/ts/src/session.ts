/** Every function of sessions, their errors and limits. */

import { Json, type Snapshot, Store, type Swap, fixed, sliding } from "@satama/guest/session";

import { type Lines, NONE, Plain, worked } from "./show.ts";

const HOUR_MS = 3_600_000;

type Field = readonly [string, Json];

function shown(snapshot: Snapshot | undefined): Plain {
  if (snapshot === undefined) return NONE;
  const fields = Array.from(snapshot.fields, ([name, json]) => `${name}=${json.text}`);
  const expires = snapshot.expiresInMs > 0 && snapshot.expiresInMs <= HOUR_MS;
  return new Plain(`{${fields.join(", ")}} ${expires}`);
}

function swapShown({ swapped, version }: Swap): Plain {
  if (swapped) return new Plain("swapped");
  return new Plain(version === 0 ? "stale 0" : "stale");
}

function field(name: string, json: string): Field {
  return [name, new Json(json)];
}

export function all(t: Lines): void {
  const open = (name: string, expiry = sliding(1)) => worked(() => Store.open(name, expiry));
  t.say("open another", open("another"));
  const year = 400 * 24 * HOUR_MS;
  t.say("longest expiry", open("granted", fixed(year)));
  t.say("longer expiry", open("granted", sliding(year + 1)));
  t.say("expiry of 2^63", open("granted", fixed(2 ** 63)));
  using s = Store.open("granted", sliding(HOUR_MS));
  t.say("open", () => undefined);
  writes(t, s);
  swaps(t, s);
  limits(t, s);
}

function writes(t: Lines, s: Store): void {
  let version = 0;
  const grew = (write: () => number) => () => {
    const before = version;
    version = write();
    return version > before;
  };
  const get = (id: string) => () => shown(s.get(id));
  t.say("get missing", get("ann"));
  t.say("remove from missing", () => s.remove("ann", ["a"]));
  t.say(
    "replace",
    grew(() => s.replace("ann", [field("b", "2"), field("a", "[1]")])),
  );
  t.say("get", get("ann"));
  t.say(
    "update",
    grew(() => s.update("ann", [field("c", '"ä€😀"'), field("a", "null")])),
  );
  t.say("get", get("ann"));
  t.say(
    "update twice",
    grew(() => s.update("ann", [field("a", "1"), field("a", "2")])),
  );
  t.say(
    "remove",
    grew(() => s.remove("ann", ["b", "missing"])),
  );
  t.say("get", get("ann"));
  t.say("bad JSON", () => s.update("ann", [field("good", "1"), field("bäd", "{")]));
  t.say("clear", () => s.clear("ann"));
  t.say("clear again", () => s.clear("ann"));
  t.say(
    "empty id and name",
    grew(() => s.replace("", { "": {} })),
  );
  t.say("get", get(""));
  t.say(
    "without fields",
    grew(() => s.replace("none", {})),
  );
  t.say("get", get("none"));
}

function swaps(t: Lines, s: Store): void {
  const set = (version: number, value: number) => s.compareAndSet("bob", version, { n: value });
  t.say("swap of a missing one", () => swapShown(set(7, 0)));
  const first = set(0, 1);
  t.say("swap", () => swapShown(first));
  t.say("swap again", () => swapShown(set(0, 2)));
  t.say("swap of its version", () => swapShown(set(first.version, 3)));
  t.say("swap of 2^53 + 2", () => swapShown(set(2 ** 53 + 2, 4)));
  t.say("get", () => shown(s.get("bob")));
  t.say("update with a function", () =>
    s.updateWith("bob", (state) => {
      const n = (state.get<number>("n") ?? 0) + 1;
      state.set("n", n);
      return n;
    }),
  );
  t.say("get", () => shown(s.get("bob")));
}

function limits(t: Lines, s: Store): void {
  const long = (count: number) => "i".repeat(count);
  // A text whose JSON has so many bytes.
  const text = (count: number) => "v".repeat(count - 2);
  t.say(
    "longest id",
    worked(() => s.replace(long(1024), {})),
  );
  t.say("longer id", () => s.replace(long(1025), {}));
  t.say(
    "longest name",
    worked(() => s.update("l", { [long(255)]: 1 })),
  );
  t.say("longer name", () => s.update("l", { [long(256)]: 1 }));
  t.say(
    "longest value",
    worked(() => s.replace("l", { v: text(65_536) })),
  );
  t.say("longer value", () => s.replace("l", { v: text(65_537) }));
  const fields = (count: number, value: unknown) =>
    Array.from({ length: count }, (_, n) => [String(n), value] as const);
  t.say(
    "most fields",
    worked(() => s.replace("l", fields(256, 1))),
  );
  t.say("more fields", () => s.replace("l", fields(257, 1)));
  t.say("a larger session", () => s.replace("l", fields(17, text(65_000))));
}
