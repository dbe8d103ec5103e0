"""What is known of a visitor between calls: a few named fields, one version.

An id is at most 1024 bytes, a field's name 255, its value 64 KiB, a session 256 fields and 1 MiB,
a time-to-live 400 days.

    from datetime import timedelta

    from satama import session

    with session.Store.open("visits", sliding=timedelta(hours=1)) as store:
        store.update("ann", {"language": "fi"})

        def visit(fields):
            fields["visits"] = fields.get("visits", 0) + 1
            return fields["visits"]

        visits = store.update_with("ann", visit)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from . import _values as values
from ._bindings import Interface, imported
from ._fields import Fields
from ._handle import Handle
from ._json import Json
from ._swap import TRIES_MAX, Stale, Swapped
from .errors import Contended

if TYPE_CHECKING:
    from wit_world.imports import session as wit
else:
    wit = imported("session")

__all__ = ["Fields", "Snapshot", "Stale", "Store", "Swapped"]

T = TypeVar("T")

ask = Interface("session")


@dataclass(frozen=True)
class Snapshot:
    """A session as it was at one moment."""

    version: int
    """Grows with every write; below 2^53. No session has version zero."""
    fields: Fields
    """In the order of their names' bytes."""
    expires_in: timedelta
    """How long until it expires."""


class Store(Handle["wit.Store"]):
    """A granted set of sessions. Holding one is the permission to use it.

    Fields are a mapping of names to values, which are written as JSON; a `satama.Json` is
    written as it is.
    """

    @classmethod
    def open(
        cls, name: str, *, sliding: timedelta | None = None, fixed: timedelta | None = None
    ) -> Self:
        """Open the store called `name` in the tenant's grant. Does not reach the store.

        Its sessions expire so long after they were last read or written (`sliding`), or after
        they were created (`fixed`): one of the two, at most 400 days.
        """
        expiry: wit.Expiry
        if sliding is not None and fixed is None:
            expiry = wit.Expiry_SlidingMs(values.millis(sliding))
        elif fixed is not None and sliding is None:
            expiry = wit.Expiry_FixedMs(values.millis(fixed))
        else:
            raise TypeError("a store is opened with either `sliding` or `fixed`")
        return cls(ask(wit.Store.open, values.text(name), expiry))

    def get(self, id: str) -> Snapshot | None:
        """The session `id`, or none. With a sliding expiry, it is renewed."""
        found = ask(self._open.get, values.text(id))
        if found is None:
            return None
        fields = Fields({field.name: Json(field.value) for field in found.fields})
        return Snapshot(found.version, fields, values.duration(found.expires_in_ms))

    def replace(self, id: str, fields: Mapping[str, Any]) -> int:
        """Make `fields` all that the session has, and return its new version."""
        return ask(self._open.replace, values.text(id), encoded(fields))

    def update(self, id: str, fields: Mapping[str, Any]) -> int:
        """Set `fields`, keep the others, and return the new version.

        A missing session is created. Writers to different fields all survive.
        """
        return ask(self._open.update, values.text(id), encoded(fields))

    def remove(self, id: str, names: Iterable[str]) -> int:
        """Remove the fields called `names`, and return the new version; zero of no session."""
        return ask(self._open.remove, values.text(id), values.texts(names))

    def clear(self, id: str) -> bool:
        """End the session. True if there was one."""
        return ask(self._open.clear, values.text(id))

    def compare_and_set(self, id: str, version: int, fields: Mapping[str, Any]) -> Swapped | Stale:
        """`replace`, but only if the session still has `version`; zero stands for no session.

        Of two callers with the same version, one swaps.
        """
        swap = ask(
            self._open.compare_and_set, values.text(id), values.unsigned(version), encoded(fields)
        )
        return Swapped(swap.value) if isinstance(swap, wit.Swap_Swapped) else Stale(swap.value)

    def update_with(self, id: str, change: Callable[[Fields], T]) -> T:
        """Change the session as a whole, or create it; returns what `change` returned.

        Reads it, has `change` change its fields, and writes it if no one else has written in
        between. Otherwise reads it again, so `change` may run several times: 32, then it is
        `satama.Contended`. To set fields whatever the others hold, `update` is enough.
        """
        for _ in range(TRIES_MAX):
            snapshot = self.get(id)
            version = 0 if snapshot is None else snapshot.version
            fields = Fields() if snapshot is None else snapshot.fields
            result = change(fields)
            if isinstance(self.compare_and_set(id, version, fields), Swapped):
                return result
        raise Contended(interface="session")


def encoded(fields: Mapping[str, Any]) -> list[wit.Field]:
    """Fields for the host."""
    own = fields if isinstance(fields, Fields) else Fields(fields)
    return [wit.Field(values.text(name), str(text)) for name, text in own.json().items()]
