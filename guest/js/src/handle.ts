/** Handles: what the host holds for the component. */

/** A resource of the bindings. */
export interface Resource {
  [Symbol.dispose](): void;
}

/**
 * Gives up what was collected without being closed. It runs between calls of the component's
 * exports and not within one, so that what opens many has to close them.
 */
const collected = new FinalizationRegistry<Resource>((resource) => resource[Symbol.dispose]());

/** Reads the resource of a handle: for what is passed to another interface. */
export let resourceOf: <R extends Resource>(handle: Handle<R>, what: string) => R;

/** A handle. `using` closes it at the end of its block, where the language version has that. */
export abstract class Handle<R extends Resource> {
  #resource: R | undefined;

  /** Of a resource that the host gave. Use the functions that open one. */
  protected constructor(resource: R) {
    this.#resource = resource;
    collected.register(this, resource, this);
  }

  /** Gives the handle up. What is called on it after that throws a TypeError; closing does not. */
  close(): void {
    const resource = this.#resource;
    if (resource === undefined) return;
    this.#resource = undefined;
    collected.unregister(this);
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
