/** Every function of channels, their errors and limits. */

import {
  type Entry,
  type Info,
  Json,
  type Page,
  type State,
  Store,
  type Swap,
} from "@satama/guest/channel";

import { filled } from "./bytes.ts";
import { type Lines, Plain, maybe, show, worked } from "./show.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

function shown({ id, openingData, user }: Info): Plain {
  return new Plain(`${show(id)} ${openingData.text} ${show(maybe(user))}`);
}

function stateShown({ version, value }: State): Plain {
  return new Plain(`${version > 0} ${value?.text ?? "none"}`);
}

function swapShown({ swapped }: Swap): Plain {
  return new Plain(swapped ? "swapped" : "stale");
}

/** All of a list, in the order of their ids. */
function sorted({ entries }: Page): Plain[] {
  const order = (one: Entry, other: Entry) => (one.id < other.id ? -1 : 1);
  return entries
    .toSorted(order)
    .map(({ id, user }) => new Plain(`${show(id)} ${show(maybe(user))}`));
}

export function all(t: Lines): void {
  const open = (name: string, ttlMs: number) => worked(() => Store.open(name, ttlMs));
  t.say("open another", open("another", 1000));
  t.say("longest ttl", open("granted", DAY_MS));
  t.say("longer ttl", open("granted", DAY_MS + 1));
  t.say("ttl of 2^63", open("granted", 2 ** 63));
  using s = Store.open("granted", 60_000);
  t.say("open", () => undefined);
  channels(t, s);
  states(t, s);
  lists(t, s);
  ends(t, s);
  limits(t, s);
}

function channels(t: Lines, s: Store): void {
  const get = (id: string) => () => shown(s.get(id));
  t.say("add", () => s.add("a", new Json('{"n": 1}')));
  t.say("add again", () => s.add("a", {}));
  t.say("add bad JSON", () => s.add("b", new Json("{")));
  t.say("add with user", () => s.add("ä€😀", null, "ann-ä"));
  t.say("get", get("a"));
  t.say("get unicode", get("ä€😀"));
  t.say("get missing", get("missing"));
  t.say("set user", () => s.setUser("a", "ann-ä"));
  t.say("get", get("a"));
  t.say("clear user", () => s.setUser("a", undefined));
  t.say("get", get("a"));
  t.say("set user of missing", () => s.setUser("missing", undefined));
  t.say("set the empty user", () => s.setUser("a", ""));
  t.say("get", get("a"));
}

function states(t: Lines, s: Store): void {
  const state = (id: string) => () => stateShown(s.getState(id));
  t.say("state before", state("a"));
  let version = 0;
  t.say("set state", () => {
    version = s.setState("a", [1]);
    return version > 0;
  });
  t.say("state", state("a"));
  t.say("swap", () => swapShown(s.compareAndSetState("a", version, "ä")));
  t.say("swap again", () => swapShown(s.compareAndSetState("a", version, 2)));
  t.say("state", state("a"));
  t.say("bad JSON", () => s.setState("a", new Json("")));
  t.say("swap to bad JSON", () => swapShown(s.compareAndSetState("a", version, new Json("nul"))));
  t.say("clear state", () => s.clearState("a") > version);
  t.say("state", state("a"));
  t.say("update with a function", () => s.updateState<number>("a", (n) => (n ?? 0) + 1));
  t.say("state", state("a"));
  t.say("state of missing", state("missing"));
  t.say("set state of missing", () => s.setState("missing", 1));
  t.say("swap of missing", () => swapShown(s.compareAndSetState("missing", 0, 1)));
  t.say("clear state of missing", () => s.clearState("missing"));
}

function lists(t: Lines, s: Store): void {
  t.say("touch", () => s.touch(["a", "missing"]));
  t.say("touch none", () => s.touch([]));
  t.say("of user", () => sorted(s.ofUser("ann-ä", undefined, 10)));
  t.say("of nobody", () => sorted(s.ofUser("nobody", undefined, 10)));
  t.say("all", () => sorted(s.all(undefined, 1000)));
  t.say(
    "bad cursor",
    worked(() => s.all("ä", 10)),
  );
  t.say(
    "bad cursor of user",
    worked(() => s.ofUser("ann-ä", "ä", 10)),
  );
  t.say(
    "larger page",
    worked(() => s.all(undefined, 1001)),
  );
  t.say(
    "page of 10,000",
    worked(() => s.ofUser("ann-ä", undefined, 10_000)),
  );
  t.say("send text", () => s.send("a", "hello"));
  t.say("send bytes", () => s.send("a", Uint8Array.of(0, 255)));
  t.say("send to missing", () => s.send("missing", ""));
}

function ends(t: Lines, s: Store): void {
  t.say("disconnect with a bad code", () => s.disconnect("a", 999, ""));
  t.say("disconnect with a long reason", () => s.disconnect("a", 1000, "r".repeat(124)));
  t.say("disconnect", () => s.disconnect("a", 3000, "enough"));
  t.say("disconnect again", () => s.disconnect("a", 3000, "enough"));
  for (const id of ["b", "c"]) t.say("add", () => s.add(id, {}));
  const ids = ["b", "c", "missing", "ä€😀"];
  t.say("remove", () => s.remove(ids));
  t.say("remove again", () => s.remove(ids));
  t.say("all", () => sorted(s.all(undefined, 1000)));
}

function limits(t: Lines, s: Store): void {
  const long = (count: number) => "i".repeat(count);
  // A text whose JSON has so many bytes.
  const text = (count: number) => "v".repeat(count - 2);
  t.say("longest id", () => s.add(long(255), {}));
  t.say("longer id", () => s.add(long(256), {}));
  t.say("longest user", () => s.add("u", {}, long(255)));
  t.say("longer user", () => s.add("v", {}, long(256)));
  t.say("largest data", () => s.add("d", text(65_536)));
  t.say("larger data", () => s.add("e", text(65_537)));
  t.say(
    "largest state",
    worked(() => s.setState("u", text(65_536))),
  );
  t.say("larger state", () => s.setState("u", text(65_537)));
  t.say("largest message", () => s.send("u", filled(65_536, 7)));
  t.say("larger message", () => s.send("u", long(65_537)));
  const ids = (count: number) => Array.from({ length: count }, (_, n) => String(n));
  t.say("longest list", () => s.touch(ids(1000)).length);
  t.say("longer list", () => s.touch(ids(1001)));
  t.say("remove a longer list", () => s.remove(ids(1001)));
  t.say("remove", () => s.remove([long(255), "u", "d"]));
}
