/** Workflows and functions, and their runs as they are seen from outside. */
import { Runs } from "@satama/guest/run";
import {
  Failure,
  Saga,
  all,
  any,
  approval,
  call,
  child,
  continueAsNew,
  exponential,
  fixed,
  info,
  now,
  random,
  setState,
  settled,
  signal,
  signalWithin,
  sleep,
  sleepUntil,
  spawn,
  state,
  step,
  suspend,
  timer,
  timerAt,
  uuid,
} from "@satama/guest/workflow";
import { PATIENCE_MS, asked, infoShown, stepsShown } from "./run.js";
import { Lines, Plain, attempt, maybe, show } from "./show.js";

const MOMENT_MS = 5;
const HOUR_MS = 3_600_000;

/** Starts the workflows below, does what they wait for, and says what came of them. */
export function outside(t) {
  const r = Runs.open("story");
  const { id } = r.begin({ n: 3 }, { user: "ann-ä" });
  t.say("signal", () => r.signal(id, "go", { from: "ä€😀" }));
  asked(r, id, "approval", "pay");
  t.say("decide", () => r.decide(id, "pay", false, { by: "bob", data: "too much" }));
  const told = r.wait(id, PATIENCE_MS);
  t.say("story", () => new Plain(told.status));
  for (const line of told.output?.value ?? []) t.say("story", () => line);
  t.say("its state", () => maybe(r.state(id, "progress")?.text));
  t.say("what a function set", () => maybe(r.state(id, "seen")?.text));
  t.say("its steps", () => stepsShown(r.steps(id)));
  ended(t, "undone", "card");
  ended(t, "counts", 2);
  ended(t, "echo", { ä: [1, null, true, 1.5] });
  const c = Runs.open("cancelled");
  const run = c.begin(null).id;
  asked(c, run, "step", "reserve");
  t.say("cancel", () => c.cancel(run, "enough"));
  t.say("wait", () => infoShown(c.wait(run, PATIENCE_MS)));
  t.say("it was told", () => maybe(c.state(run, "told")?.text));
  t.say("its steps", () => stepsShown(c.steps(run)));
}

/** Says how a run ends. */
function ended(t, workflow, input) {
  const r = Runs.open(workflow);
  const { id } = r.begin(input);
  const run = r.wait(id, PATIENCE_MS);
  t.say(workflow, () => infoShown(run));
  const { failure } = run;
  if (failure !== undefined) {
    t.say("why", () => failure.message);
    t.say("details", () => maybe(JSON.stringify(failure.details)));
  }
  t.say("its steps", () => stepsShown(r.steps(id)));
}

/** One of everything. */
export function story(input) {
  const t = new Lines();
  const { workflow, user, parent, generation } = info();
  t.say("workflow", () => workflow);
  t.say("user", () => maybe(user));
  t.say("parent", () => maybe(parent));
  t.say("generation", () => generation);
  t.say("input", () => input.n);
  const [drawn, id] = [random(), uuid()];
  t.say("random", () => drawn >= 0 && drawn < 2 ** 53);
  t.say("uuid", () => id.length);
  const began = now().getTime();
  t.say("it begins", () => began > 0);
  runFunctions(t);
  runSteps(t);
  runWaits(t);
  const later = now().getTime();
  t.say("time goes on", () => later >= began + MOMENT_MS);
  refusals(t);
  setState("progress", { done: "ä€😀" });
  const progress = state("progress");
  t.say("state", () => maybe(JSON.stringify(progress)));
  t.say("no state", () => maybe(state("none")));
  return t.lines;
}

function runFunctions(t) {
  const doubled = all([1, 2, 3].map((n) => spawn("double", n)));
  t.say("in parallel", () => doubled);
  const called = call("double", 21);
  t.say("called", () => called);
  const third = spawn("third-time", null, { name: "third", retries: 5, backoff: fixed(1) });
  const results = settled([third, spawn("refuse", "no")]);
  t.say("settled", () => results.map((result) => (result.ok ? result.value : result.failure)));
  const facts = call("facts", null, { name: "ask", timeoutMs: 600_000 });
  t.say("a function knows", () => JSON.stringify(facts));
  const little = child("echo", ["ä"], { name: "little", priority: 9, timeoutMs: 600_000 }).wait();
  t.say("child", () => JSON.stringify(little));
}

