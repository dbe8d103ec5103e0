/** A host for unit tests: one channel, and pages of some. */

import { others } from "./session.ts";

export const state = { version: 0, value: undefined as string | undefined };

export class Store {
  static open(): Store {
    return new Store();
  }

  getState(): unknown {
    return { version: state.version, value: state.value };
  }

  compareAndSetState(_: string, version: number, value: string): unknown {
    if (others.left > 0) {
      others.left -= 1;
      state.version += 1;
    }
    if (version !== state.version) return { tag: "stale", val: state.version };
    Object.assign(state, { version: version + 1, value });
    return { tag: "swapped", val: state.version };
  }

  /** Three pages, of which the second is empty. */
  all(cursor: string | undefined): unknown {
    const entries = (...ids: string[]) => ids.map((id) => ({ id, user: null }));
    if (cursor === undefined) return { entries: entries("a", "b"), next: "1" };
    if (cursor === "1") return { entries: [], next: "2" };
    return { entries: entries("c"), next: null };
  }

  send(_: string, message: unknown): unknown {
    return message;
  }

  [Symbol.dispose](): void {}
}
