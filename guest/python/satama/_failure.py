"""Why a step, a function or a run failed."""

from __future__ import annotations

import json
from typing import Any, Self

from ._json import Json, dump, maybe_value
from .errors import Cancelled, Error, QuotaExceeded, Unavailable

FAILURE_BYTES_MAX = 8 << 10
"""Longest part of a failure, in bytes: the limit in `workflow.wit`."""


class Failure(Error):
    """Why something did not work, as the workflow's author words it.

    Any other exception is a failure with the code `error`, after which another attempt is made,
    if one is left.
    """

    def __init__(
        self, code: str, message: str = "", *, retry: bool = True, details: Any = None
    ) -> None:
        super().__init__(interface="workflow")
        # Whoever means to give up for good may hand over the exception itself, or a status.
        self.code = str(code)
        """What to tell apart, such as `card-declined`."""
        self.message = message if isinstance(message, str) else text_of(message)
        """For people."""
        self.retry = bool(retry)
        """Whether another attempt may succeed. If not, none is made."""
        self.json = written(details)
        """More, for programs: as it was written. What cannot be JSON is left out."""

    @classmethod
    def fatal(cls, code: str, message: str = "", *, details: Any = None) -> Self:
        """A failure after which no other attempt is made."""
        return cls(code, message, retry=False, details=details)

    @property
    def details(self) -> Any:
        """More, for programs."""
        return maybe_value(self.json)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __repr__(self) -> str:
        return f"Failure({self.code!r}, {self.message!r}, retry={self.retry})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Failure) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def _parts(self) -> tuple[str, str, bool, str | None]:
        return self.code, self.message, self.retry, self.json


def written(details: Any) -> Json | None:
    """Details as JSON, if there are any and they can be."""
    try:
        if isinstance(details, Json):
            json.loads(details)
        return None if details is None else Json(dump(details))
    except (TypeError, ValueError, RecursionError):
        return None


def cut(text: str) -> str:
    """As much of a text as fits, whole characters of it."""
    encoded = text.encode(errors="replace")
    return encoded[:FAILURE_BYTES_MAX].decode(errors="ignore")


def of_wit(failure: Any) -> Failure:
    """From the host."""
    details = None if failure.details is None else Json(failure.details)
    return Failure(failure.code, failure.message, retry=failure.retry, details=details)


def text_of(value: object) -> str:
    """A value as text: anything may be raised, also what fails to tell it."""
    try:
        return str(value)
    except Exception:
        return type(value).__name__


def said(error: BaseException) -> str:
    """What an exception says, and those that caused it."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(texts) < 10:
        text = text_of(cause)
        # A key alone says nothing of what was wrong with it.
        if not text or isinstance(cause, KeyError):
            text = f"{type(cause).__name__}: {text}" if text else type(cause).__name__
        texts.append(text)
        cause = cause.__cause__
    return ": ".join(texts)


def of_error(error: BaseException) -> Failure:
    """What a step, function or run fails with, of what was raised."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, Cancelled) or (isinstance(error, Error) and error.interface == "workflow"):
        retry = isinstance(error, QuotaExceeded | Unavailable)
        return Failure(error.code, str(error), retry=retry)
    return Failure("error", said(error))
