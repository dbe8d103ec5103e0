/** Handles: what the host holds for the component. */

/** A resource of the bindings. */
export interface Resource {
  [Symbol.dispose](): void;
}

/** A handle that was not closed, and what it holds. */
interface Held {
  handle: WeakRef<object>;
  resource: Resource;
}

/** Handles that come between two looks for those that were collected: few beside what an instance may hold. */
const SWEEP_EACH = 64;

const held = new Set<Held>();

/** When to look next. */
let sweepAt = SWEEP_EACH;

/**
 * Gives up what was collected without being closed. Neither engine runs finalizers within a call of an
 * export, and QuickJS not between calls either. StarlingMonkey clears no `WeakRef`: there nothing is
 * found, and what is not closed is held until the instance ends.
 */
function sweep(): void {
  for (const one of held) {
    if (one.handle.deref() !== undefined) continue;
    held.delete(one);
    one.resource[Symbol.dispose]();
  }
  sweepAt = held.size + SWEEP_EACH;
}

/** Reads the resource of a handle: for what is passed to another interface. */
export let resourceOf: <R extends Resource>(handle: Handle<R>, what: string) => R;

/** A handle. `using` closes it at the end of its block, where the language version has that. */
export abstract class Handle<R extends Resource> {
  #resource: R | undefined;
  #held: Held;

  /** Of a resource that the host gave. Use the functions that open one. */
  protected constructor(resource: R) {
    this.#resource = resource;
    this.#held = { handle: new WeakRef(this), resource };
    held.add(this.#held);
    if (held.size >= sweepAt) sweep();
  }

  /** Gives the handle up. What is called on it after that throws a TypeError; closing does not. */
  close(): void {
    const resource = this.#resource;
    if (resource === undefined) return;
    this.#resource = undefined;
    held.delete(this.#held);
    resource[Symbol.dispose]();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The resource, of a handle that is open. */
  protected get resource(): R {
    if (this.#resource === undefined) throw new TypeError("the handle is closed");
    return this.#resource;
  }

  static {
    resourceOf = (handle, what) => {
      if (!(handle instanceof Handle)) throw new TypeError(`${what} is not a handle`);
      return handle.resource;
    };
  }
}
