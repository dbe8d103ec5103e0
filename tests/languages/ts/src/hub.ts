/** Every function of the hub, its errors and limits. */

import { Store } from "@satama/guest/channel";
import { Bus, type History, type Keep, type Message } from "@satama/guest/hub";

import { filled } from "./bytes.ts";
import { type Lines, Plain, maybe, show, worked } from "./show.ts";

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

export function messageShown(message: Message): string {
  return `${typeof message === "string" ? "text" : "binary"} ${show(message)}`;
}

export function historyShown({ complete, messages, position, more }: History): Plain {
  const shown = messages.map(({ message }) => messageShown(message)).join(", ");
  const place = position === undefined ? "no place" : "place";
  return new Plain(`${complete} [${shown}] ${place} ${more}`);
}

export function all(t: Lines): void {
  t.say(
    "open another",
    worked(() => Bus.open("another")),
  );
  using b = Bus.open("granted");
  t.say("open", () => undefined);
  using channels = Store.open("granted", 60_000);
  t.say("add a channel", () => channels.add("a", {}));
  t.say("add a channel", () => channels.add("b", {}, "ann"));
  subscriptions(t, b);
  messages(t, b);
  limits(t, b);
  t.say("remove the channels", () => channels.remove(["a", "b"]));
  t.say("members then", () => members(b, "t"));
}

function members(b: Bus, topic: string): Plain[] {
  const { members } = b.members(topic, undefined, 1000);
  members.sort((one, other) => (one.channel < other.channel ? -1 : 1));
  return members.map(({ channel, user }) => new Plain(`${show(channel)} ${show(maybe(user))}`));
}

function subscriptions(t: Lines, b: Bus): void {
  t.say("subscribe", () => b.subscribe("t", "a"));
  t.say("subscribe again", () => b.subscribe("t", "a"));
  t.say("subscribe another", () => b.subscribe("t", "b"));
  t.say("subscribe to unicode", () => b.subscribe("aihe-ä€😀", "a"));
  t.say("subscribe to the empty topic", () => b.subscribe("", "a"));
  t.say("subscribe a missing one", () => b.subscribe("t", "missing"));
  t.say("subscribe since nowhere", () => b.subscribe("t", "a", "ä"));
  t.say("topics", () => b.topics("a"));
  t.say("topics of missing", () => b.topics("missing"));
  t.say("members", () => members(b, "t"));
  t.say("members of none", () => members(b, "none"));
  t.say(
    "bad cursor",
    worked(() => b.members("t", "ä", 1)),
  );
  t.say(
    "larger page",
    worked(() => b.members("t", undefined, 1001)),
  );
  t.say("unsubscribe", () => b.unsubscribe("", "a"));
  t.say("unsubscribe again", () => b.unsubscribe("", "a"));
  t.say("unsubscribe a missing one", () => b.unsubscribe("t", "missing"));
}

function messages(t: Lines, b: Bus): void {
  const keep = { messages: 3, ttlMs: 60_000 };
  const kept = (place: string | undefined) => place !== undefined;
  t.say("publish", () => kept(b.publish("t", "not kept")));
  t.say("say", () => kept(b.say("t", "not kept")));
  t.say("history of none", () => historyShown(b.history("t", undefined, 10)));
  let first: string | undefined;
  t.say("publish and keep", () => {
    first = b.publish("k", "ä€😀", { except: "a", keep });
    return kept(first);
  });
  t.say("publish more", () => kept(b.publish("k", Uint8Array.of(0, 255))));
  t.say("history", () => historyShown(b.history("k", undefined, 10)));
  t.say("history since", () => historyShown(b.history("k", first, 10)));
  t.say("history of one", () => historyShown(b.history("k", undefined, 1)));
  t.say("where it is", () => historyShown(b.history("k", undefined, 0)));
  for (const n of ["3", "4"]) t.say("publish", () => kept(b.publish("k", n)));
  t.say("history since what is gone", () => historyShown(b.history("k", first, 10)));
  t.say("history since nowhere", () => historyShown(b.history("k", "ä", 10)));
  const last = b.history("k", undefined, 0).position;
  t.say("subscribe since", () => b.subscribe("k", "a", last));
}

function limits(t: Lines, b: Bus): void {
  const long = (count: number) => "i".repeat(count);
  const publish = (topic: string, message: Message, keep?: Keep) =>
    worked(() => b.publish(topic, message, { keep }));
  t.say("longest topic", publish(long(255), "m"));
  t.say("longer topic", publish(long(256), "m"));
  t.say("largest message", publish("l", long(65_536)));
  t.say("larger message", publish("l", filled(65_537, 1)));
  t.say("most kept", publish("l", "m", { messages: 1000, ttlMs: WEEK_MS }));
  t.say("more kept", publish("l", "m", { messages: 1001, ttlMs: 1 }));
  t.say("kept longer", publish("l", "m", { messages: 1, ttlMs: WEEK_MS + 1 }));
  t.say("kept for 2^63", publish("l", "m", { messages: 1, ttlMs: 2 ** 63 }));
  t.say(
    "larger history",
    worked(() => b.history("l", undefined, 101)),
  );
  const topics = Array.from({ length: 126 }, (_, n) => `topic-${n + 2}`);
  t.say("most topics", () => topics.map((topic) => b.subscribe(topic, "b")).length);
  t.say("one more", () => b.subscribe("one", "b"));
  t.say("and another", () => b.subscribe("more", "b"));
}
