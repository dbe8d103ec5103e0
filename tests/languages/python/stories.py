"""Workflows and functions, and their runs as they are seen from outside."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from satama.run import Options, Runs
from satama.workflow import (
    Attempt,
    Backoff,
    Child,
    Context,
    ContinueAsNew,
    Failure,
    Saga,
    Step,
    approval,
    function,
    workflow,
)

from runs import PATIENCE, asked
from satama import Cancelled, Error, Json, Misplaced
from satama import workflow as of
from show import Lines, show

MOMENT = timedelta(milliseconds=5)
MS = timedelta(milliseconds=1)
TEN_MINUTES = timedelta(minutes=10)


def compact(value: Any) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def outside(t: Lines) -> None:
    """Starts the workflows below, does what they wait for, and says what came of them."""
    with Runs.open("story") as r:
        id = r.start({"n": 3}, Options(user="ann-ä")).id
        t.call("signal", r.signal, id, "go", {"from": "ä€😀"})
        asked(r, id, "approval", "pay")
        t.done("decide", r.decide, id, "pay", False, by="bob", data="too much")
        info = t.of("story", lambda info: Named(info.status), r.wait, id, PATIENCE)
        for line in info.output or []:
            t.say("story", line)
        t.call("its state", r.state, id, "progress")
        t.call("what a function set", r.state, id, "seen")
        t.call("its steps", r.steps, id)
    ended(t, "undone", "card")
    ended(t, "counts", 2)
    ended(t, "echo", Json('{"ä": [1, null, true, 1.5]}'))
    with Runs.open("cancelled") as r:
        id = r.start().id
        asked(r, id, "step", "reserve")
        t.done("cancel", r.cancel, id, "enough")
        t.call("wait", r.wait, id, PATIENCE)
        t.call("it was told", r.state, id, "told")
        t.call("its steps", r.steps, id)


class Named:
    """Something whose name says what it is."""

    def __init__(self, name: str) -> None:
        self.name = name


@show.register
def _(named: Named) -> str:
    return named.name


def ended(t: Lines, name: str, input: Any) -> None:
    """Says how a run ends."""
    with Runs.open(name) as r:
        id = r.start(input).id
        info = t.call(name, r.wait, id, PATIENCE)
        if info.failure is not None:
            t.say("why", info.failure.message)
            t.say("details", info.failure.json)
        t.call("its steps", r.steps, id)


@workflow("story")
def story(input: Any) -> list[str]:
    """One of everything."""
    t = Lines()
    info = of.info()
    t.say("workflow", info.workflow)
    t.say("user", info.user)
    t.say("parent", info.parent)
    t.say("generation", info.generation)
    t.say("input", input["n"])
    t.say("random", of.random() < 1 << 53)
    t.say("uuid", len(of.uuid()))
    began = of.now()
    t.say("it begins", began > datetime(1970, 1, 1, tzinfo=UTC))
    functions(t)
    steps(t)
    waits(t)
    t.say("time goes on", of.now() >= began + MOMENT)
    refusals(t)
    of.set_state("progress", {"done": "ä€😀"})
    t.say("state", compact(of.state("progress")))
    t.say("no state", of.state("none"))
    return t.lines


class Results(list[Any]):
    """Results and failures."""


@show.register
def _(results: Results) -> str:
    texts = [f"error {show(each)}" if isinstance(each, Failure) else show(each) for each in results]
    return f"[{', '.join(texts)}]"


def functions(t: Lines) -> None:
    t.say("in parallel", of.all([of.spawn("double", n) for n in (1, 2, 3)]))
    t.say("called", of.call("double", 21))
    third = Step("third", retries=5, backoff=Backoff.fixed(MS)).spawn("third-time")
    refused = of.spawn("refuse", "no")
    t.say("settled", Results(of.settled([third, refused])))
    t.say("a function knows", compact(Step("ask", timeout=TEN_MINUTES).call("facts")))
    child = Child("little", priority=9, timeout=TEN_MINUTES).start("echo", ["ä"])
    t.say("child", compact(child.wait()))


def steps(t: Lines) -> None:
    t.say("step", of.step("one", lambda: "tehty-ä"))
    quick = Backoff.doubling(MS, 2 * MS, jitter_percent=50)
    keys: set[str] = set()

    def third(attempt: Attempt) -> list[Any]:
        keys.add(attempt.key)
        if attempt.number < 3:
            raise Failure("early", "not yet")
        return [attempt.number, len(keys) == 1]

    t.of("tried", lambda result: result[0], Step("tried", retries=2, backoff=quick).run, third)

    def never(attempt: Attempt) -> None:
        raise Failure.fatal("no", "never-ä", details=[1, 2])

    details = None
    try:
        Step("fatal", retries=5).run(never)
    except Failure as failure:
        t.lines.append(f"fatal: error {show(failure)}")
        details = failure.json
    t.say("its details", details)


def waits(t: Lines) -> None:
    of.sleep(MOMENT)
    of.sleep_until(of.now() + MOMENT)
    with of.timer("late", timedelta(hours=1)) as late:
        soon = of.timer_at("soon", of.now())
        t.say("first", of.any([late, soon]))
        soon.wait()
    t.say("signal", compact(of.signal("go").wait()))
    t.say("no signal", of.signal_within("never", MOMENT))
    t.say("nobody decides", approval("quick", None, MS).expired)
    decision = approval("pay", {"cents": 100})
    by = f"{show(decision.by)} {compact(decision.data)}"
    t.say("approval", "approved" if decision.approved else f"refused {by}")


def refusals(t: Lines) -> None:
    t.call("a function that is not granted", of.call, "other")
    t.call("a longer name", of.call, "f" * 256)
    t.done("a longer wait", of.sleep, timedelta(days=11 * 365))
    deep: Any = None
    for _ in range(200):
        deep = [deep]
    t.done("state that is nested too deep", of.set_state, "deep", deep)
    t.done("a larger state", of.set_state, "large", "v" * (256 << 10))
    t.call("nothing to wait for", of.any, [])

    def outer() -> str:
        try:
            of.step("inner", lambda: None)
        except Misplaced as err:
            return f"error {show(err)}"
        return "ok"

    t.say("a step in a step", of.step("outer", outer))


@workflow("undone")
def undone(input: str) -> None:
    """Is refused at its third step, and undoes the two before."""
    with Saga() as saga:
        saga.step("reserve", lambda doing: 7, undo=lambda undo: None)
        saga.call("double it", "double", lambda token: 2, undo=lambda undo: None)
        saga.defer("note", lambda attempt: None)

        def charge(doing: of.Doing) -> None:
            raise Failure.fatal("card-declined", f"no {input}", details=["ä"])

        saga.step("charge", charge, undo=lambda undo: None)


@workflow("waits")
def waits_for_people(_: Any) -> str:
    """Waits for all that somebody else can do."""
    of.suspend("why")
    signal = of.signal("go").wait()
    decision = approval("pay", "ä")
    return f"{compact(signal)} {show(decision.by if decision.approved else None)}"


@workflow("counts")
def counts(n: int) -> str | ContinueAsNew:
    """Goes on as new, and counts down."""
    if n > 0:
        of.step("count", lambda: n)
        return ContinueAsNew(n - 1)
    return "zero"


@workflow("cancelled")
def cancelled(_: Any) -> None:
    """Is cancelled while it waits, and undoes what it did."""
    with Saga() as saga:
        saga.step("reserve", lambda doing: None, undo=lambda undo: None)
        try:
            of.signal("never").wait()
        except (Cancelled, Error) as told:
            # Said once: all that comes after it works.
            of.set_state("told", told.code)
            raise


@workflow("echo")
def echo(input: Any) -> Any:
    return input


@function("double")
def double(n: int) -> int:
    return 2 * n


@function("third-time")
def third_time(_: Any, context: Context) -> int:
    if context.attempt.number < 3:
        raise Failure("early", "not yet")
    return context.attempt.number


@function("refuse")
def refuse(why: str) -> int:
    raise Failure.fatal("refused", why, details={"ä": 1})


@function("facts")
def facts(_: Any, context: Context) -> list[Any]:
    of.set_state("seen", context.step)
    number, key = context.attempt.number, len(context.attempt.key)
    seen = of.state("seen")
    return [context.workflow, context.step, context.user, number, key, seen]
