/** The export of a component that listens to topics. */

import * as argument from "./argument.ts";
import { isPromise } from "./json.ts";
import { type Message, type WitMessage, fromWit } from "./message.ts";
import { type Option, present } from "./result.ts";

/** A message of a topic that the manifest names. */
export interface Event {
  /** The hub it was published to. */
  hub: string;
  topic: string;
  message: Message;
  /** Where it is in the topic's history, if it is kept. */
  position: string | undefined;
  /** Whether messages before this one may have been lost to this host. */
  missed: boolean;
}

interface WitEvent {
  hub: string;
  topic: string;
  message: WitMessage;
  position: Option<string>;
  missed: boolean;
}

/**
 * Makes the export `hubHandler` of a function that is called with each message. What it throws ends the
 * instance, and is logged with its stack; the next message comes to a new one.
 *
 * ```js
 * export const hubHandler = listener(({ topic, message }) => console.log(topic, message));
 * ```
 */
export function listener(handle: (event: Event) => void): { handle(event: WitEvent): void } {
  argument.callable(handle, "handle");
  return {
    handle({ hub, topic, message, position, missed }) {
      const event = { hub, topic, message: fromWit(message), position: present(position), missed };
      const done: unknown = handle(event);
      if (isPromise(done)) throw new TypeError("a listener returned a promise");
    },
  };
}
