/**
 * The imports of a component, as both engines give them. Here stands what the WIT says and the modules
 * of this package need; its words are in the WIT.
 */

declare module "satama:services/cache@0.1.0" {
  interface Options {
    ttlMs: number;
    group: string | undefined;
  }

  class Claim {
    complete(value: Uint8Array, ttlMs: number): void;
    [Symbol.dispose](): void;
  }

  class Bucket {
    static open(name: string): Bucket;
    get(key: string): import("./result.ts").Option<Uint8Array>;
    getMany(keys: string[]): import("./result.ts").Option<Uint8Array>[];
    set(key: string, value: Uint8Array, options: Options): void;
    setMany(entries: { key: string; value: Uint8Array; options: Options }[]): void;
    setIfAbsent(key: string, value: Uint8Array, options: Options): boolean;
    delete(key: string): boolean;
    exists(key: string): boolean;
    ttl(key: string): import("./result.ts").Option<import("./result.ts").Integer>;
    add(key: string, delta: number, options: Options): import("./result.ts").Integer;
    invalidateGroup(group: string): void;
    invalidateAll(): void;
    fill(
      key: string,
      options: { waitMs: number; claimMs: number; group: string | undefined },
    ): { tag: "hit"; val: Uint8Array } | { tag: "claimed"; val: Claim } | { tag: "busy" };
    counts(): { hits: import("./result.ts").Integer; misses: import("./result.ts").Integer };
    [Symbol.dispose](): void;
  }
}

declare module "satama:services/session@0.1.0" {
  interface Field {
    name: string;
    value: string;
  }

  class Store {
    static open(name: string, expiry: { tag: "sliding-ms" | "fixed-ms"; val: number }): Store;
    get(id: string): import("./result.ts").Option<{
      version: import("./result.ts").Integer;
      fields: Field[];
      expiresInMs: import("./result.ts").Integer;
    }>;
    replace(id: string, fields: Field[]): import("./result.ts").Integer;
    update(id: string, fields: Field[]): import("./result.ts").Integer;
    remove(id: string, names: string[]): import("./result.ts").Integer;
    clear(id: string): boolean;
    compareAndSet(
      id: string,
      version: number,
      fields: Field[],
    ): { tag: "swapped" | "stale"; val: import("./result.ts").Integer };
    [Symbol.dispose](): void;
  }
}

declare module "satama:services/channel@0.1.0" {
  interface Page {
    entries: { id: string; user: import("./result.ts").Option<string> }[];
    next: import("./result.ts").Option<string>;
  }

  class Store {
    static open(name: string, ttlMs: number): Store;
    add(id: string, openingData: string, user: string | undefined): void;
    get(id: string): {
      id: string;
      openingData: string;
      user: import("./result.ts").Option<string>;
    };
    remove(ids: string[]): number;
    disconnect(id: string, code: number, reason: string): void;
    setUser(id: string, user: string | undefined): void;
    getState(id: string): {
      version: import("./result.ts").Integer;
      value: import("./result.ts").Option<string>;
    };
    setState(id: string, value: string): import("./result.ts").Integer;
    compareAndSetState(
      id: string,
      version: number,
      value: string,
    ): { tag: "swapped" | "stale"; val: import("./result.ts").Integer };
    clearState(id: string): import("./result.ts").Integer;
    touch(ids: string[]): string[];
    ofUser(user: string, cursor: string | undefined, limit: number): Page;
    all(cursor: string | undefined, limit: number): Page;
    send(id: string, message: import("./message.ts").WitMessage): boolean;
    [Symbol.dispose](): void;
  }
}

declare module "satama:services/hub@0.1.0" {
  class Bus {
    static open(name: string): Bus;
    subscribe(topic: string, channel: string, since: string | undefined): boolean;
    unsubscribe(topic: string, channel: string): boolean;
    topics(channel: string): string[];
    members(
      topic: string,
      cursor: string | undefined,
      limit: number,
    ): {
      members: { channel: string; user: import("./result.ts").Option<string> }[];
      next: import("./result.ts").Option<string>;
    };
    publish(
      topic: string,
      message: import("./message.ts").WitMessage,
      except: string | undefined,
      keep: { messages: number; ttlMs: number } | undefined,
    ): import("./result.ts").Option<string>;
    history(
      topic: string,
      since: string | undefined,
      limit: number,
    ): {
      complete: boolean;
      messages: { position: string; message: import("./message.ts").WitMessage }[];
      position: import("./result.ts").Option<string>;
      more: boolean;
    };
    [Symbol.dispose](): void;
  }
}

