"""What a run knows: itself, its time, its random numbers and its state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import _values as values
from ._host import host, output, wit, written


@dataclass(frozen=True)
class Facts:
    """What this run is."""

    run: str
    workflow: str
    generation: int
    """How often it was continued as new: zero at first."""
    user: str | None
    """Who it is for, if that is known."""
    parent: str | None
    """The run that has this as its child, if one has."""
    started_at: datetime
    history_events: int
    """Events of its history so far, as the body has seen it."""
    continue_soon: bool
    """Whether the history is long enough to continue as new: 2,500 events or 4 MiB."""


def info() -> Facts:
    """The run, as the body has seen it so far."""
    facts = host(wit.info)
    return Facts(
        run=facts.run,
        workflow=facts.workflow,
        generation=facts.generation,
        user=facts.user,
        parent=facts.parent,
        started_at=values.time(facts.started_at_ms),
        history_events=facts.history_events,
        continue_soon=facts.continue_soon,
    )


def now() -> datetime:
    """The time of the last event that the body has seen. It never goes back."""
    return values.time(host(wit.now_ms))


def random() -> int:
    """The next random number of this run, below 2^53.

    Not for secrets: who can read the store can compute it.
    """
    return host(wit.random)


def uuid() -> str:
    """The next random id of this run: a UUID of version 4. As `random`."""
    return host(wit.uuid)


def state(name: str, default: Any = None) -> Any:
    """A part of the run's state, or `default` if it is not set.

    Works in a function too, for the run that it is a step of.
    """
    text = host(wit.get_state, values.text(name))
    return default if text is None else output(text)


def set_state(name: str, value: Any) -> None:
    """Set a part of the run's state, which is seen from outside. Works in a function too."""
    host(wit.set_state, values.text(name), written(value))
