/** What the component hears. */

import { Bus, type Event } from "@satama/guest/hub";

import { historyShown, messageShown } from "./hub.ts";
import { type Lines } from "./show.ts";

const KEEP = { messages: 10, ttlMs: 60_000 };

/** Publishes what the handler is to hear. */
export function say(t: Lines): void {
  using b = Bus.open("granted");
  const bytes = Uint8Array.of(0, 128, 255);
  t.say("publish", () => b.say("in", "ä€😀") !== undefined);
  t.say("publish kept", () => b.publish("in", bytes, { keep: KEEP }) !== undefined);
}

/** Says what it hears to whoever reads the history of `out`. */
export function handle({ hub, topic, message, position, missed }: Event): void {
  using b = Bus.open(hub);
  const kept = position !== undefined;
  const text = `${hub} ${topic} ${messageShown(message)} ${kept} ${missed}`;
  b.publish("out", text, { keep: KEEP });
}

/** What it has heard. */
export function heard(t: Lines): void {
  using b = Bus.open("granted");
  t.say("heard", () => historyShown(b.history("out", undefined, 10)));
}
