/// <reference path="./bindings.d.ts" preserve="true" />

/**
 * Values that are kept secret: encrypted in the store, granted by name. Consistency, audit and limits
 * are those of `secret.wit`.
 *
 * A `Secret` is a handle. What may be done with it is in `@satama/guest/secret-use` and
 * `@satama/guest/secret-reveal`, each of which is an import of its own.
 *
 * ```js
 * import * as secret from "@satama/guest/secret";
 * import { hmacSha256 } from "@satama/guest/secret-use";
 *
 * const key = secret.get("webhooks/acme");
 * const mac = hmacSha256(key, body);
 * ```
 */

import * as wit from "satama:services/secret@0.1.0";

import * as argument from "./argument.ts";
import { pages } from "./pages.ts";
import { type Option, optional } from "./result.ts";
import { type Metadata, type Page, PAGE_MAX, Secret, call, metadata, page } from "./sealed.ts";

export { type Metadata, type Page, Secret, SecretError } from "./sealed.ts";

/**
 * The newest version of secret `name`, or the `version` that is asked for.
 * Errors: `not-found`, `undecryptable`, `quota-exceeded`, `unavailable`.
 */
export function get(name: string, version?: number | undefined): Secret {
  argument.text(name, "name");
  const which = argument.optional(version, argument.u64, "version");
  return new Secret(call(() => wit.get(name, which)));
}

/**
 * The newest version of each of at most 64 secrets, in the order of `names`; nothing for those that
 * `get` would not find. Errors: `too-large`, `undecryptable`, `quota-exceeded`, `unavailable`.
 */
export function getMany(names: Iterable<string>): (Secret | undefined)[] {
  const checked = argument.list(names, argument.text, "names");
  const secrets = call(() => wit.getMany(checked));
  return Array.from(secrets, (secret: Option<wit.Secret>) =>
    optional(secret, (found) => new Secret(found)),
  );
}

/** Whether `get` would find it. Not recorded. Errors: `quota-exceeded`, `unavailable`. */
export function exists(name: string): boolean {
  argument.text(name, "name");
  return call(() => wit.exists(name));
}

/**
 * What is known of secret `name`. Not recorded.
 * Errors: `not-found`, `quota-exceeded`, `unavailable`.
 */
export function describe(name: string): Metadata {
  argument.text(name, "name");
  return metadata(call(() => wit.describe(name)));
}

/**
 * Makes `value` the newest version of secret `name`, and returns that version.
 * Errors: `access-denied`, `invalid-name`, `too-large`, `quota-exceeded`, `unavailable`.
 */
export function put(name: string, value: Uint8Array): number {
  argument.text(name, "name");
  argument.bytes(value, "value");
  return Number(call(() => wit.put(name, value)));
}

/**
 * Forgets secret `name`, with all its versions. True if there was one.
 * Errors: `access-denied`, `quota-exceeded`, `unavailable`.
 */
export function remove(name: string): boolean {
  argument.text(name, "name");
  return call(() => wit.delete(name));
}

export { remove as delete };

/**
 * The secrets that this tenant may read, at most `limit` of them, from after the place `after`. Not
 * recorded. Errors: `too-large`, `quota-exceeded`, `unavailable`.
 */
export function names(after?: string | undefined, limit: number = PAGE_MAX): Page {
  const from = argument.optional(after, argument.text, "after");
  const most = argument.u32(limit, "limit");
  return page(call(() => wit.names(from, most)));
}

/** The names of all secrets that this tenant may read, page by page. Errors: as `names`. */
export function* eachName(): Generator<string, void, undefined> {
  yield* pages((after) => {
    const { names: items, next } = names(after);
    return { items, next };
  });
}
