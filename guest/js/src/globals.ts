/**
 * Globals that JavaScript is expected to have and QuickJS has not: `console`, `TextEncoder`,
 * `TextDecoder`, `crypto.randomUUID` and `crypto.getRandomValues`; and a `Math.random` that is random,
 * since its own has a seed that is a part of the component. What an engine has stays. Import it first:
 *
 * ```js
 * import "@satama/guest/globals";
 * ```
 *
 * The world has to import `wasi:cli/stdout@0.2.12`, `wasi:cli/stderr@0.2.12` and
 * `wasi:random/random@0.2.12`, as those of the templates do.
 */

import { console as streams } from "./console.ts";
import { random, randomBytes, randomUUID } from "./random.ts";
import * as text from "./text.ts";

declare global {
  // As the DOM's declaration has it, which this becomes a part of where that is there too.
  interface Console {
    debug(...values: unknown[]): void;
    error(...values: unknown[]): void;
    info(...values: unknown[]): void;
    log(...values: unknown[]): void;
    trace(...values: unknown[]): void;
    warn(...values: unknown[]): void;
  }
  var console: Console;
}

/** `TextEncoder`, of UTF-8. */
class Encoder {
  readonly encoding = "utf-8";

  encode(input: string = ""): Uint8Array {
    return text.encode(String(input));
  }
}

/** `TextDecoder`, of UTF-8 that comes as a whole. */
class Decoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  constructor(label: string = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    if (!/^utf-?8$/i.test(label.trim())) throw new RangeError(`there is no encoding ${label} here`);
    this.fatal = options.fatal ?? false;
    this.ignoreBOM = options.ignoreBOM ?? false;
  }

  decode(input?: ArrayBuffer | ArrayBufferView, options: { stream?: boolean } = {}): string {
    if (options.stream) throw new TypeError("text that comes in parts is not decoded here");
    if (input === undefined) return "";
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    const decoded = text.decode(bytes, { fatal: this.fatal });
    return !this.ignoreBOM && decoded.startsWith("\ufeff") ? decoded.slice(1) : decoded;
  }
}

/** Fills a typed array with random bytes. */
function getRandomValues<T extends ArrayBufferView>(array: T): T {
  const drawn = randomBytes(array.byteLength);
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(drawn);
  return array;
}

const globals = globalThis as unknown as Record<string, unknown>;

// Only QuickJS has no console, and only its Math.random is the same in every instance.
if (globals.console === undefined) Math.random = random;
globals.console ??= streams;
globals.TextEncoder ??= Encoder;
globals.TextDecoder ??= Decoder;
globals.crypto ??= { getRandomValues, randomUUID };
