"""Children: runs that another one starts and waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .. import _values as values
from ._host import host, wit, written
from ._pending import Pending, of_json


@dataclass(frozen=True)
class Child:
    """A child to be."""

    name: str
    """What it is called in this run's history."""
    timeout: timedelta | None = None
    """Cancel it after so long, all its generations together; it has failed then."""
    priority: int | None = None
    """From 0 to 9; this run's, unless told."""

    def start(self, workflow: str, input: Any = None) -> Pending[Any]:
        """Start it, as a run of `workflow`. It is cancelled when this run ends."""
        priority = None if self.priority is None else values.unsigned(self.priority, 255)
        options = wit.ChildOptions(values.maybe_millis(self.timeout), priority)
        name, workflow = values.text(self.name), values.text(workflow)
        return of_json(host(wit.child, name, workflow, written(input), options))


def child(workflow: str, input: Any = None) -> Pending[Any]:
    """Start a run of `workflow` as a child, under that name."""
    return Child(workflow).start(workflow, input)
