"""Time, signals, approvals, and waiting until someone resumes the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .. import _values as values
from .._failure import of_wit
from ._host import host, output, wit, written
from ._pending import Pending, any, of_json


def sleep(duration: timedelta) -> None:
    """Wait for so long, at most ten years. It does not matter which hosts are up until then."""
    with timer("sleep", duration) as late:
        late.wait()


def sleep_until(time: datetime) -> None:
    """Wait until a time."""
    with timer_at("sleep", time) as late:
        late.wait()


def timer(name: str, duration: timedelta) -> Pending[None]:
    """A timer that goes off so long after it is recorded."""
    return of_json(host(wit.timer, values.text(name), values.millis(duration)))


def timer_at(name: str, time: datetime) -> Pending[None]:
    """A timer that goes off at a time, which has a time zone."""
    return of_json(host(wit.timer_at, values.text(name), values.moment(time)))


def signal(name: str) -> Pending[Any]:
    """The next signal called `name`, which may have come already.

    Each is given once, in the order in which they came; one that was asked for and not waited for
    is given to who asks next.
    """
    return of_json(host(wit.signal, values.text(name)))


def signal_within(name: str, duration: timedelta, default: Any = None) -> Any:
    """Wait for the next signal called `name`, but no longer than this; `default` if none came."""
    with signal(name) as next, timer(name, duration) as late:
        return next.wait() if any([next, late]) == 0 else default


@dataclass(frozen=True)
class Decision:
    """What became of an approval."""

    approved: bool
    """Whether someone approved."""
    expired: bool
    """Whether nobody decided in time. If neither, someone refused."""
    by: str | None
    """Who decided, if that was said."""
    data: Any
    """What they said to it."""


def decision(outcome: wit.Outcome) -> Decision:
    """Of an approval. Whatever is not an approval is none."""
    match outcome:
        case wit.Outcome_Done(text):
            read = output(text)
            by = read.get("by")
            by = by if isinstance(by, str) else None
            return Decision(read.get("approved") is True, False, by, read.get("data"))
        case wit.Outcome_Failed(failure):
            raise of_wit(failure)
        case _:
            return Decision(False, True, None, None)


def approval(name: str, data: Any = None, within: timedelta | None = None) -> Decision:
    """Ask for an approval and wait for it, but no longer than `within`.

    `data` is shown to whoever decides.
    """
    with ask(name, data, within) as asked:
        return asked.wait()


def ask(name: str, data: Any = None, within: timedelta | None = None) -> Pending[Decision]:
    """Ask for an approval. As `approval`, and does not wait."""
    expires = values.maybe_millis(within)
    return Pending(host(wit.approval, values.text(name), written(data), expires), decision)


def suspend(reason: str) -> None:
    """Stop until someone resumes the run."""
    host(wit.suspend, values.text(reason))
