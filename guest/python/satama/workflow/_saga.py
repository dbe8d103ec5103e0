"""Undoing what was done, when what comes after it fails or the run is cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .._failure import Failure, of_error
from ..errors import Cancelled
from ._facts import uuid
from ._host import output
from ._step import Attempt, Step, drive

T = TypeVar("T")

UNDO_RETRIES = 9
"""How often undoing something is tried again: left undone it needs a person."""


@dataclass(frozen=True)
class Doing:
    """An attempt of a step that can be undone."""

    attempt: Attempt
    """Which it is."""
    token: str
    """The same for every attempt of this step, and for what undoes it: a UUID.

    To name what is done by, so that it is found when it is to be undone.
    """


@dataclass(frozen=True)
class Done(Generic[T]):
    """The step is done."""

    result: T


@dataclass(frozen=True)
class Failed:
    """The step has failed. It may have had an effect all the same."""

    failure: Failure


@dataclass(frozen=True)
class Unknown:
    """The step may have had an effect: the run was cancelled before its end was recorded."""


Effect = Done[T] | Failed | Unknown


@dataclass(frozen=True)
class Undo(Generic[T]):
    """An attempt to undo a step."""

    effect: Done[T] | Failed | Unknown
    """What there is to undo."""
    token: str
    """What `Doing.token` was."""
    attempt: Attempt
    """Which attempt to undo it this is."""

    @property
    def result(self) -> T | None:
        """The step's result, if it has one."""
        return self.effect.result if isinstance(self.effect, Done) else None


class Saga:
    """Steps that can be undone, newest first.

    Where its `with` is left by an exception, all are undone, each as a step of its own, and the
    exception goes on. If some could not be undone, a `Failure` with the code `undo-failed` is
    raised in its place.

        with Saga() as saga:
            shelf = saga.step(
                "reserve",
                lambda doing: reserve(book, doing.token),
                undo=lambda undo: release(undo.token),
            )
            saga.step("pay", lambda doing: pay(doing.token), undo=lambda undo: refund(undo.token))

    A step may have had an effect though it has no result: it failed after some attempts, or the
    run was cancelled while it was tried. So it is undone too, and `Undo.effect` says which.

    Any call within a saga may be told of a cancel, setting the state as well. So nothing should be
    called after the step from which there is no way back.
    """

    def __init__(self, undo_as: Step | None = None) -> None:
        self._undo_as = undo_as or Step("", retries=UNDO_RETRIES)
        self._undos: list[tuple[str, Callable[[Step], None]]] = []

    def step(
        self,
        step: Step | str,
        work: Callable[[Doing], T],
        *,
        undo: Callable[[Undo[T]], object],
    ) -> T:
        """Run `work` as a step, as `Step.run` does, that `undo` undoes."""
        step = Step.of(step)
        token = uuid()
        effect: Done[T] | Failed | Unknown | None = None
        try:
            begun = step.begin()
            effect = Unknown()
            text = drive(begun, lambda attempt: work(Doing(attempt, token)))
            effect = effect_of(text)
        except Cancelled:
            # A host may have been lost between the effect and its record.
            effect = Unknown()
            raise
        except Failure as failure:
            effect = Failed(failure)
            raise
        finally:
            if effect is not None:
                self._push(step.name, compensation(effect, token, undo))
        result: T = output(text)
        return result

    def call(
        self,
        step: Step | str,
        function: str,
        input: Callable[[str], Any],
        *,
        undo: Callable[[Undo[Any]], object],
    ) -> Any:
        """Have a function run as a step and wait for its result; `undo` undoes it.

        What it is given is made by `input` of the step's token, as in `Doing.token`. If the run
        is cancelled meanwhile, the function is waited for before it is undone.
        """
        step = Step.of(step)
        token = uuid()
        pending = step.spawn(function, input(token)).raw()
        effect: Done[Any] | Failed | Unknown = Unknown()
        ended = True
        try:
            text = pending.wait()
            effect = effect_of(text)
        except Cancelled:
            ended = False
            raise
        except Failure as failure:
            effect = Failed(failure)
            raise
        finally:

            def compensate(step: Step) -> None:
                known = effect if ended else waited(pending.wait)
                compensation(known, token, undo)(step)

            self._push(step.name, compensate)
        return output(text)

    def defer(self, name: str, undo: Callable[[Attempt], object]) -> None:
        """Have `undo` run, as the step called `name`, when the steps before it are undone.

        For what was done in other ways.
        """
        self._push(name, lambda step: uncancelled(lambda: step.run(nothing(undo))))

    def undo(self) -> None:
        """Undo all steps, newest first, each as a step of its own, and each once.

        One that cannot be undone does not keep the others from it; it fails as `undo-failed`
        then. If the run is cancelled meanwhile, it goes on.
        """
        left: list[tuple[str, str]] = []
        while self._undos:
            name, run = self._undos.pop()
            try:
                run(self._undo_as.to_undo(name))
            except (Exception, Cancelled) as err:
                left.append((name, told(err)))
        if left:
            names = ", ".join(f"{name} ({why})" for name, why in left)
            raise Failure.fatal("undo-failed", f"not undone: {names}", details=left)

    def fail(self, cause: BaseException) -> BaseException:
        """Undo all steps, and return what to fail with then: `cause`, if they could be undone."""
        try:
            self.undo()
        except Failure as left:
            message = f"{told(cause)}; {left.message}"
            return Failure.fatal(left.code, message, details=left.json)
        return cause

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(exc_value, Exception | Cancelled):
            return
        error = self.fail(exc_value)
        if error is not exc_value:
            raise error from exc_value

    def _push(self, name: str, run: Callable[[Step], None]) -> None:
        self._undos.append((name, run))


def effect_of(text: str) -> Done[Any] | Failed | Unknown:
    """Of a step that has a result."""
    try:
        return Done(output(text))
    except Failure:
        return Unknown()


def waited(wait: Callable[[], str]) -> Done[Any] | Failed | Unknown:
    """What a function came to in the end."""
    try:
        return effect_of(uncancelled(wait))
    except Failure as failure:
        return Failed(failure)
    except (Exception, Cancelled):
        return Unknown()


def compensation(
    effect: Done[Any] | Failed | Unknown, token: str, undo: Callable[[Undo[Any]], object]
) -> Callable[[Step], None]:
    """What undoes one step."""

    def work(attempt: Attempt) -> object:
        return undo(Undo(effect, token, attempt))

    return lambda step: uncancelled(lambda: step.run(nothing(work)))


def nothing(work: Callable[[Attempt], object]) -> Callable[[Attempt], None]:
    """The same, whose result is of no interest."""

    def run(attempt: Attempt) -> None:
        work(attempt)

    return run


def uncancelled(call: Callable[[], T]) -> T:
    """Call once more what was told of a cancel: that is said once."""
    try:
        return call()
    except Cancelled:
        return call()


def told(error: BaseException) -> str:
    """What an exception says as the failure that it is."""
    failure = of_error(error)
    return str(failure) if failure.code == "error" or failure is error else str(error)
