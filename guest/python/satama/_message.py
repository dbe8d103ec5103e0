"""Messages: text, or bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _values as values
from ._bindings import find

if TYPE_CHECKING:
    from wit_world.imports import types as wit
else:
    # Where one of those who need it is missing in the world, they say so.
    wit = find("imports", "types")

Message = str | values.Data
"""What is sent to a channel, or published: text or bytes, at most 64 KiB."""


def to_wit(message: Message) -> wit.Message:
    """For the host."""
    if isinstance(message, str):
        return wit.Message_Text(values.text(message))
    return wit.Message_Binary(values.data(message))


def of_wit(message: wit.Message) -> str | bytes:
    """From the host."""
    return message.value
