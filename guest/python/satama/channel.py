"""Channels: clients that are connected to some host, and what is known of each while it is.

An id, a user and a topic are at most 255 bytes, opening data and state 64 KiB each, a time-to-live
a day. A list of ids, and a page, have at most 1,000 items.

    from datetime import timedelta

    from satama import channel

    with channel.Store.open("chat", ttl=timedelta(minutes=1)) as clients:
        count = clients.update_state("client-1", lambda seen: (seen or 0) + 1)
        clients.send("client-1", f"that was message {count}")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from . import _values as values
from ._bindings import Interface, imported
from ._handle import Handle
from ._json import Json, dump, maybe_json, maybe_value
from ._message import Message, to_wit
from ._swap import TRIES_MAX, Stale, Swapped
from .errors import Contended

if TYPE_CHECKING:
    from wit_world.imports import channel as wit
else:
    wit = imported("channel")

__all__ = ["Entry", "Info", "Message", "Page", "Stale", "State", "Store", "Swapped"]

T = TypeVar("T")

PAGE_MAX = 1_000

ask = Interface("channel")


@dataclass(frozen=True)
class Info:
    """What was said when the channel was opened, and whose it is."""

    id: str
    json: Json
    """What it was opened with, as it was written."""
    user: str | None
    """Who is behind it, once that is known."""

    @property
    def opening_data(self) -> Any:
        """What it was opened with."""
        return self.json.value


@dataclass(frozen=True)
class State:
    """The state of a channel at one moment."""

    version: int
    """Grows with every write of the state; below 2^53. Zero before the first."""
    json: Json | None
    """As it was written; none before it was set, and after it was cleared."""

    @property
    def value(self) -> Any:
        """What it is; none as well if it is not set."""
        return maybe_value(self.json)


@dataclass(frozen=True)
class Entry:
    """One channel of a list."""

    id: str
    user: str | None
    """Who is behind it, if that is known."""


@dataclass(frozen=True)
class Page:
    """Part of a list, in no order that means anything."""

    entries: list[Entry]
    """May be fewer than were asked for, or none, while there is a next page."""
    next: str | None
    """Where to go on, or none if this was the last page."""


class Store(Handle["wit.Store"]):
    """The channels of one name. Holding one is the permission to use them."""

    @classmethod
    def open(cls, name: str, *, ttl: timedelta) -> Self:
        """Open the channels called `name` in the tenant's grant. Does not reach the store.

        Those that are added or touched through it live for `ttl` more, at most a day.
        """
        return cls(ask(wit.Store.open, values.text(name), values.millis(ttl)))

    def add(self, id: str, opening_data: Any = None, *, user: str | None = None) -> None:
        """Add a channel that has no socket at this store's hosts.

        Of two callers with the same id, one adds; the other is told `AlreadyExists`.
        """
        ask(self._open.add, values.text(id), dump(opening_data), values.maybe_text(user))

    def get(self, id: str) -> Info:
        """What is known of a channel."""
        info = ask(self._open.get, values.text(id))
        return Info(info.id, Json(info.opening_data), info.user)

    def remove(self, ids: Iterable[str]) -> int:
        """Remove channels, with their state and subscriptions, and return how many there were."""
        return ask(self._open.remove, values.texts(ids))

    def disconnect(self, id: str, code: int = 1000, reason: str = "") -> None:
        """Remove a channel, and close its socket with a code and a reason.

        The code is 1000, or from 3000 to 4999; the reason at most 123 bytes (RFC 6455, 7.4).
        """
        code = values.unsigned(code, values.U16_MAX)
        ask(self._open.disconnect, values.text(id), code, values.text(reason))

    def set_user(self, id: str, user: str | None) -> None:
        """Say who is behind a channel, or that nobody is known to be."""
        ask(self._open.set_user, values.text(id), values.maybe_text(user))

    def get_state(self, id: str) -> State:
        """The state of a channel."""
        state = ask(self._open.get_state, values.text(id))
        return State(state.version, maybe_json(state.value))

    def set_state(self, id: str, value: Any) -> int:
        """Set the state, and return its new version."""
        return ask(self._open.set_state, values.text(id), dump(value))

    def compare_and_set_state(self, id: str, version: int, value: Any) -> Swapped | Stale:
        """Set the state if it still has `version`. Of two callers with the same, one swaps."""
        version = values.unsigned(version)
        swap = ask(self._open.compare_and_set_state, values.text(id), version, dump(value))
        return Swapped(swap.value) if isinstance(swap, wit.Swap_Swapped) else Stale(swap.value)

    def clear_state(self, id: str) -> int:
        """Clear the state, and return its new version."""
        return ask(self._open.clear_state, values.text(id))

    def update_state(self, id: str, change: Callable[[Any], T]) -> T:
        """Change the state of a channel; returns what was written.

        Reads it, applies `change`, and writes what that returns if no one else has written in
        between. Otherwise reads it again, so `change` may run several times: 32, then it is
        `satama.Contended`. A state that is not set is given as none.
        """
        for _ in range(TRIES_MAX):
            state = self.get_state(id)
            new = change(state.value)
            if isinstance(self.compare_and_set_state(id, state.version, new), Swapped):
                return new
        raise Contended(interface="channel")

    def touch(self, ids: Iterable[str]) -> list[str]:
        """Let channels live for this handle's time from now, or longer if they do already.

        Returns those that have ended.
        """
        return ask(self._open.touch, values.texts(ids))

    def of_user(self, user: str, cursor: str | None = None, limit: int = PAGE_MAX) -> Page:
        """The channels of a user, at most `limit` (1,000) in a page."""
        cursor = values.maybe_text(cursor)
        return page(ask(self._open.of_user, values.text(user), cursor, values.page(limit)))

    def all(self, cursor: str | None = None, limit: int = PAGE_MAX) -> Page:
        """All channels, at most `limit` (1,000) in a page."""
        return page(ask(self._open.all, values.maybe_text(cursor), values.page(limit)))

    def all_of_user(self, user: str) -> Iterator[Entry]:
        """All channels of a user, read page by page."""
        return values.pages(lambda cursor: parts(self.of_user(user, cursor)))

    def all_channels(self) -> Iterator[Entry]:
        """All channels, read page by page."""
        return values.pages(lambda cursor: parts(self.all(cursor)))

    def send(self, id: str, message: Message) -> bool:
        """Send text or bytes to one channel. True if a host that holds its socket was told.

        Retried after `Unavailable`, it may be sent twice.
        """
        return ask(self._open.send, values.text(id), to_wit(message))


def page(page: wit.Page) -> Page:
    """A page of the host's."""
    return Page([Entry(entry.id, entry.user) for entry in page.entries], page.next)


def parts(page: Page) -> tuple[list[Entry], str | None]:
    """Its items, and where to go on."""
    return page.entries, page.next
