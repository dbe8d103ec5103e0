/** Steps, waits and what is exported, on a host that is a fake. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Cancelled,
  Failure,
  Pending,
  type StepOptions,
  WorkflowError,
  all,
  any,
  approval,
  call,
  continueAsNew,
  exponential,
  fixed,
  functions,
  info,
  random,
  settled,
  signal,
  signalWithin,
  spawn,
  step,
  workflows,
} from "../src/workflow/index.ts";
import { recorded, replay, run, start } from "./fake/workflow.ts";

/** What is thrown. */
function thrown(work: () => unknown): any {
  try {
    work();
  } catch (error) {
    return error;
  }
  assert.fail("nothing is thrown");
}

test("a step runs once, and is read back from its record", () => {
  start();
  let runs = 0;
  const body = () =>
    step("one", () => {
      runs += 1;
      return { a: undefined, b: [1, undefined] };
    });
  assert.deepEqual(body(), { b: [1, null] });
  replay();
  assert.deepEqual(body(), { b: [1, null] });
  assert.equal(runs, 1);
  assert.equal(
    step("none", () => undefined),
    null,
  );
});

test("a step is tried again while attempts are left", () => {
  start();
  const numbers: number[] = [];
  const work = ({ number }: { number: number }) => {
    numbers.push(number);
    if (number < 3) throw new TypeError("early");
    return number;
  };
  assert.equal(step("tried", { retries: 2, backoff: fixed(1) }, work), 3);
  assert.deepEqual(numbers, [1, 2, 3]);
  const fatal = thrown(() =>
    step("fatal", { retries: 5 }, () => {
      throw Failure.fatal("no", "never", { why: 1 });
    }),
  );
  assert.ok(fatal instanceof Failure);
  assert.deepEqual([fatal.code, fatal.retry, fatal.details], ["no", false, { why: 1 }]);
  const early = thrown(() => step("early", { retries: 1 }, () => work({ number: 1 })));
  assert.deepEqual([early.code, early.message, early.retry], ["error", "early", true]);
  assert.deepEqual(recorded(), ["tried: 3", "fatal: failed no", "early: failed error"]);
});

test("a failure says what caused it", () => {
  start();
  const failure = thrown(() =>
    step("caused", () => {
      throw new Error("outer", { cause: new RangeError("inner") });
    }),
  );
  assert.equal(failure.message, "outer: inner");
  const text = thrown(() =>
    step("text", () => {
      throw "a text";
    }),
  );
  assert.deepEqual([text.code, text.message], ["error", "a text"]);
});

test("anything can be thrown, and ends its step", () => {
  start();
  const unreadable = [
    Object.create(null),
    {
      get cause() {
        throw new Error("never");
      },
    },
    new Failure(Object.create(null), Object.create(null), { retry: false }),
    undefined,
    Symbol("thrown"),
  ];
  for (const [n, value] of unreadable.entries()) {
    const failure = thrown(() =>
      step(`step ${n}`, () => {
        throw value;
      }),
    );
    assert.ok(failure instanceof Failure);
    assert.equal(typeof failure.message, "string");
  }
  assert.equal(recorded().length, unreadable.length);
});

test("what is too long is cut between characters", () => {
  start();
  const long = "é".repeat(8192);
  const failure = thrown(() =>
    step("long", () => {
      throw Failure.fatal(`x${long}`, `\ud800${long}`, long);
    }),
  );
  assert.equal(Buffer.byteLength(failure.code), 8191);
  assert.equal(Buffer.byteLength(failure.message), 8191);
  assert.ok(failure.message.startsWith("\ufffd"));
  assert.equal(failure.details, undefined);
});

test("a result that cannot be recorded is a failure that is", () => {
  start();
  run.bytesMax = 4;
  assert.equal(thrown(() => step("huge", () => "too large")).code, "too-large");
  assert.equal(thrown(() => step("function", () => test)).code, "invalid-json");
  assert.equal(thrown(() => step("bigint", () => 1n)).code, "invalid-json");
  assert.equal(thrown(() => step("promise", { retries: 5 }, async () => 1)).code, "error");
  assert.equal(
    step("next", () => 1),
    1,
  );
  assert.deepEqual(recorded(), [
    "huge: failed too-large",
    "function: failed invalid-json",
    "bigint: failed invalid-json",
    "promise: failed error",
    "next: 1",
  ]);
});

test("a step in a step is refused and not tried again", () => {
  start();
  const failure = thrown(() => step("outer", { retries: 5 }, () => step("inner", () => 1)));
  assert.deepEqual([failure.code, failure.retry], ["misplaced", false]);
  assert.deepEqual(recorded(), ["outer: failed misplaced"]);
});

test("a cancel is thrown, and said once", () => {
  start({ at: 0 });
  const error = thrown(() => step("one", () => 1));
  assert.ok(error instanceof Cancelled && error instanceof WorkflowError);
  assert.equal(
    step("two", () => 2),
    2,
  );
});

