"""The key of a memoized result: SHA-256 of its canonical JSON (RFC 8785)."""

from __future__ import annotations

import json
from codecs import utf_16_be_encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isfinite
from typing import Any, TypeGuard

INTEGER_MAX = (1 << 53) - 1
"""The largest integer that JSON keeps apart from its neighbours: RFC 7493, 2.2."""


def key(inputs: Any, *, team: str | None = None, version: str | None = None) -> str:
    """The key for the inputs of a function, for `Bucket.cached`: 64 hexadecimal digits.

    Two keys are equal only if team, version and inputs are equal as JSON, in whatever order their
    names are. The SDKs of other languages derive the same. Inputs without such JSON are a
    `TypeError` or `ValueError`: with an integer beyond 2^53 - 1, an infinite number, or names that
    are not text.
    """
    return sha256(canonical([team, version, inputs]).encode()).hexdigest()


def canonical(value: Any) -> str:
    """A value as canonical JSON."""
    if value is None or isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, float):
        return number(value)
    if is_object(value):
        return members(value)
    if is_array(value):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} is not in JSON")


def is_object(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Whether it has names."""
    return isinstance(value, Mapping)


def is_array(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether it is a list."""
    return isinstance(value, list | tuple)


def members(value: Mapping[Any, Any]) -> str:
    """An object, in the order of its names by UTF-16, as JavaScript has it."""
    for name in value:
        if not isinstance(name, str):
            raise TypeError(f"a name is text in JSON, not {type(name).__name__}")
    names: list[str] = sorted(value, key=lambda name: utf_16_be_encode(name)[0])
    return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"


def integer(value: int) -> str:
    """An integer that JSON holds exactly."""
    if abs(value) > INTEGER_MAX:
        raise ValueError("an integer beyond 2^53 - 1 is not exact in JSON")
    return str(int(value))


def number(value: float) -> str:
    """A number as JavaScript writes it: ECMA-262, Number::toString."""
    if not isfinite(value):
        raise ValueError("NaN and the infinities are not in JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    # As few digits as tell it from its neighbours, of which the point is before `point`.
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0")
    point = len(whole) + int(exponent or 0)
    leading = len(digits) - len(digits.lstrip("0"))
    digits, point = digits[leading:], point - leading
    if 0 < point <= 21:
        text = digits.ljust(point, "0")
        return sign + text[:point] + ("." + text[point:] if text[point:] else "")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = "." + digits[1:] if digits[1:] else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"