declare module "satama:services/secret@0.1.0" {
  class Secret {
    version(): import("./result.ts").Integer;
    [Symbol.dispose](): void;
  }

  interface Metadata {
    version: import("./result.ts").Integer;
    createdMs: import("./result.ts").Integer;
    updatedMs: import("./result.ts").Integer;
    versions: Iterable<import("./result.ts").Integer>;
  }

  interface Page {
    names: string[];
    next: import("./result.ts").Option<string>;
  }

  function get(name: string, version: number | undefined): Secret;
  function getMany(names: string[]): import("./result.ts").Option<Secret>[];
  function exists(name: string): boolean;
  function describe(name: string): Metadata;
  function put(name: string, value: Uint8Array): import("./result.ts").Integer;
  function names(after: string | undefined, limit: number): Page;
  function remove(name: string): boolean;
  export { get, getMany, exists, describe, put, names, remove as delete };
  export type { Secret, Metadata, Page };
}

declare module "satama:services/secret-use@0.1.0" {
  import type { Secret } from "satama:services/secret@0.1.0";

  function hmacSha256(secret: Secret, data: Uint8Array): Uint8Array;
  function verifyHmacSha256(secret: Secret, data: Uint8Array, mac: Uint8Array): boolean;
  function seal(secret: Secret, data: Uint8Array, associated: Uint8Array): Uint8Array;
  function unseal(secret: Secret, sealed: Uint8Array, associated: Uint8Array): Uint8Array;
}

declare module "satama:services/secret-reveal@0.1.0" {
  import type { Secret } from "satama:services/secret@0.1.0";

  function reveal(secret: Secret): Uint8Array;
}

declare module "satama:services/credential@0.1.0" {
  import type { Metadata, Page, Secret } from "satama:services/secret@0.1.0";

  function get(name: string, user: string, version: number | undefined): Secret;
  function exists(name: string, user: string): boolean;
  function describe(name: string, user: string): Metadata;
  function put(name: string, user: string, value: Uint8Array): import("./result.ts").Integer;
  function ofUser(user: string, after: string | undefined, limit: number): Page;
  function users(name: string, after: string | undefined, limit: number): Page;
  function remove(name: string, user: string): boolean;
  export { get, exists, describe, put, ofUser, users, remove as delete };
}

declare module "satama:services/run@0.1.0" {
  interface Options {
    key: string | undefined;
    user: string | undefined;
    timeoutMs: number | undefined;
    priority: number | undefined;
    delayMs: number | undefined;
    retentionMs: number | undefined;
  }

  interface Info {
    id: string;
    workflow: string;
    status: import("./run/index.ts").Status;
    digest: string;
    generation: number;
    user: import("./result.ts").Option<string>;
    key: import("./result.ts").Option<string>;
    parent: import("./result.ts").Option<string>;
    priority: number;
    createdAtMs: import("./result.ts").Integer;
    updatedAtMs: import("./result.ts").Integer;
    endedAtMs: import("./result.ts").Option<import("./result.ts").Integer>;
    events: number;
    waitsFor: import("./result.ts").Option<string>;
    input: import("./result.ts").Option<string>;
    output: import("./result.ts").Option<string>;
    failure: import("./result.ts").Option<import("./failure.ts").WitFailure>;
  }

  interface Step {
    number: number;
    kind: string;
    name: string;
    target: import("./result.ts").Option<string>;
    child: import("./result.ts").Option<string>;
    status: import("./run/index.ts").StepStatus;
    attempts: number;
    undo: boolean;
    input: import("./result.ts").Option<string>;
    output: import("./result.ts").Option<string>;
    failure: import("./result.ts").Option<import("./failure.ts").WitFailure>;
    createdAtMs: import("./result.ts").Integer;
    endedAtMs: import("./result.ts").Option<import("./result.ts").Integer>;
  }

  interface Event {
    index: number;
    atMs: import("./result.ts").Integer;
    event: string;
  }

  interface Filter {
    status: import("./run/index.ts").Status | undefined;
    user: string | undefined;
    sinceMs: number | undefined;
    untilMs: number | undefined;
  }