test("options are as the host takes them", () => {
  start();
  const given = (options: StepOptions) => {
    step("s", options, () => 1);
    return run.options as any;
  };
  assert.deepEqual(given({}), { retry: undefined, timeoutMs: undefined, undo: false });
  const retry = { attempts: 3, delayMs: 1000, backoff: "exponential", delayMaxMs: 60_000 };
  assert.deepEqual(given({ retries: 2 }).retry, { ...retry, jitterPercent: 20 });
  const { delayMs, backoff, jitterPercent } = given({ retries: 1, backoff: fixed(7) }).retry;
  assert.deepEqual([delayMs, backoff, jitterPercent], [7, "fixed", 0]);
  assert.equal(given({ retries: 2 ** 32 - 1 }).retry.attempts, 2 ** 32 - 1);
  assert.throws(() => given({ retries: -1 }), RangeError);
  assert.throws(() => given({ retries: 1, backoff: exponential(0.5, 1) }), RangeError);
  assert.throws(() => given({ timeoutMs: "1" as never }), TypeError);
  assert.throws(() => given({ undo: 1 as never }), TypeError);
  assert.throws(() => step("s", 1 as never), TypeError);
});

test("several are waited for", () => {
  start();
  assert.deepEqual(all([spawn("same", 1), spawn("same", 2)]), [1, 2]);
  const [done, failed] = settled([spawn("same", 1), spawn("fail")]);
  assert.deepEqual(done, { ok: true, value: 1 });
  assert.ok(failed && !failed.ok && failed.failure.code === "told");
  assert.equal(thrown(() => all([spawn("same", 1), spawn("fail")])).code, "told");
  assert.equal(thrown(() => any([])).code, "misplaced");
  assert.deepEqual(run.forgotten, []);
});

test("what nobody waited for is given up", () => {
  start();
  const [first, second] = [signal("a"), signal("a")];
  assert.equal(first.wait(), 1);
  first.forget();
  assert.deepEqual(run.forgotten, []);
  second[Symbol.dispose]();
  second.forget();
  assert.deepEqual(run.forgotten, [second.ticket]);

  start();
  let asked: Pending<unknown> | undefined;
  const { run: called } = workflows({ body: () => void (asked = signal("a")) });
  assert.deepEqual(called("body", "null"), { tag: "completed", val: "null" });
  assert.deepEqual(run.forgotten, [asked?.ticket]);

  start();
  assert.equal(signalWithin("a", 5), 1);
  assert.deepEqual(run.forgotten, [1]);
  start({ at: 0 });
  assert.throws(() => call("same", 1), Cancelled);
  assert.deepEqual(run.forgotten, [0]);
});

test("only what was approved is", () => {
  start();
  const decide = (data: unknown) => approval("a", data);
  const given = { approved: true, by: "ann", data: [1] };
  assert.deepEqual(decide(given), { outcome: "approved", by: "ann", data: [1] });
  const refused = { outcome: "refused", by: undefined, data: null };
  assert.deepEqual(decide({ approved: false, by: null, data: null }), refused);
  assert.deepEqual(decide({ approved: "true" }), refused);
  assert.deepEqual(decide(null), refused);
  assert.deepEqual(decide("nobody"), { outcome: "expired" });
});

test("a body ends as it says", () => {
  start();
  const { run: called } = workflows({
    plus: (n: number) => n + 1,
    next: (n: number) => continueAsNew(n + 1),
    cancelled: () => {
      throw new Cancelled();
    },
    child: () => {
      throw Failure.fatal("cancelled", "");
    },
    no: () => {
      throw Failure.fatal("no", "");
    },
    broken: () => (undefined as any).x,
    later: async () => 1,
  });
  assert.deepEqual(called("plus", "1"), { tag: "completed", val: "2" });
  assert.deepEqual(called("next", "1"), { tag: "continued", val: "2" });
  assert.deepEqual(called("cancelled", "null"), { tag: "cancelled" });
  assert.deepEqual(called("child", "null"), { tag: "cancelled" });
  const code = (name: string, input = "null") => (called(name, input) as any).val.code;
  assert.equal(code("no"), "no");
  assert.equal(code("broken"), "error");
  assert.equal(code("later"), "error");
  assert.equal(code("plus", "x"), "invalid-input");
  assert.equal(code("constructor"), "unknown-workflow");
  assert.throws(() => workflows({ none: 1 as never }), TypeError);
});

test("a function may ask for which step it is", () => {
  const attempt = { number: 2, key: "k" };
  const context = { run: "r", workflow: "w", step: "s", attempt, user: null };
  const { call: called } = functions({
    plus: (n: number) => n + 1,
    who: (_, context) => [context.attempt.number, context.user === undefined],
    none: () => undefined,
    broken: () => (undefined as any).x,
  });
  assert.equal(called("plus", "1", context), "2");
  assert.equal(called("who", "null", context), "[2,true]");
  assert.equal(called("none", "null", context), "null");
  const failure = (name: string, input = "null") =>
    thrown(() => called(name, input, context)).payload;
  assert.deepEqual(
    [failure("plus", "{").code, failure("plus", "{").retry],
    ["invalid-input", false],
  );
  assert.deepEqual([failure("broken").code, failure("broken").retry], ["error", true]);
  assert.equal(failure("toString").code, "unknown-function");
});

test("numbers are numbers, and none is undefined", () => {
  start();
  assert.equal(random(), 7);
  assert.equal(info().startedAtMs, 1);
  assert.equal(info().user, undefined);
});
