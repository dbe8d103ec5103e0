"""Durable workflows: bodies that read like ordinary code, and survive the end of any host.

What a body does to the world it does in steps, whose results are recorded. It is called again from
its start whenever its run goes on, and given what is recorded; so it must ask for the same again.
Time and random numbers are the run's own, by `time` and `random` as well. Results are values of
JSON: a tuple that a step returns is a list.

    from datetime import timedelta

    from satama.workflow import (
        Context, Failure, FunctionHandler, Step, WorkflowHandler,
        function, signal_within, sleep, step, workflow,
    )

    @workflow("greet")
    def greet(name: str) -> str:
        text = step("compose", lambda: f"Hello, {name}!")
        sleep(timedelta(days=1))
        sent = Step("send", retries=5).call("send", text)
        reply = signal_within("reply", timedelta(minutes=1))
        if reply is None:
            raise Failure.fatal("no-reply", f"none to {sent}")
        return reply

    @function("send")
    def send(text: str, context: Context) -> int:
        print(text, context.attempt.key)
        return len(text)

`WorkflowHandler` and `FunctionHandler` have to be names of the app's module: there
componentize-py looks for what the world exports.
"""

from .._failure import Failure
from ..errors import Cancelled, Misplaced
from ._child import Child, child
from ._facts import Facts, info, now, random, set_state, state, uuid
from ._handlers import (
    Context,
    ContinueAsNew,
    FunctionHandler,
    WorkflowHandler,
    function,
    workflow,
)
from ._pending import Pending, all, any, settled
from ._saga import Doing, Done, Effect, Failed, Saga, Undo, Unknown
from ._step import Attempt, Backoff, Step, call, spawn, step
from ._wait import (
    Decision,
    approval,
    ask,
    signal,
    signal_within,
    sleep,
    sleep_until,
    suspend,
    timer,
    timer_at,
)

__all__ = [
    "Attempt",
    "Backoff",
    "Cancelled",
    "Child",
    "Context",
    "ContinueAsNew",
    "Decision",
    "Doing",
    "Done",
    "Effect",
    "Facts",
    "Failed",
    "Failure",
    "FunctionHandler",
    "Misplaced",
    "Pending",
    "Saga",
    "Step",
    "Undo",
    "Unknown",
    "WorkflowHandler",
    "all",
    "any",
    "approval",
    "ask",
    "call",
    "child",
    "function",
    "info",
    "now",
    "random",
    "set_state",
    "settled",
    "signal",
    "signal_within",
    "sleep",
    "sleep_until",
    "spawn",
    "state",
    "step",
    "suspend",
    "timer",
    "timer_at",
    "uuid",
    "workflow",
]
