/// <reference path="./bindings.d.ts" preserve="true" />

/** What secrets and credentials share. It imports no interface: a world may have either alone. */

import type * as wit from "satama:services/secret@0.1.0";

import { SatamaError, ask } from "./error.ts";
import { Handle, resourceOf } from "./handle.ts";
import { present } from "./result.ts";

/** Most names that a page has. */
export const PAGE_MAX = 1_000;

/**
 * Why a secret or credential is refused, or it failed: `access-denied`, `not-found`, `invalid-name`,
 * `too-large` (with a limit), `undecryptable`, `not-authentic`, `quota-exceeded` or `unavailable`.
 */
export class SecretError extends SatamaError {}

/** Calls the host. */
export const call = <T>(work: () => T): T => ask(SecretError, work);

/** One version of a secret or credential, held by the host. */
export class Secret extends Handle<wit.Secret> {
  /** Made by `get`. */
  constructor(secret: wit.Secret) {
    super(secret);
  }

  /** Which version it is. */
  get version(): number {
    return Number(this.resource.version());
  }
}

/** What the host holds of a secret: for the interfaces that take one. */
export function keyOf(secret: Secret): wit.Secret {
  // Of another handle, one engine would pass a number that the host takes for something else.
  if (!(secret instanceof Secret)) throw new TypeError("secret is not a Secret");
  return resourceOf(secret, "secret");
}

/** What is known of a secret but for its value. */
export interface Metadata {
  /** The newest version: what `get` gives. */
  version: number;
  /** When its first version was put, in milliseconds since 1970. */
  createdMs: number;
  /** When its newest version was put, in milliseconds since 1970. */
  updatedMs: number;
  /** The versions that are kept, the oldest first. */
  versions: number[];
}

/** Names, in the order of their bytes. */
export interface Page {
  names: string[];
  /** Where the next page begins, if this was not the last. */
  next: string | undefined;
}

export function metadata(data: wit.Metadata): Metadata {
  return {
    version: Number(data.version),
    createdMs: Number(data.createdMs),
    updatedMs: Number(data.updatedMs),
    versions: Array.from(data.versions, Number),
  };
}

export function page({ names, next }: wit.Page): Page {
  return { names: Array.from(names), next: present(next) };
}
