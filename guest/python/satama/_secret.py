"""What secrets and credentials share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from . import _values as values
from ._handle import Handle

if TYPE_CHECKING:
    from wit_world.imports import secret as wit


class Secret(Handle["wit.Secret"]):
    """One version of a secret, held by the host. Its value is not here."""

    @property
    def version(self) -> int:
        """Which version it is."""
        return self._open.version()

    @property
    def handle(self) -> wit.Secret:
        """What the bindings know it as."""
        return self._open


@dataclass(frozen=True)
class Metadata:
    """What is known of a secret but for its value."""

    version: int
    """The newest version: what `get` gives."""
    created: datetime
    """When its first version was put."""
    updated: datetime
    """When its newest version was put."""
    versions: list[int]
    """The versions that are kept, the oldest first."""


@dataclass(frozen=True)
class Page:
    """Names, in the order of their bytes."""

    names: list[str]
    next: str | None
    """Where the next page begins, for its `after`; none if this was the last."""


def metadata(known: wit.Metadata) -> Metadata:
    """From the host."""
    created, updated = values.time(known.created_ms), values.time(known.updated_ms)
    return Metadata(known.version, created, updated, list(known.versions))


def page(page: wit.Page) -> Page:
    """From the host."""
    return Page(page.names, page.next)


def handle(secret: Secret) -> wit.Secret:
    """For the host."""
    if not isinstance(secret, Secret):
        raise TypeError(f"a Secret is wanted, not {type(secret).__name__}")
    return secret.handle
