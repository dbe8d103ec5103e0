/** Every function of runs, from outside, their errors and limits. A worker runs them meanwhile. */

import * as run from "@satama/guest/run";
import { Json, type Options, Runs } from "@satama/guest/run";

import { type Lines, NONE, Plain, codeOf, maybe, show, worked } from "./show.ts";

/** Longer than any stall of a busy machine, and the most that a wait may take, in milliseconds. */
export const PATIENCE_MS = 30_000;

/** A run that never was. */
export const MISSING = "0000000000000000000000000000000000";

function startedShown({ new: fresh }: run.Started): Plain {
  return new Plain(fresh ? "new" : "there");
}

export function infoShown(info: run.Info | undefined): Plain {
  if (info === undefined) return NONE;
  const { workflow, status, generation, user, key, priority, output, failure } = info;
  return new Plain(
    `${workflow} ${status} generation ${generation} user ${show(maybe(user))} ` +
      `key ${show(maybe(key))} priority ${priority} output ${output?.text ?? "none"} ` +
      `${failure?.code ?? "none"}`,
  );
}

export function stepsShown(steps: run.Step[]): Plain[] {
  return steps.map(({ number, kind, name, status, attempts, undo }) => {
    return new Plain(`${number} ${kind} ${name} ${status} ${attempts}${undo ? " undo" : ""}`);
  });
}

function scheduleShown({ name, cron, input, nextAtMs }: run.Schedule): Plain {
  return new Plain(`${show(name)} ${show(cron)} ${input.text} ${nextAtMs > 0}`);
}

/** Waits until the body of a run has asked for something. */
export function asked(runs: Runs, id: string, kind: string, name: string): void {
  for (let seen = 0; ;) {
    if (runs.steps(id).some((step) => step.kind === kind && step.name === name)) return;
    const more = runs.changes(id, seen, PATIENCE_MS);
    seen += more.length;
    if (more.length === 0) throw new Error(`it asked for no ${kind} called ${name}`);
  }
}

export function all(t: Lines): void {
  t.say(
    "open another",
    worked(() => Runs.open("another")),
  );
  using unserved = Runs.open("unserved");
  t.say("start without a version", () => startedShown(unserved.begin(null)));
  starts(t);
  lists(t);
  controls(t);
  ends(t);
  versions(t);
  schedules(t);
  limits(t);
}

function starts(t: Lines): void {
  using r = Runs.open("echo");
  const options: Options = {
    key: "avain-ä",
    user: "ann-ä€😀",
    priority: 9,
    timeoutMs: 600_000,
    delayMs: 1,
    retentionMs: 600_000,
  };
  const first = r.begin(new Json('{"text": "ä€😀"}'), options);
  t.say("start", () => startedShown(first));
  t.say("start again", () => startedShown(r.begin(1, options)));
  const { id } = first;
  t.say("wait", () => infoShown(r.wait(id, PATIENCE_MS)));
  t.say("get", () => infoShown(r.get(id)));
  const many = r.beginMany([{ input: 1 }, { input: [] }]);
  t.say("start many", () => many.map(startedShown));
  for (const { id } of many) t.say("wait", () => infoShown(r.wait(id, PATIENCE_MS)));
  const some = [many[1]?.id ?? "", "none", many[0]?.id ?? ""];
  t.say("get many", () => r.getMany(some).map(infoShown));
  t.say("get missing", () => infoShown(r.get(MISSING)));
  t.say("start bad JSON", () => startedShown(r.begin(new Json("{"))));
  t.say("begin", () => startedShown(r.begin(["ä"], { key: "avain-ä" })));
  t.say("history", () => r.history(id, 0, 100).length);
  t.say("history since", () => r.history(id, 1, 1).map(({ index }) => index));
  t.say("changes", () =>
    r.changes(id, 0, 0).every(({ event, atMs }) => event.text.startsWith("{") && atMs > 0),
  );
  t.say("steps", () => stepsShown(r.steps(id)));
  t.say("state", () => maybe(r.state(id, "none")?.text));
  using other = Runs.open("waits");
  t.say("get by another workflow", () => infoShown(other.get(id)));
  t.say(
    "steps by another workflow",
    worked(() => other.steps(id)),
  );
  t.say("delete by another workflow", () => other.delete(id));
}

function lists(t: Lines): void {
  t.say("names", () => run.names().includes("echo"));
  using r = Runs.open("echo");
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = r.find({}, cursor, 2);
    count += page.runs.length;
    cursor = page.next;
  } while (cursor !== undefined);
  t.say("find all", () => count);
  const find = (filter: run.Filter) => () => r.find(filter, undefined, 100).runs.length;
  t.say("find of user", find({ user: "ann-ä€😀" }));
  t.say("find completed", find({ status: "completed" }));
  t.say("find failed", find({ status: "failed" }));
  t.say("find before 1970", find({ untilMs: 0 }));
  t.say("find since 2^53 + 2", find({ sinceMs: 2 ** 53 + 2 }));
  t.say(
    "bad cursor",
    worked(() => r.find({}, "ä", 1)),
  );
}

