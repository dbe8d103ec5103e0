/** Sagas, on a host that is lost and cancels wherever it can. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Cancelled, Failure, Saga, type Undo } from "../src/workflow/index.ts";
import { type Cancel, recorded, replay, start } from "./fake/workflow.ts";

/** What was done in the world, in its order. */
type World = string[];

function undo(world: World, name: string) {
  return ({ effect, token }: Undo<number>) => {
    const what =
      effect.outcome === "done"
        ? `done ${effect.result}`
        : effect.outcome === "failed"
          ? `failed ${effect.failure.code}`
          : "unknown";
    world.push(`undo ${name} ${token} ${what}`);
  };
}

/** Three steps, of which `fail` fails, each tried twice. */
function three(world: World, fail: string): number {
  return Saga.run((saga) => {
    let sum = 0;
    for (const [n, name] of ["a", "b", "c"].entries()) {
      const work = ({ token }: { token: string }) => {
        world.push(`do ${name} ${token}`);
        if (name === fail) throw Failure.retryable("told", "");
        return n + 1;
      };
      sum += saga.step(name, work, undo(world, name), { retries: 1 });
    }
    return sum;
  });
}

/** What a body comes to: its result, or the code of what it throws. */
function outcome(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("what an undo returns is not recorded", () => {
  start();
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const failed = outcome(() =>
    Saga.run((saga) => {
      saga.step(
        "a",
        () => 1,
        (): unknown => ({ rows: 1n }),
      );
      saga.defer("b", () => circular);
      throw Failure.fatal("told", "");
    }),
  );
  assert.equal(failed, "told");
  assert.deepEqual(recorded(), ["a: 1", "undo b: null", "undo a: null"]);
});

test("what fails is undone newest first", () => {
  start();
  const world: World = [];
  assert.equal(three([], "none"), 6);
  assert.deepEqual(recorded(), ["a: 1", "b: 2", "c: 3"]);

  start();
  assert.equal(
    outcome(() => three(world, "b")),
    "told",
  );
  assert.deepEqual(recorded(), ["a: 1", "b: failed told", "undo b: null", "undo a: null"]);
  assert.deepEqual(world, [
    "do a token-1",
    "do b token-2",
    "do b token-2",
    "undo b token-2 failed told",
    "undo a token-1 done 1",
  ]);
  replay();
  const again: World = [];
  assert.equal(
    outcome(() => three(again, "b")),
    "told",
  );
  assert.deepEqual(again, []);
});

test("a cancel undoes everything, wherever it comes", () => {
  const cancels = [...Array(8).keys()].flatMap((n): Cancel[] => [{ at: n }, { within: n }]);
  for (const fail of ["none", "a", "b", "c"]) {
    for (const cancel of cancels) {
      const world: World = [];
      start(cancel);
      const result = outcome(() => three(world, fail));
      const what = `${fail} ${JSON.stringify(cancel)}: ${world}`;
      const tokens = new Map<string, { did: boolean; undone: number }>();
      for (const line of world) {
        const [verb, , token = ""] = line.split(" ");
        const known = tokens.get(token) ?? { did: false, undone: 0 };
        if (verb === "do") known.did = true;
        else known.undone += 1;
        tokens.set(token, known);
      }
      const expected = typeof result === "string" ? 1 : 0;
      const all = [...tokens.values()];
      assert.ok(
        all.every(({ undone }) => undone === expected),
        what,
      );
      // The one that was told may have been done by a host that was lost.
      assert.ok(all.filter(({ did }) => !did).length <= 1, what);

      const before = recorded();
      replay();
      const again: World = [];
      assert.equal(
        outcome(() => three(again, fail)),
        result,
        what,
      );
      assert.deepEqual([again, recorded()], [[], before], what);
    }
  }
});

test("a step that was told may have run", () => {
  const world: World = [];
  start({ at: 1 });
  const body = () =>
    Saga.run((saga) => {
      saga.step("a", () => 1, undo(world, "a"));
      return saga.step("b", () => 2, undo(world, "b"));
    });
  assert.throws(body, Cancelled);
  assert.deepEqual(world, ["undo b token-2 unknown", "undo a token-1 done 1"]);
  assert.deepEqual(recorded(), ["a: 1", "undo b: null", "undo a: null"]);
});

test("a cancel while it is undone keeps nothing from it", () => {
  const world: World = [];
  let tries = 0;
  const body = () =>
    Saga.run((saga) => {
      saga.step("a", () => 1, undo(world, "a"));
      saga.defer("d", ({ key }) => {
        tries += 1;
        world.push(`undo d ${key}`);
        if (tries === 1) throw Failure.retryable("x", "");
      });
      throw Failure.fatal("why", "");
    });
  // While it waits for the second attempt: that is given up, so it is begun anew.
  start({ within: 1 });
  assert.equal(outcome(body), "why");
  assert.deepEqual(recorded(), ["a: 1", "undo d: abandoned x", "undo d: null", "undo a: null"]);
  assert.deepEqual(world, ["undo d key-1", "undo d key-2", "undo a token-1 done 1"]);
});

test("what cannot be undone is told, and keeps no other from it", () => {
  const world: World = [];
  start();
  let failure: unknown;
  try {
    Saga.run((saga) => {
      saga.step("a", () => 1, undo(world, "a"));
      saga.step(
        "b",
        () => null,
        () => {
          throw Failure.fatal("stuck", "it is");
        },
      );
      throw Failure.fatal("why", "because");
    });
  } catch (error) {
    failure = error;
  }
  assert.ok(failure instanceof Failure);
  assert.equal(failure.code, "undo-failed");
  assert.equal(failure.message, "why: because; not undone: b (stuck: it is)");
  assert.deepEqual(failure.details, [["b", "stuck: it is"]]);
  assert.deepEqual(world, ["undo a token-1 done 1"]);
});

test("a function is waited for before it is undone", () => {
  for (const [target, undone] of [
    ["same", "done 7"],
    ["fail", "failed told"],
  ] as const) {
    const world: World = [];
    start({ at: 0 });
    const body = () => Saga.run((saga) => saga.call<number>(target, () => 7, undo(world, "f")));
    assert.throws(body, Cancelled);
    assert.deepEqual(world, [`undo f token-1 ${undone}`]);
  }
});

test("an undo that is async is refused", () => {
  start();
  const body = () =>
    Saga.run((saga) => {
      saga.step(
        "a",
        () => 1,
        async () => {},
      );
      throw Failure.fatal("why", "");
    });
  assert.equal(outcome(body), "undo-failed");
});
