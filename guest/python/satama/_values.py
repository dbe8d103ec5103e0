"""Arguments, checked before the host has them.

A value of a wrong type ends a component that componentize-py has made, and no `except` helps. So
what cannot be passed on is a `TypeError` or `ValueError` here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import index
from typing import Any, TypeVar

T = TypeVar("T")

U16_MAX = (1 << 16) - 1
U32_MAX = (1 << 32) - 1
U64_MAX = (1 << 64) - 1
S64_MAX = (1 << 63) - 1

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

Data = bytes | bytearray | memoryview


def text(value: str) -> str:
    """Text that has a form in UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"text is a str, not {type(value).__name__}")
    if not value.isascii():
        value.encode()
    return value


def maybe(check: Callable[[T], T], value: T | None) -> T | None:
    """A value that may be left out."""
    return None if value is None else check(value)


def maybe_text(value: str | None) -> str | None:
    """Text that may be left out."""
    return None if value is None else text(value)


def texts(values: Iterable[str]) -> list[str]:
    """A list of texts. One text is none, though it has characters."""
    if isinstance(values, str):
        raise TypeError("a list of texts is wanted, not one text")
    return [text(value) for value in values]


def data(value: Data) -> bytes:
    """Bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise TypeError(f"bytes are wanted, not {type(value).__name__}")


def unsigned(value: int, most: int = U64_MAX) -> int:
    """An integer from zero on."""
    number = index(value)
    if not 0 <= number <= most:
        raise ValueError(f"{number} is not from 0 to {most}")
    return number


def page(limit: int) -> int:
    """How many items are asked for."""
    return unsigned(limit, U32_MAX)


def signed(value: int) -> int:
    """An integer of 64 bits."""
    number = index(value)
    if not -S64_MAX - 1 <= number <= S64_MAX:
        raise ValueError(f"{number} has more than 64 bits")
    return number


def flag(value: bool) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise TypeError(f"a bool is wanted, not {type(value).__name__}")
    return value


def millis(duration: timedelta) -> int:
    """A duration in milliseconds, rounded up."""
    if not isinstance(duration, timedelta):
        raise TypeError(f"a duration is a timedelta, not {type(duration).__name__}")
    if duration < timedelta(0):
        raise ValueError("a duration is not negative")
    return rounded_up(duration)


def rounded_up(duration: timedelta) -> int:
    """In milliseconds. A timedelta may be too long to be added to."""
    whole, rest = divmod(duration, MILLISECOND)
    return whole + bool(rest)


def maybe_millis(duration: timedelta | None) -> int | None:
    """A duration that may be left out."""
    return None if duration is None else millis(duration)


def moment(time: datetime) -> int:
    """A time in milliseconds since 1970, rounded up; zero if it was before."""
    if not isinstance(time, datetime):
        raise TypeError(f"a time is a datetime, not {type(time).__name__}")
    if time.tzinfo is None:
        raise ValueError("a time needs a time zone, such as datetime.UTC")
    return max(0, rounded_up(time - EPOCH))


def maybe_moment(time: datetime | None) -> int | None:
    """A time that may be left out."""
    return None if time is None else moment(time)


def duration(ms: int) -> timedelta:
    """So many milliseconds."""
    return timedelta(milliseconds=ms)


def time(ms: int) -> datetime:
    """So many milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=ms)


def maybe_time(ms: int | None) -> datetime | None:
    """A time that may not have come."""
    return None if ms is None else time(ms)


def pages(read: Callable[[str | None], tuple[Iterable[T], str | None]]) -> Iterator[T]:
    """All items of a list. A page may be empty, and still have a next."""
    place: str | None = None
    while True:
        items, place = read(place)
        yield from items
        if place is None:
            return


def wit_enum(values: Any, value: str) -> Any:
    """The bindings' value of the same name."""
    return values[value.replace("-", "_").upper()]
