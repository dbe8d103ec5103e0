/** A host for unit tests: one run, whose steps it records, and replays. */

interface Failure {
  code: string;
  message: string;
  retry: boolean;
  details: string | null | undefined;
}

interface StepOptions {
  retry: { attempts: number } | undefined;
  undo: boolean;
}

type Result = { tag: "ok"; val: string } | { tag: "err"; val: Failure };

/** What came of a step. One is abandoned that was given up while it waited for another attempt. */
type End = { done: string } | { failed: Failure } | { abandoned: string };

/** When the body is told of a cancel: by the call, or within the step, of this number. */
export type Cancel = { at: number } | { within: number };

/** A run, and where its body is. */
class Run {
  record: { name: string; undo: boolean; end: End }[] = [];
  cancel: Cancel | undefined;
  /** A result is too large if it has more bytes than this. */
  bytesMax = Infinity;
  next = 0;
  told = false;
  drawn = 0;
  open: { name: string; options: StepOptions; number: number } | undefined;
  /** Results of functions and signals, by their tickets; settled already. */
  functions: Result[] = [];
  forgotten: number[] = [];
  /** Options of the last step that was begun. */
  options: unknown;

  tell(kind: "at" | "within"): boolean {
    const now = !this.told && (this.cancel as Record<string, number>)?.[kind] === this.next;
    this.told ||= now;
    return now;
  }

  end(end: End): void {
    if (this.open === undefined) throw new Error("no step is open");
    this.record.push({ name: this.open.name, undo: this.open.options.undo, end });
    this.open = undefined;
    this.next += 1;
  }
}

export let run = new Run();

/** A new run, that is cancelled then. */
export function start(cancel?: Cancel): void {
  run = new Run();
  run.cancel = cancel;
}

/** The host of the body is lost; it is called again from its start. */
export function replay(): void {
  const { record, cancel, bytesMax } = run;
  start(cancel);
  run.record = record;
  run.bytesMax = bytesMax;
}

/** The steps that are recorded, as `name: what came of it`. */
export function recorded(): string[] {
  return run.record.map(({ name, undo, end }) => {
    const prefix = undo ? "undo " : "";
    if ("done" in end) return `${prefix}${name}: ${end.done}`;
    if ("failed" in end) return `${prefix}${name}: failed ${end.failed.code}`;
    return `${prefix}${name}: abandoned ${end.abandoned}`;
  });
}

function refuse(tag: string, val?: unknown): never {
  // As StarlingMonkey has it: not an Error of this realm.
  throw { payload: { tag, val } };
}

const attempt = (number: number) => ({ number, key: `key-${run.next}` });

export function begin(name: string, options: StepOptions): unknown {
  if (run.open !== undefined) refuse("misplaced", "a step is open");
  run.options = options;
  const recorded = run.record[run.next];
  if (recorded !== undefined) {
    if (recorded.name !== name) throw new Error(`step ${run.next} is ${recorded.name}`);
    if (run.tell("at")) refuse("cancelled");
    run.next += 1;
    const { end } = recorded;
    if ("done" in end) return { tag: "done", val: end.done };
    if ("failed" in end) return { tag: "failed", val: end.failed };
    run.told = true;
    refuse("cancelled");
  }
  if (run.tell("at")) refuse("cancelled");
  run.open = { name, options, number: 1 };
  return { tag: "execute", val: attempt(1) };
}

export function finish(end: Result): unknown {
  const { open } = run;
  if (open === undefined) return refuse("misplaced", "no step is open");
  if (end.tag === "ok") {
    if (end.val.length > run.bytesMax) refuse("too-large", 0n);
    run.end({ done: end.val });
    return { tag: "done" };
  }
  const attempts = open.options.retry?.attempts ?? 1;
  if (!end.val.retry || open.number >= attempts) {
    run.end({ failed: end.val });
    return { tag: "failed" };
  }
  if (run.tell("within")) {
    run.end({ abandoned: end.val.code });
    refuse("cancelled");
  }
  open.number += 1;
  return { tag: "again", val: attempt(open.number) };
}

/** A function returns its input; or fails, if it is called `fail`. */
export function spawn(_name: string, target: string, input: string): number {
  const told = { code: "told", message: "", retry: false, details: null };
  run.functions.push(target === "fail" ? { tag: "err", val: told } : { tag: "ok", val: input });
  return run.functions.length - 1;
}

/** It has come already. */
export function signal(): number {
  return spawn("", "same", "1");
}

/** It goes off at once. */
export function timer(): number {
  return spawn("", "same", "null");
}

export const timerAt = timer;

/** Decided by its own data; or nobody does. */
export function approval(_name: string, data: string): number {
  return spawn("", "same", data);
}

export function child(_name: string, _workflow: string, input: string): number {
  return spawn("", "same", input);
}

export function forget(tickets: number[]): void {
  run.forgotten.push(...tickets);
}

export function wait(ticket: number): unknown {
  if (run.tell("at")) refuse("cancelled");
  const result = run.functions[ticket];
  if (result === undefined) return refuse("misplaced", "there is no such ticket");
  if (result.val === '"nobody"') return { tag: "expired" };
  return { tag: result.tag === "ok" ? "done" : "failed", val: result.val };
}

export function waitAll(): void {
  if (run.tell("at")) refuse("cancelled");
}

export function waitAny(): number {
  if (run.tell("at")) refuse("cancelled");
  return 0;
}

export function suspend(): void {}

export function uuid(): string {
  run.drawn += 1;
  return `token-${run.drawn}`;
}

export const random = () => 7n;
export const nowMs = () => 1_000n;
export const setState = () => undefined;
export const getState = () => null;
export const info = () => ({
  run: "r",
  workflow: "w",
  generation: 0,
  user: null,
  parent: null,
  startedAtMs: 1n,
  historyEvents: 0,
  continueSoon: false,
});