function runSteps(t) {
  const one = step("one", () => "tehty-ä");
  t.say("step", () => one);
  const backoff = { ...exponential(1, 2), jitterPercent: 50 };
  const tried = step("tried", { retries: 2, backoff }, ({ number }) => {
    if (number < 3) throw Failure.retryable("early", "not yet");
    return number;
  });
  t.say("tried", () => tried);
  let details;
  t.say("fatal", () => {
    try {
      return step("fatal", { retries: 5 }, () => {
        throw Failure.fatal("no", "never-ä", [1, 2]);
      });
    } catch (failure) {
      details = failure.details;
      throw failure;
    }
  });
  t.say("its details", () => maybe(JSON.stringify(details)));
}

function runWaits(t) {
  sleep(MOMENT_MS);
  sleepUntil(now().getTime() + MOMENT_MS);
  const late = timer("late", HOUR_MS);
  const soon = timerAt("soon", now());
  const first = any([late, soon]);
  t.say("first", () => first);
  soon.wait();
  late.forget();
  const go = signal("go").wait();
  t.say("signal", () => JSON.stringify(go));
  const never = signalWithin("never", MOMENT_MS);
  t.say("no signal", () => maybe(never));
  const quick = approval("quick", null, 1);
  t.say("nobody decides", () => quick.outcome === "expired");
  const decision = approval("pay", { cents: 100 });
  t.say("approval", () => {
    if (decision.outcome !== "refused") return decision.outcome;
    return `refused ${show(maybe(decision.by))} ${JSON.stringify(decision.data)}`;
  });
}

function refusals(t) {
  t.say("a function that is not granted", () => call("other"));
  t.say("a longer name", () => call("f".repeat(256)));
  t.say("a longer wait", () => sleep(11 * 365 * 86_400 * 1000));
  let deep = null;
  for (let n = 0; n < 200; n++) deep = [deep];
  t.say("state that is nested too deep", () => setState("deep", deep));
  t.say("a larger state", () => setState("large", "v".repeat(256 << 10)));
  t.say("nothing to wait for", () => any([]));
  const nested = step("outer", () => attempt(() => step("inner", () => undefined)));
  t.say("a step in a step", () => nested);
}

/** Is refused at its third step, and undoes the two before. */
export function undone(input) {
  Saga.run((saga) => {
    saga.step(
      "reserve",
      () => 7,
      () => undefined,
    );
    saga.call(
      "double",
      () => 2,
      () => undefined,
      { name: "double it" },
    );
    saga.defer("note", () => undefined);
    saga.step(
      "charge",
      () => {
        throw Failure.fatal("card-declined", `no ${input}`, ["ä"]);
      },
      () => undefined,
    );
  });
}

/** Waits for all that somebody else can do. */
export function waitsForPeople() {
  suspend("why");
  const go = signal("go").wait();
  const decision = approval("pay", "ä");
  const by = decision.outcome === "approved" ? decision.by : undefined;
  return `${JSON.stringify(go)} ${show(maybe(by))}`;
}

/** Goes on as new, and counts down. */
export function counts(n) {
  if (n === 0) return "zero";
  step("count", () => n);
  return continueAsNew(n - 1);
}

/** Is cancelled while it waits, and undoes what it did. */
export function cancelled() {
  const saga = new Saga();
  saga.step(
    "reserve",
    () => undefined,
    () => undefined,
  );
  const never = signal("never");
  try {
    never.wait();
  } catch (told) {
    // Said once: all that comes after it works.
    setState("told", told.code);
    throw saga.fail(told);
  }
}

export function echo(input) {
  return input;
}

export function double(n) {
  return 2 * n;
}

export function thirdTime(_, { attempt: { number } }) {
  if (number < 3) throw Failure.retryable("early", "not yet");
  return number;
}

export function refuse(why) {
  throw Failure.fatal("refused", why, { ä: 1 });
}

export function facts(_, context) {
  const { workflow, step, user, attempt } = context;
  setState("seen", step);
  return [workflow, step, user ?? null, attempt.number, attempt.key.length, state("seen")];
}
