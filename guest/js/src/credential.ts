/// <reference path="./bindings.d.ts" preserve="true" />

/**
 * Secrets of a tenant's users, each under a name and a user. Otherwise as `@satama/guest/secret`, whose
 * handles they are.
 *
 * ```js
 * import * as credential from "@satama/guest/credential";
 *
 * credential.put("mail", "ann", token);
 * for (const user of credential.eachUser("mail")) console.log(`${user} has one`);
 * ```
 */

import * as wit from "satama:services/credential@0.1.0";

import * as argument from "./argument.ts";
import { pages } from "./pages.ts";
import { type Metadata, type Page, PAGE_MAX, Secret, call, metadata, page } from "./sealed.ts";

export { type Metadata, type Page, Secret, SecretError } from "./sealed.ts";

/**
 * The newest version of credential `name` of `user`, or the `version` that is asked for.
 * Errors: `not-found`, `undecryptable`, `too-large`, `quota-exceeded`, `unavailable`.
 */
export function get(name: string, user: string, version?: number | undefined): Secret {
  check(name, user);
  const which = argument.optional(version, argument.u64, "version");
  return new Secret(call(() => wit.get(name, user, which)));
}

/** Whether `get` would find it. Errors: `too-large`, `quota-exceeded`, `unavailable`. */
export function exists(name: string, user: string): boolean {
  check(name, user);
  return call(() => wit.exists(name, user));
}

/** What is known of it. Errors: `not-found`, `too-large`, `quota-exceeded`, `unavailable`. */
export function describe(name: string, user: string): Metadata {
  check(name, user);
  return metadata(call(() => wit.describe(name, user)));
}

/**
 * Makes `value` the newest version of credential `name` of `user`, and returns that version.
 * Errors: `access-denied`, `invalid-name`, `too-large`, `quota-exceeded`, `unavailable`.
 */
export function put(name: string, user: string, value: Uint8Array): number {
  check(name, user);
  argument.bytes(value, "value");
  return Number(call(() => wit.put(name, user, value)));
}

/**
 * Forgets credential `name` of `user`. True if there was one.
 * Errors: `access-denied`, `too-large`, `quota-exceeded`, `unavailable`.
 */
export function remove(name: string, user: string): boolean {
  check(name, user);
  return call(() => wit.delete(name, user));
}

export { remove as delete };

/**
 * The names of the credentials of `user` that this tenant may read, as `secret.names`.
 * Errors: `too-large`, `quota-exceeded`, `unavailable`.
 */
export function ofUser(user: string, after?: string | undefined, limit: number = PAGE_MAX): Page {
  argument.text(user, "user");
  const [from, most] = place(after, limit);
  return page(call(() => wit.ofUser(user, from, most)));
}

/** The users who have credential `name`, in the order of their bytes. Errors: as `ofUser`. */
export function users(name: string, after?: string | undefined, limit: number = PAGE_MAX): Page {
  argument.text(name, "name");
  const [from, most] = place(after, limit);
  return page(call(() => wit.users(name, from, most)));
}

/** The names of all credentials of `user`, page by page. Errors: as `ofUser`. */
export function* eachOfUser(user: string): Generator<string, void, undefined> {
  yield* pages((after) => items(ofUser(user, after)));
}

/** All users who have credential `name`, page by page. Errors: as `users`. */
export function* eachUser(name: string): Generator<string, void, undefined> {
  yield* pages((after) => items(users(name, after)));
}

function check(name: string, user: string): void {
  argument.text(name, "name");
  argument.text(user, "user");
}

function place(after: string | undefined, limit: number): [string | undefined, number] {
  return [argument.optional(after, argument.text, "after"), argument.u32(limit, "limit")];
}

function items({ names, next }: Page): { items: string[]; next: string | undefined } {
  return { items: names, next };
}