  interface Version {
    digest: string;
    status: import("./run/index.ts").VersionStatus;
    source: string;
    firstSeenAtMs: import("./result.ts").Integer;
    lastSeenAtMs: import("./result.ts").Integer;
  }

  interface Schedule {
    name: string;
    cron: string;
    input: string;
    nextAtMs: import("./result.ts").Integer;
  }

  interface Started {
    id: string;
    new: boolean;
  }

  function names(): string[];

  class Runs {
    static open(workflow: string): Runs;
    start(input: string, options: Options): Started;
    startMany(requests: { input: string; options: Options }[]): Started[];
    get(id: string): import("./result.ts").Option<Info>;
    getMany(ids: string[]): import("./result.ts").Option<Info>[];
    find(
      filter: Filter,
      cursor: string | undefined,
      limit: number,
    ): { runs: Info[]; next: import("./result.ts").Option<string> };
    steps(id: string): Step[];
    history(id: string, since: number, limit: number): Event[];
    state(id: string, name: string): import("./result.ts").Option<string>;
    wait(id: string, timeoutMs: number): Info;
    changes(id: string, since: number, timeoutMs: number): Event[];
    signal(id: string, name: string, payload: string, key: string | undefined): boolean;
    decide(id: string, name: string, approved: boolean, by: string | undefined, data: string): void;
    resume(id: string): void;
    cancel(id: string, reason: string, force: boolean): void;
    retry(id: string, number: number | undefined): void;
    delete(id: string): boolean;
    versions(): Version[];
    setVersion(digest: string, status: import("./run/index.ts").VersionStatus): boolean;
    schedule(name: string, cron: string, input: string, options: Options): Schedule;
    unschedule(name: string): boolean;
    schedules(): Schedule[];
    [Symbol.dispose](): void;
  }
}

declare module "satama:services/workflow@0.1.0" {
  interface Facts {
    run: string;
    workflow: string;
    generation: number;
    user: import("./result.ts").Option<string>;
    parent: import("./result.ts").Option<string>;
    startedAtMs: import("./result.ts").Integer;
    historyEvents: number;
    continueSoon: boolean;
  }

  interface StepOptions {
    retry:
      | {
          attempts: number;
          delayMs: number;
          backoff: "fixed" | "exponential";
          delayMaxMs: number;
          jitterPercent: number;
        }
      | undefined;
    timeoutMs: number | undefined;
    undo: boolean;
  }

  interface Attempt {
    number: number;
    key: string;
  }

  type Begun =
    | { tag: "execute"; val: Attempt }
    | { tag: "done"; val: string }
    | { tag: "failed"; val: import("./failure.ts").WitFailure };
  type Verdict = { tag: "done" } | { tag: "failed" } | { tag: "again"; val: Attempt };
  type Outcome =
    | { tag: "done"; val: string }
    | { tag: "failed"; val: import("./failure.ts").WitFailure }
    | { tag: "expired" };
  type End = { tag: "ok"; val: string } | { tag: "err"; val: import("./failure.ts").WitFailure };

  function info(): Facts;
  function nowMs(): import("./result.ts").Integer;
  function random(): import("./result.ts").Integer;
  function uuid(): string;
  function begin(name: string, options: StepOptions): Begun;
  function finish(end: End): Verdict;
  function spawn(name: string, target: string, input: string, options: StepOptions): number;
  function child(
    name: string,
    workflow: string,
    input: string,
    options: { timeoutMs: number | undefined; priority: number | undefined },
  ): number;
  function timer(name: string, durationMs: number): number;
  function timerAt(name: string, atMs: number): number;
  function signal(name: string): number;
  function approval(name: string, data: string, expiresMs: number | undefined): number;
  function wait(ticket: number): Outcome;
  function waitAny(tickets: number[]): number;
  function waitAll(tickets: number[]): void;
  function forget(tickets: number[]): void;
  function suspend(reason: string): void;
  function setState(name: string, value: string): void;
  function getState(name: string): import("./result.ts").Option<string>;
}

declare module "wasi:cli/stdout@0.2.12" {
  function getStdout(): import("./console.ts").OutputStream;
}

declare module "wasi:cli/stderr@0.2.12" {
  function getStderr(): import("./console.ts").OutputStream;
}

declare module "wasi:random/random@0.2.12" {
  function getRandomBytes(len: number): Uint8Array;
}
