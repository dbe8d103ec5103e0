/// <reference path="./bindings.d.ts" preserve="true" />

/** Secrets as keys: the host computes with them, and the component never has them. */

import * as wit from "satama:services/secret-use@0.1.0";

import * as argument from "./argument.ts";
import { bytes } from "./result.ts";
import { type Secret, call, keyOf } from "./sealed.ts";

export { SecretError } from "./sealed.ts";

/**
 * The HMAC-SHA-256 of `data`, 32 bytes, with the secret's bytes as the key.
 * Errors: `too-large`, `quota-exceeded`, `unavailable`.
 */
export function hmacSha256(secret: Secret, data: Uint8Array): Uint8Array {
  const [key, checked] = [keyOf(secret), argument.bytes(data, "data")];
  return bytes(call(() => wit.hmacSha256(key, checked)));
}

/**
 * Whether `mac` is the HMAC-SHA-256 of `data`, in a time that does not tell how much of it is right.
 * Errors: as `hmacSha256`.
 */
export function verifyHmacSha256(secret: Secret, data: Uint8Array, mac: Uint8Array): boolean {
  const key = keyOf(secret);
  const [checked, claimed] = [argument.bytes(data, "data"), argument.bytes(mac, "mac")];
  return call(() => wit.verifyHmacSha256(key, checked, claimed));
}

/**
 * Encrypts `data` so that only a secret with this value opens it, and only with the same `associated`
 * data. Errors: as `hmacSha256`.
 */
export function seal(secret: Secret, data: Uint8Array, associated: Uint8Array): Uint8Array {
  const key = keyOf(secret);
  argument.bytes(data, "data");
  argument.bytes(associated, "associated");
  return bytes(call(() => wit.seal(key, data, associated)));
}

/** What `seal` was given, if all of it is as it was. Errors: `not-authentic`, and as `hmacSha256`. */
export function unseal(secret: Secret, sealed: Uint8Array, associated: Uint8Array): Uint8Array {
  const key = keyOf(secret);
  argument.bytes(sealed, "sealed");
  argument.bytes(associated, "associated");
  return bytes(call(() => wit.unseal(key, sealed, associated)));
}
