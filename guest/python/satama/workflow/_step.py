"""Steps: where a body does something to the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from componentize_py_types import Err, Ok, Result

from .. import _values as values
from .._failure import Failure, of_wit
from ..errors import Cancelled, InvalidJson, TooLarge
from ._host import host, of_raised, output, to_wit, wit, written
from ._pending import Pending, of_json

T = TypeVar("T")

DELAY = timedelta(seconds=1)
DELAY_MAX = timedelta(seconds=60)

JITTER_PERCENT = 20


@dataclass(frozen=True)
class Attempt:
    """One attempt of a step."""

    number: int
    """Counts from one."""
    key: str
    """The same for every attempt of this step of this run, and for no other: a UUID."""


@dataclass(frozen=True)
class Backoff:
    """How the wait before another attempt grows."""

    delay: timedelta
    """The wait before the second attempt."""
    delay_max: timedelta
    """The longest wait."""
    exponential: bool
    """Whether it is twice as long each time; if not, it is the same."""
    jitter_percent: int
    """How much of a wait may be left out at random, in percent; at most 100."""

    @classmethod
    def fixed(cls, delay: timedelta, *, jitter_percent: int = 0) -> Backoff:
        """The same wait each time, and nothing of it left out."""
        return cls(delay, delay, False, jitter_percent)

    @classmethod
    def doubling(
        cls,
        delay: timedelta = DELAY,
        delay_max: timedelta = DELAY_MAX,
        *,
        jitter_percent: int = JITTER_PERCENT,
    ) -> Backoff:
        """Twice as long each time, up to `delay_max`; a fifth of it is left to chance."""
        return cls(delay, delay_max, True, jitter_percent)


BACKOFF = Backoff.doubling()


@dataclass(frozen=True)
class Step:
    """A step to be: inline (`run`), or a function (`call`, `spawn`).

    step = Step("charge", retries=5, timeout=timedelta(seconds=30))
    receipt = step.run(lambda attempt: pay(cents, attempt.key))
    """

    name: str
    """At most 255 bytes. Steps may have the same."""
    retries: int = 0
    """How often it is tried again, so once more than this in all."""
    backoff: Backoff = BACKOFF
    """How long to wait before another attempt: from a second to a minute, unless told."""
    timeout: timedelta | None = None
    """End an attempt that takes longer. It has failed as `timeout` then."""
    undo: bool = False
    """Whether it undoes an earlier one. `Saga` marks them by itself."""

    def run(self, work: Callable[[Attempt], T]) -> T:
        """Run `work` as the step, again if it fails and attempts are left.

        A result is what can be read back from its record, also the first time.
        """
        result: T = output(drive(self.begin(), work))
        return result

    def call(self, function: str, input: Any = None) -> Any:
        """Have a function run as the step, and wait for its result."""
        with self.spawn(function, input) as pending:
            return pending.wait()

    def spawn(self, function: str, input: Any = None) -> Pending[Any]:
        """Have a function run as the step, at the same time as what comes next."""
        name, function = values.text(self.name), values.text(function)
        return of_json(host(wit.spawn, name, function, written(input), self.options()))

    def begin(self) -> wit.Begun:
        """Begin it: after this it is open, or has come to an end before. For the SDK itself."""
        return host(wit.begin, values.text(self.name), self.options())

    def to_undo(self, name: str) -> Step:
        """The same under another name, to undo what has that name."""
        return replace(self, name=name, undo=True)

    def options(self) -> wit.StepOptions:
        """Its options, for the host."""
        retry = None
        if self.retries > 0:
            backoff = self.backoff
            kind = wit.Backoff.EXPONENTIAL if backoff.exponential else wit.Backoff.FIXED
            retry = wit.Retry(
                attempts=min(values.unsigned(self.retries) + 1, values.U32_MAX),
                delay_ms=values.millis(backoff.delay),
                backoff=kind,
                delay_max_ms=values.millis(backoff.delay_max),
                jitter_percent=values.unsigned(backoff.jitter_percent, 255),
            )
        return wit.StepOptions(retry, values.maybe_millis(self.timeout), values.flag(self.undo))

    @classmethod
    def of(cls, step: Step | str) -> Step:
        """A step by its name is tried once."""
        return cls(step) if isinstance(step, str) else step


def step(name: str, work: Callable[[], T]) -> T:
    """Do something to the world, once recorded never again: the step called `name`, tried once.

    `work` may still run more than once, if a host is lost between its effect and the record;
    `Step.run` gives it a key to tell by.
    """
    return Step(name).run(lambda attempt: work())


def call(function: str, input: Any = None) -> Any:
    """Have a function run as a step of its name, and wait for its result."""
    return Step(function).call(function, input)


def spawn(function: str, input: Any = None) -> Pending[Any]:
    """Have a function run as a step of its name, at the same time as what comes next."""
    return Step(function).spawn(function, input)


def drive(begun: wit.Begun, work: Callable[[Attempt], Any]) -> str:
    """Run `work` until the step's end is recorded. Its recorded result, as JSON."""
    match begun:
        case wit.Begun_Done(text):
            return text
        case wit.Begun_Failed(failure):
            raise of_wit(failure)
        case wit.Begun_Execute(attempt):
            pass
    while True:
        text, failed, cause = attempted(work, Attempt(attempt.number, attempt.key))
        try:
            verdict = host(wit.finish, ended(text, failed))
        except (InvalidJson, TooLarge) as err:
            # The step is open still: it ends with why it could not.
            failed, cause = of_raised(err), err
            verdict = host(wit.finish, ended(text, failed))
        if isinstance(verdict, wit.Verdict_Again):
            attempt = verdict.value
        elif failed is None:
            return text
        else:
            raise of_wit(to_wit(failed)) from cause


def attempted(
    work: Callable[[Attempt], Any], attempt: Attempt
) -> tuple[str, Failure | None, BaseException | None]:
    """What an attempt came to: a result, or a failure and what it was made of."""
    try:
        return written(work(attempt)), None, None
    except Failure as failure:
        return "", failure, failure.__cause__
    except (Exception, Cancelled) as err:
        return "", of_raised(err), err


def ended(text: str, failed: Failure | None) -> Result[str, wit.Failure]:
    """What an attempt came to, for the host."""
    return Ok(text) if failed is None else Err(to_wit(failed))
