/** A host for unit tests: one session, and other writers who are faster. */

import { refuse } from "./cache.ts";

export const session = { version: 0, fields: [] as { name: string; value: string }[] };
/** How many writers come before the next ones. */
export const others = { left: 0 };

export class Store {
  static open(name: string): Store {
    if (name !== "granted") refuse("access-denied");
    return new Store();
  }

  get(): unknown {
    if (session.version === 0) return undefined;
    return { version: BigInt(session.version), fields: session.fields, expiresInMs: 5n };
  }

  update(_: string, fields: { name: string; value: string }[]): never {
    return refuse("invalid-json", fields[0]?.name);
  }

  compareAndSet(_: string, version: number, fields: typeof session.fields): unknown {
    if (others.left > 0) {
      others.left -= 1;
      session.version += 1;
    }
    if (version !== session.version) return { tag: "stale", val: BigInt(session.version) };
    session.version += 1;
    session.fields = fields;
    return { tag: "swapped", val: session.version };
  }

  [Symbol.dispose](): void {}
}
