"""The event hub: messages to all that listen to a topic, on whichever host they are.

A topic is at most 255 bytes, a message 64 KiB; a channel has at most 128 topics; 1,000 messages of
a topic are kept for at most 7 days; a page has at most 1,000 items, one of history 100.

    from datetime import timedelta

    from satama import hub

    with hub.Bus.open("chat") as chat:
        chat.subscribe("room/1", "client-1")
        chat.say("room/1", "welcome")
        # Kept, so that a client that reconnects gets what it missed.
        keep = hub.Keep(messages=100, ttl=timedelta(hours=1))
        chat.publish("room/1", "hello", except_channel="client-1", keep=keep)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from . import _values as values
from ._bindings import Interface, imported
from ._handle import Handle
from ._message import Message, of_wit, to_wit

if TYPE_CHECKING:
    from wit_world.imports import hub as wit
else:
    wit = imported("hub")

__all__ = ["Bus", "History", "Keep", "Kept", "Member", "Message", "Page"]

PAGE_MAX = 1_000
HISTORY_MAX = 100

ask = Interface("hub")


@dataclass(frozen=True)
class Keep:
    """How long the messages of a topic are kept."""

    messages: int
    """This many of them, at most 1,000; zero is taken as one."""
    ttl: timedelta
    """This long after the last was published, at most 7 days."""


@dataclass(frozen=True)
class Member:
    """Someone who listens to a topic."""

    channel: str
    """The channel's id."""
    user: str | None
    """Who is behind it, if that is known."""


@dataclass(frozen=True)
class Page:
    """Part of those who listen, in no order that means anything."""

    members: list[Member]
    """May be fewer than were asked for, or none, while there is a next page."""
    next: str | None
    """Where to go on, or none if this was the last page."""


@dataclass(frozen=True)
class Kept:
    """A message that was kept."""

    position: str
    """Where it is: opaque, at most 64 bytes."""
    message: str | bytes
    """What was published."""


@dataclass(frozen=True)
class History:
    """What was kept since a position."""

    complete: bool
    """Whether this is all that was published since. If not, these are the oldest left."""
    messages: list[Kept]
    """In the order in which they were published; at most 100."""
    position: str | None
    """Where to go on; none if the topic is not kept."""
    more: bool
    """Whether there are more after these."""


class Bus(Handle["wit.Bus"]):
    """The hub of one name. Holding one is the permission to use it."""

    @classmethod
    def open(cls, name: str) -> Self:
        """Open the hub called `name` in the tenant's grant. Does not reach the store."""
        return cls(ask(wit.Bus.open, values.text(name)))

    def subscribe(self, topic: str, channel: str, *, since: str | None = None) -> bool:
        """Subscribe a channel to a topic. True if it was not subscribed already.

        With a position, the channel's receiver first gets all that was published since, or is
        told that it can't.
        """
        since = values.maybe_text(since)
        return ask(self._open.subscribe, values.text(topic), values.text(channel), since)

    def unsubscribe(self, topic: str, channel: str) -> bool:
        """End a subscription. True if there was one."""
        return ask(self._open.unsubscribe, values.text(topic), values.text(channel))

    def topics(self, channel: str) -> list[str]:
        """The topics of a channel, in the order of their bytes."""
        return ask(self._open.topics, values.text(channel))

    def members(self, topic: str, cursor: str | None = None, limit: int = PAGE_MAX) -> Page:
        """Who listens to a topic now, at most `limit` (1,000) in a page."""
        cursor = values.maybe_text(cursor)
        page = ask(self._open.members, values.text(topic), cursor, values.page(limit))
        return Page([Member(member.channel, member.user) for member in page.members], page.next)

    def all_members(self, topic: str) -> Iterator[Member]:
        """All who listen to a topic, read page by page."""

        def read(cursor: str | None) -> tuple[list[Member], str | None]:
            page = self.members(topic, cursor)
            return page.members, page.next

        return values.pages(read)

    def say(self, topic: str, message: Message) -> str | None:
        """Publish to all that listen to a topic, as it is kept or not.

        Returns where the message is, if it is kept.
        """
        return self.publish(topic, message)

    def publish(
        self,
        topic: str,
        message: Message,
        *,
        except_channel: str | None = None,
        keep: Keep | None = None,
    ) -> str | None:
        """Publish to a topic, but not to the channel `except_channel`: often, its sender.

        With `keep`, the message begins the topic's history or goes on with it. Returns where the
        message is, if it is kept. Retried after `Unavailable`, it may be published twice.
        """
        kept = None
        if keep is not None:
            messages = values.unsigned(keep.messages, values.U32_MAX)
            kept = wit.Keep(messages, values.millis(keep.ttl))
        sender = values.maybe_text(except_channel)
        return ask(self._open.publish, values.text(topic), to_wit(message), sender, kept)

    def history(self, topic: str, *, since: str | None = None, limit: int = HISTORY_MAX) -> History:
        """What was kept of a topic since a position, at most `limit` (100) messages.

        Without a position, from the oldest. A limit of zero tells the topic's position alone.
        """
        since = values.maybe_text(since)
        found = ask(self._open.history, values.text(topic), since, values.page(limit))
        messages = [Kept(kept.position, of_wit(kept.message)) for kept in found.messages]
        return History(found.complete, messages, found.position, found.more)
