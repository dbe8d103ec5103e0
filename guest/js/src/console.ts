/// <reference path="./bindings.d.ts" preserve="true" />

/** `console`, written to the standard streams, which are the operator's log. */

import { getStderr } from "wasi:cli/stderr@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";

import { stackOf } from "./log.ts";
import { encode } from "./text.ts";

/** A stream of WASI. */
export interface OutputStream {
  blockingWriteAndFlush(contents: Uint8Array): void;
  [Symbol.dispose](): void;
}

/** Most bytes that one write takes: the limit of `wasi:io/streams`. */
const WRITE_BYTES_MAX = 4096;

/** How deep an object is shown. */
const DEPTH_MAX = 3;

/** What a component needs of `console`. */
export interface Console {
  debug(...values: unknown[]): void;
  error(...values: unknown[]): void;
  info(...values: unknown[]): void;
  log(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  warn(...values: unknown[]): void;
}

/** Writes lines: errors and warnings to the standard error, all else to the standard output. */
export const console: Console = {
  debug: (...values) => write(getStdout, values),
  error: (...values) => write(getStderr, values),
  info: (...values) => write(getStdout, values),
  log: (...values) => write(getStdout, values),
  trace: (...values) => write(getStderr, [...values, new Error("trace")]),
  warn: (...values) => write(getStderr, values),
};

/** A stream is opened for a line, so that none is held by a component that is initialized. */
function write(open: () => OutputStream, values: unknown[]): void {
  const line = encode(`${values.map((value) => show(value, 0)).join(" ")}\n`);
  using stream = open();
  for (let at = 0; at < line.length; at += WRITE_BYTES_MAX) {
    stream.blockingWriteAndFlush(line.subarray(at, at + WRITE_BYTES_MAX));
  }
}

function show(value: unknown, depth: number): string {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name}]`;
  if (value instanceof Error) return stackOf(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === DEPTH_MAX) return "…";
  if (Array.isArray(value)) return `[${value.map((item) => show(item, depth + 1)).join(", ")}]`;
  if (value instanceof Uint8Array) return `Uint8Array(${value.length})`;
  const members = value instanceof Map ? [...value] : Object.entries(value);
  const shown = members.map(([name, member]) => `${String(name)}: ${show(member, depth + 1)}`);
  return shown.length > 0 ? `{ ${shown.join(", ")} }` : "{}";
}
