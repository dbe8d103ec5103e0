/// <reference path="./bindings.d.ts" preserve="true" />

/** Secrets in the open. */

import * as wit from "satama:services/secret-reveal@0.1.0";

import { bytes } from "./result.ts";
import { type Secret, call, keyOf } from "./sealed.ts";

export { SecretError } from "./sealed.ts";

/** The value. Recorded before it is given. Errors: `access-denied`, `quota-exceeded`, `unavailable`. */
export function reveal(secret: Secret): Uint8Array {
  const resource = keyOf(secret);
  return bytes(call(() => wit.reveal(resource)));
}
