"""A component that listens to topics, which its manifest names under `[[hub.listen]]`.

The world has `export satama:services/hub-handler@0.1.0;`, and the app:

    from satama.hub_handler import Event, HubHandler, listener

    @listener
    def heard(event: Event) -> None:
        print(event.topic, event.message)

`HubHandler` has to be a name of the app's module: there componentize-py looks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["Event", "HubHandler", "listener"]


@dataclass(frozen=True)
class Event:
    """A message that the component hears."""

    hub: str
    """The hub it was published to."""
    topic: str
    message: str | bytes
    """What was published: text, or bytes."""
    position: str | None
    """Where it is in the topic's history, if it is kept."""
    missed: bool
    """Messages before this one may have been lost to this host."""


F = TypeVar("F", bound=Callable[[Event], object])

listeners: list[Callable[[Event], object]] = []


def listener(function: F) -> F:
    """Have a function called with each message. Of several, each is, in their order."""
    listeners.append(function)
    return function


class HubHandler:
    """What the component exports."""

    def handle(self, event: Any) -> None:
        """Called by the host. What is raised is logged, and ends the instance."""
        heard = Event(event.hub, event.topic, event.message.value, event.position, event.missed)
        for function in listeners:
            function(heard)
