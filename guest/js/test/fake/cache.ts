/** A host for unit tests: one bucket, without time. */

export const bucket = new Map<string, Uint8Array>();
export const claimed = new Set<string>();
/** What was called, with what. */
export const calls: unknown[][] = [];
/** How many handles are open. */
export let open = 0;
/** What `fill` answers instead, once. */
export const refusals: string[] = [];

export function reset(): void {
  bucket.clear();
  claimed.clear();
  calls.length = 0;
  refusals.length = 0;
  open = 0;
}

export function refuse(tag: string, val?: unknown): never {
  throw Object.assign(new Error("[object Object] (see error.payload)"), { payload: { tag, val } });
}

class Handle {
  constructor() {
    open += 1;
  }

  [Symbol.dispose](): void {
    open -= 1;
  }
}

export class Claim extends Handle {
  #key: string;

  constructor(key: string) {
    super();
    this.#key = key;
  }

  complete(value: Uint8Array): void {
    if (!claimed.delete(this.#key)) refuse("claim-lost");
    bucket.set(this.#key, value);
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    claimed.delete(this.#key);
  }
}

export class Bucket extends Handle {
  static open(name: string): Bucket {
    if (name !== "granted") refuse("access-denied");
    return new Bucket();
  }

  get(key: string): Uint8Array | null {
    return bucket.get(key) ?? null;
  }

  set(...args: [string, Uint8Array, { ttlMs: number }]): void {
    calls.push(args);
    // A limit as StarlingMonkey has it.
    if (args[2].ttlMs > 1000) refuse("too-large", 1000n);
    bucket.set(args[0], args[1]);
  }

  delete(key: string): boolean {
    return bucket.delete(key);
  }

  add(...args: unknown[]): bigint {
    calls.push(args);
    return -5n;
  }

  ttl(): null {
    return null;
  }

  fill(key: string): unknown {
    const refusal = refusals.shift();
    if (refusal !== undefined) refuse(refusal);
    const value = bucket.get(key);
    if (value !== undefined) return { tag: "hit", val: value };
    if (claimed.has(key)) return { tag: "busy" };
    claimed.add(key);
    return { tag: "claimed", val: new Claim(key) };
  }
}
