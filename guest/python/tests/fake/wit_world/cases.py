"""Cases of variants and records, as componentize-py makes them: data classes."""

from dataclasses import make_dataclass
from typing import Any


def record(name: str, *fields: str) -> Any:
    """A record, or a case of a variant: with a `value`, if it has one."""
    return make_dataclass(name, fields)


def handle_exit(self: Any, *_: Any) -> None:
    """What closes a resource: once, or it ends the component."""
    assert not self.closed
    self.closed = True