function controls(t: Lines): void {
  using r = Runs.open("waits");
  const { id } = r.begin(null);
  asked(r, id, "suspend", "why");
  t.say("suspended", () => infoShown(r.get(id)));
  t.say("retry what goes on", () => r.retry(id));
  t.say("delete what goes on", () => r.delete(id));
  t.say("resume", () => r.resume(id));
  t.say("resume again", () => codeOf(() => r.resume(id)) !== NONE);
  t.say("signal", () => r.signal(id, "go", { ä: 1 }, "once"));
  t.say("signal again", () => r.signal(id, "go", 2, "once"));
  asked(r, id, "approval", "pay");
  t.say("decide another", () => r.decide(id, "other", true));
  t.say("decide bad JSON", () => r.decide(id, "pay", true, { data: new Json("{") }));
  t.say("decide", () => r.decide(id, "pay", true, { by: "bob-ä", data: [1] }));
  t.say("wait", () => infoShown(r.wait(id, PATIENCE_MS)));
  t.say("steps", () => stepsShown(r.steps(id)));
  t.say("signal what has ended", () => r.signal(id, "go", 1));
  t.say("signal bad JSON", () => r.signal(id, "go", new Json("{")));
  t.say("signal missing", () => r.signal(MISSING, "go", 1));
  t.say("decide what has ended", () => r.decide(id, "pay", true));
}

function ends(t: Lines): void {
  using r = Runs.open("waits");
  const { id } = r.begin(null);
  asked(r, id, "suspend", "why");
  t.say("cancel", () => r.cancel(id, "ä"));
  t.say("wait", () => infoShown(r.wait(id, PATIENCE_MS)));
  t.say("cancel what has ended", () => r.cancel(id, ""));
  const forced = r.begin(null).id;
  t.say("cancel by force", () => r.cancel(forced, "", true));
  t.say("wait", () => infoShown(r.wait(forced, PATIENCE_MS)));
  t.say("delete", () => r.delete(forced));
  t.say("delete again", () => r.delete(forced));
  t.say("wait for what is deleted", () => infoShown(r.wait(forced, 0)));
  using undone = Runs.open("undone");
  const failed = undone.begin("card").id;
  t.say("wait", () => infoShown(undone.wait(failed, PATIENCE_MS)));
  t.say("retry from where it was not", () => undone.retry(failed, 70));
  t.say("retry", () => undone.retry(failed, 0));
  t.say("wait", () => infoShown(undone.wait(failed, PATIENCE_MS)));
}

function versions(t: Lines): void {
  using r = Runs.open("echo");
  const versions = r.versions();
  const [newest] = versions;
  t.say("versions", () => versions.length);
  t.say("active", () => newest?.status === "active" && newest.firstSeenAtMs > 0);
  const digest = newest?.digest ?? "";
  t.say("decline", () => r.setVersion(digest, "declined"));
  t.say("start", () => startedShown(r.begin(null)));
  t.say("activate", () => r.setVersion(digest, "active"));
  t.say("of another digest", () => r.setVersion(digest.replace(":", ":0"), "draft"));
}

function schedules(t: Lines): void {
  using r = Runs.open("echo");
  const schedule = (name: string, cron: string, input: unknown) => () =>
    scheduleShown(r.schedule(name, cron, input));
  t.say("schedule", schedule("yö-ä", "0 0 1 1 *", [1]));
  t.say("schedule by seconds", schedule("b", "0 0 0 1 1 *", null));
  t.say("bad cron", schedule("c", "whenever", 1));
  t.say("schedules", () => r.schedules().map(scheduleShown));
  t.say("unschedule", () => r.unschedule("yö-ä"));
  t.say("unschedule again", () => r.unschedule("yö-ä"));
  t.say("unschedule", () => r.unschedule("b"));
}

function limits(t: Lines): void {
  using r = Runs.open("echo");
  // A text whose JSON has so many bytes.
  const text = (count: number) => "v".repeat(count - 2);
  const largest = r.begin(text(256 << 10));
  t.say("largest input", () => undefined);
  t.say("its output", () => r.wait(largest.id, PATIENCE_MS).output?.text.length);
  t.say("larger input", () => startedShown(r.begin(text((256 << 10) + 1))));
  const start = (options: Options) => worked(() => r.begin(null, options));
  t.say("longer key", start({ key: "k".repeat(256) }));
  t.say("longer user", start({ user: "u".repeat(256) }));
  t.say("higher priority", start({ priority: 10 }));
  t.say("timeout of 2^63", start({ timeoutMs: 2 ** 63 }));
  t.say("longer retention", start({ retentionMs: 400 * 24 * 3_600_000 + 1 }));
  const requests = (count: number) =>
    Array.from({ length: count }, () => ({ input: null, options: { key: "same" } }));
  t.say("most at a time", () => r.beginMany(requests(64)).length);
  t.say("more at a time", () => r.beginMany(requests(65)).length);
  const ids = (count: number) => Array.from({ length: count }, () => "none");
  t.say("most to get", () => r.getMany(ids(64)).length);
  t.say("more to get", () => r.getMany(ids(65)).length);
  t.say(
    "larger page",
    worked(() => r.find({}, undefined, 101)),
  );
  t.say(
    "longer wait",
    worked(() => r.wait(MISSING, PATIENCE_MS + 1)),
  );
}
