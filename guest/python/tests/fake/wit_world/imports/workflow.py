"""A host for tests: one run, whose steps it records, and replays."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from componentize_py_types import Err, Ok

from ..cases import record

Error_Cancelled = record("Error_Cancelled")
Error_AccessDenied = record("Error_AccessDenied")
Error_InvalidJson = record("Error_InvalidJson")
Error_TooLarge = record("Error_TooLarge", "value")
Error_Misplaced = record("Error_Misplaced", "value")
Error_QuotaExceeded = record("Error_QuotaExceeded")
Error_Unavailable = record("Error_Unavailable")
Failure = record("Failure", "code", "message", "retry", "details")
Attempt = record("Attempt", "number", "key")
Retry = record("Retry", "attempts", "delay_ms", "backoff", "delay_max_ms", "jitter_percent")
StepOptions = record("StepOptions", "retry", "timeout_ms", "undo")
ChildOptions = record("ChildOptions", "timeout_ms", "priority")
Begun_Execute = record("Begun_Execute", "value")
Begun_Done = record("Begun_Done", "value")
Begun_Failed = record("Begun_Failed", "value")
Verdict_Done = record("Verdict_Done")
Verdict_Failed = record("Verdict_Failed")
Verdict_Again = record("Verdict_Again", "value")
Outcome_Done = record("Outcome_Done", "value")
Outcome_Failed = record("Outcome_Failed", "value")
Outcome_Expired = record("Outcome_Expired")
for case in list(globals().values()):
    # So that they can be matched by place.
    if hasattr(case, "__dataclass_fields__"):
        case.__match_args__ = tuple(case.__dataclass_fields__)


class Backoff(Enum):
    FIXED = 0
    EXPONENTIAL = 1


@dataclass
class Run:
    """A run, and where its body is."""

    record: list[tuple[str, bool, str, Any]] = field(default_factory=list)
    """Of each step its name, whether it undoes, and what came of it."""
    cancel: tuple[str, int] | None = None
    """When the body is told of a cancel: `at` a call, or `within` a step that waits."""
    bytes_max: int | None = None
    """A result is too large if it has more bytes than this."""
    next: int = 0
    told: bool = False
    drawn: int = 0
    open: tuple[str, Any, int] | None = None
    functions: list[Any] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    first: int = 0
    """Which of those that are waited for is settled first."""

    def tell(self, when: str) -> bool:
        """Whether the body is told now."""
        told = not self.told and self.cancel == (when, self.next)
        self.told |= told
        return told

    def attempt(self, number: int) -> Any:
        return Attempt(number, f"key-{self.next}")

    def end(self, name: str, undo: bool, kind: str, what: Any) -> None:
        self.record.append((name, undo, kind, what))
        self.open = None
        self.next += 1


run = Run()


def start(cancel: tuple[str, int] | None = None) -> Run:
    """A new run, that is cancelled then."""
    global run
    run = Run(cancel=cancel)
    return run


def replay() -> None:
    """The host of the body is lost; it is called again from its start."""
    global run
    run = Run(record=run.record, cancel=run.cancel, bytes_max=run.bytes_max)


def recorded() -> list[str]:
    """The steps that are recorded."""
    texts = {"done": "{}", "failed": "failed {}", "abandoned": "abandoned {}"}
    return [
        f"{'undo ' if undo else ''}{name}: "
        + texts[kind].format(what if kind == "done" else what.code)
        for name, undo, kind, what in run.record
    ]


def begin(name: str, options: Any) -> Any:
    if run.open is not None:
        raise Err(Error_Misplaced("a step is open"))
    past = run.record[run.next] if run.next < len(run.record) else None
    if past is not None:
        assert past[0] == name
        if run.tell("at"):
            raise Err(Error_Cancelled())
        run.next += 1
        if past[2] == "abandoned":
            run.told = True
            raise Err(Error_Cancelled())
        return Begun_Done(past[3]) if past[2] == "done" else Begun_Failed(past[3])
    if run.tell("at"):
        raise Err(Error_Cancelled())
    run.open = (name, options, 1)
    return Begun_Execute(run.attempt(1))


def finish(end: Any) -> Any:
    assert run.open is not None
    name, options, number = run.open
    if isinstance(end, Ok):
        if run.bytes_max is not None and len(end.value) > run.bytes_max:
            raise Err(Error_TooLarge(run.bytes_max))
        run.end(name, options.undo, "done", end.value)
        return Verdict_Done()
    attempts = 1 if options.retry is None else options.retry.attempts
    if not end.value.retry or number >= attempts:
        run.end(name, options.undo, "failed", end.value)
        return Verdict_Failed()
    if run.tell("within"):
        run.end(name, options.undo, "abandoned", end.value)
        raise Err(Error_Cancelled())
    run.open = (name, options, number + 1)
    return Verdict_Again(run.attempt(number + 1))


def ticket(outcome: Any, *asked: Any) -> int:
    """Something that is settled already."""
    run.functions.append(outcome)
    run.asked.append(asked)
    return len(run.functions) - 1


def spawn(name: str, function: str, input: str, options: Any) -> int:
    """A function returns its input; or fails, if it is called `fail`."""
    if function == "fail":
        return ticket(Outcome_Failed(Failure("told", "", False, None)), name, function, input)
    return ticket(Outcome_Done(input), name, function, input)


def child(name: str, workflow: str, input: str, options: Any) -> int:
    return ticket(Outcome_Done(input), name, workflow, input, options)


def timer(name: str, duration_ms: int) -> int:
    return ticket(Outcome_Done("null"), name, duration_ms)


def timer_at(name: str, at_ms: int) -> int:
    return ticket(Outcome_Done("null"), name, at_ms)


def signal(name: str) -> int:
    """It has come already."""
    return ticket(Outcome_Done("1"), name)


def approval(name: str, data: str, expires_ms: int | None) -> int:
    """What is asked for is how it is decided."""
    decided = Outcome_Expired() if data == "null" else Outcome_Done(data)
    return ticket(decided, name, data, expires_ms)


def wait(ticket: int) -> Any:
    if run.tell("at"):
        raise Err(Error_Cancelled())
    return run.functions[ticket]


def wait_all(tickets: list[int]) -> None:
    run.asked.append(("all", *tickets))


def wait_any(tickets: list[int]) -> int:
    return run.first


def forget(tickets: list[int]) -> None:
    run.forgotten.extend(tickets)


def uuid() -> str:
    run.drawn += 1
    return f"token-{run.drawn}"


def now_ms() -> int:
    return 1_700_000_000_123


def get_state(name: str) -> str | None:
    return None


def set_state(name: str, value: str) -> None:
    run.asked.append((name, value))
