/// <reference path="./bindings.d.ts" preserve="true" />

/** Random numbers of the host: within a workflow's body, the run's own. */

import { getRandomBytes } from "wasi:random/random@0.2.12";

import { bytes } from "./result.ts";

/** So many random bytes. */
export function randomBytes(length: number): Uint8Array {
  return bytes(getRandomBytes(length));
}

/** A number from zero up to one, with 53 random bits. */
export function random(): number {
  const drawn = new DataView(Uint8Array.from(randomBytes(8)).buffer);
  return ((drawn.getUint32(0) >>> 5) * 2 ** 26 + (drawn.getUint32(4) >>> 6)) / 2 ** 53;
}

/** A UUID of version 4. */
export function randomUUID(): string {
  const drawn = randomBytes(16);
  drawn[6] = ((drawn[6] ?? 0) & 0x0f) | 0x40;
  drawn[8] = ((drawn[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
