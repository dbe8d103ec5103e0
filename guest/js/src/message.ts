/** Messages: what is sent to a channel, or published. */

import * as argument from "./argument.ts";
import { bytes } from "./result.ts";

/** Text, or any bytes. At most 64 KiB; a manifest may lower that. */
export type Message = string | Uint8Array;

/** As the bindings have it. */
export type WitMessage = { tag: "text"; val: string } | { tag: "binary"; val: Uint8Array };

export function toWit(message: Message): WitMessage {
  if (typeof message === "string") return { tag: "text", val: argument.text(message, "message") };
  if (message instanceof Uint8Array) return { tag: "binary", val: message };
  throw new TypeError("message is neither a string nor a Uint8Array");
}

export function fromWit(message: WitMessage): Message {
  return message.tag === "text" ? message.val : bytes(message.val);
}
