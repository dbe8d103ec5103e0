"""What the services answer when something does not work.

There is one class for each case that the WIT has, whichever interface it is of: `except
satama.NotFound` is for a channel as for a secret. All but `Cancelled` are an `Error`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ._status import Status


class Error(Exception):
    """A service did not do what it was asked for. Nothing was written, save where it says so."""

    code: str = "error"
    """The case's name in the WIT, such as `too-large`."""

    text: ClassVar[str] = "it did not work"

    def __init__(self, *, interface: str = "") -> None:
        super().__init__()
        self.interface = interface
        """The interface that answered it, such as `cache`."""

    def __str__(self) -> str:
        return self.text


class AccessDenied(Error):
    """The tenant's manifest does not name it, and it may not exist."""

    code = "access-denied"
    text = "the manifest does not name it"


class NotFound(Error):
    """There is none of this name, or no longer."""

    code = "not-found"
    text = "there is none of this name"


class AlreadyExists(Error):
    """There is a channel with this id."""

    code = "already-exists"
    text = "there is one of this name"


class TooLarge(Error):
    """Over a limit: bytes, items or milliseconds."""

    code = "too-large"

    def __init__(self, limit: int, *, interface: str = "") -> None:
        super().__init__(interface=interface)
        self.limit = limit
        """The limit that it is over."""

    def __str__(self) -> str:
        return f"over the limit of {self.limit}"


class QuotaExceeded(Error):
    """The tenant calls too often, or this instance holds too many handles."""

    code = "quota-exceeded"
    text = "the tenant calls too often, or holds too many handles"

    def __str__(self) -> str:
        return "the tenant calls too often" if self.interface == "workflow" else self.text


class Unavailable(Error):
    """The store did not answer in time: a write may or may not have happened."""

    code = "unavailable"
    text = "the store did not answer in time"


class NotACounter(Error):
    """The value is not one that `add` writes, or the sum would not be one."""

    code = "not-a-counter"
    text = "the value is not a counter, or the sum would not be one"


class ClaimLost(Error):
    """The claim has expired, or its key was written, deleted or invalidated since."""

    code = "claim-lost"
    text = "the claim is lost: the value may be stale"


class InvalidJson(Error):
    """It is not JSON, or nested more than 127 deep."""

    code = "invalid-json"

    def __init__(self, field: str | None = None, *, interface: str = "") -> None:
        super().__init__(interface=interface)
        self.field = field
        """The name of the field whose value it is, for a session."""

    def __str__(self) -> str:
        return "it is not JSON" if self.field is None else f"field {self.field!r} is not JSON"


class InvalidCursor(Error):
    """The cursor is not one that a page gave, or the position not one that a message had."""

    code = "invalid-cursor"
    text = "no page gave this cursor"


class InvalidClose(Error):
    """The code may not be sent, or the reason is over 123 bytes."""

    code = "invalid-close"
    text = "a channel cannot be closed with this code and reason"


class InvalidName(Error):
    """No secret can have this name."""

    code = "invalid-name"
    text = "no secret can have this name"


class Undecryptable(Error):
    """It is there, but no key of this host opens it, or it was tampered with."""

    code = "undecryptable"
    text = "no key of this host opens it"


class NotAuthentic(Error):
    """Something that was sealed does not open."""

    code = "not-authentic"
    text = "it was not sealed so, or was changed"


class Illegal(Error):
    """Not as the run is now."""

    code = "illegal"

    def __init__(self, status: Status, *, interface: str = "") -> None:
        super().__init__(interface=interface)
        self.status = status
        """How the run is."""

    def __str__(self) -> str:
        return f"not of a run that is {self.status}"


class NoVersion(Error):
    """No component that serves this workflow has been seen."""

    code = "no-version"
    text = "no component that serves this workflow has been seen"


class Invalid(Error):
    """An input, output or cron expression is not one."""

    code = "invalid"

    def __init__(self, why: str = "", *, interface: str = "") -> None:
        super().__init__(interface=interface)
        self.why = why
        """What is wrong with it."""

    def __str__(self) -> str:
        return self.why


class Misplaced(Error):
    """Not here: such as a step within a step, or outside of a run."""

    code = "misplaced"

    def __init__(self, why: str = "", *, interface: str = "") -> None:
        super().__init__(interface=interface)
        self.why = why
        """Which of them."""

    def __str__(self) -> str:
        return self.why


class Contended(Error):
    """Other writers were faster, 32 times in a row. Not of the WIT: a helper raises it."""

    code = "contended"
    text = "other writers were faster, 32 times in a row"


class Cancelled(BaseException):
    """The run is being cancelled, or its time is up.

    Said once: what is called after that works, to undo what was done. No `Exception`, so that
    code that handles those lets it through, as `asyncio.CancelledError`.
    """

    code = "cancelled"

    def __init__(self, *, interface: str = "workflow") -> None:
        super().__init__()
        self.interface = interface
        """The interface that answered it."""

    def __str__(self) -> str:
        return "the run is being cancelled"


PLAIN: dict[str, type[Error] | type[Cancelled]] = {
    "AccessDenied": AccessDenied,
    "NotFound": NotFound,
    "AlreadyExists": AlreadyExists,
    "QuotaExceeded": QuotaExceeded,
    "Unavailable": Unavailable,
    "NotACounter": NotACounter,
    "ClaimLost": ClaimLost,
    "InvalidJson": InvalidJson,
    "InvalidCursor": InvalidCursor,
    "InvalidClose": InvalidClose,
    "InvalidName": InvalidName,
    "Undecryptable": Undecryptable,
    "NotAuthentic": NotAuthentic,
    "NoVersion": NoVersion,
    "Cancelled": Cancelled,
}


def from_wit(interface: str, error: Any) -> Error | Cancelled:
    """The exception for a case of an interface's variant `error`."""
    case = type(error).__name__.removeprefix("Error_")
    value = getattr(error, "value", None)
    match case:
        case "TooLarge":
            return TooLarge(value or 0, interface=interface)
        case "InvalidJson":
            return InvalidJson(value, interface=interface)
        case "Invalid":
            return Invalid(value or "", interface=interface)
        case "Misplaced":
            return Misplaced(value or "", interface=interface)
        case "Illegal":
            return Illegal(Status[getattr(value, "name", "")], interface=interface)
        case _:
            return PLAIN[case](interface=interface)
