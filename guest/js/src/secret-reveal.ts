/// <reference path="./bindings.d.ts" preserve="true" />

/** Secrets in the open. */

import * as wit from "satama:services/secret-reveal@0.1.0";

import { resourceOf } from "./handle.ts";
import { bytes } from "./result.ts";
import { type Secret, call } from "./sealed.ts";

export { SecretError } from "./sealed.ts";

/** The value. Recorded before it is given. Errors: `access-denied`, `quota-exceeded`, `unavailable`. */
export function reveal(secret: Secret): Uint8Array {
  const resource = resourceOf(secret, "secret");
  return bytes(call(() => wit.reveal(resource)));
}
