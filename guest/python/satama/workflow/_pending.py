"""What a body waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

from .._failure import Failure, of_wit
from ..errors import Cancelled, Error, Misplaced
from ._host import host, output, wit

T = TypeVar("T")


class Body:
    """The body that is being called, if one is."""

    number = 0
    """Counts them: what is left of an earlier one is not of this run."""
    pending: ClassVar[dict[int, Pending[Any]]] = {}
    """What it waits for, or may, by ticket."""

    @classmethod
    def ends(cls) -> None:
        """Give up what it has not waited for, in the order in which it was asked for."""
        for pending in list(cls.pending.values()):
            pending.forget()
        cls.pending.clear()
        cls.number += 1


class Pending(Generic[T]):
    """Something that was asked for: a function, a child, a timer, a signal or an approval.

    Before a wait has answered, it is given up by `forget` or at the end of a `with`, and otherwise
    when the body ends: a timer or an approval ends then, and a signal goes to who asks next.
    Nothing is given up because nobody holds it any more: when that is depends on what else was
    done, and a replay has to ask for the same.
    """

    def __init__(self, ticket: int, read: Callable[[wit.Outcome], T]) -> None:
        self.ticket = ticket
        """What it is in this run."""
        self._read = read
        self._settled = False
        self._body = Body.number
        Body.pending[ticket] = self

    def wait(self) -> T:
        """Wait for it. After `Cancelled` it can be waited for again."""
        outcome = host(wit.wait, self.ticket)
        self._settle()
        return self._read(outcome)

    def forget(self) -> None:
        """Give it up, unless a wait has answered."""
        if self._settled or self._body != Body.number:
            return
        self._settle()
        # If it fails, there is nothing that could be done.
        with suppress(Error, Cancelled):
            host(wit.forget, [self.ticket])

    def raw(self) -> Pending[str]:
        """The same, whose result stays JSON. This one is none after that."""
        self._settle()
        return Pending(self.ticket, done)

    def _settle(self) -> None:
        self._settled = True
        if self._body == Body.number:
            Body.pending.pop(self.ticket, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.forget()

    def __repr__(self) -> str:
        return f"Pending({self.ticket})"


def done(outcome: wit.Outcome) -> str:
    """The result, of what has one, as JSON."""
    match outcome:
        case wit.Outcome_Done(text):
            return text
        case wit.Outcome_Failed(failure):
            raise of_wit(failure)
        case _:
            raise Failure.fatal("expired", "nobody decided in time")


def of_json(ticket: int) -> Pending[Any]:
    """Something whose result is JSON."""
    return Pending(ticket, lambda outcome: output(done(outcome)))


def all(pending: Iterable[Pending[T]]) -> list[T]:
    """Wait for all of these. Their results, in their order.

    Of those that failed, the one that is first in the list is raised.
    """
    results: list[T] = []
    for result in settled(pending):
        if isinstance(result, Failure):
            raise result
        results.append(result)
    return results


def settled(pending: Iterable[Pending[T]]) -> list[T | Failure]:
    """Wait for all of these. Of each the result, or the failure that it came to."""
    waits = list(pending)
    results: list[T | Failure] = []
    try:
        host(wit.wait_all, [wait.ticket for wait in waits])
        for wait in waits:
            try:
                results.append(wait.wait())
            except Failure as failure:
                # Its traceback would hold what the caller has.
                results.append(failure.with_traceback(None))
    finally:
        for wait in waits:
            wait.forget()
    return results


def any(pending: Sequence[Pending[Any]]) -> int:
    """Wait for any of these. Which it is, as its place: of those that are settled, the first.

    What came of it, its own `wait` tells, at once. Of none it is `Misplaced`.

        quote = spawn("quote", "a book")
        late = timer("late", timedelta(minutes=1))
        if any([quote, late]) == 0:
            print(quote.wait(), "cents")
    """
    if not pending:
        raise Misplaced("there is nothing to wait for", interface="workflow")
    return host(wit.wait_any, [wait.ticket for wait in pending])
