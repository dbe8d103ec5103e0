"""A cache for tests: a dict, in which claims are given and lost."""

from __future__ import annotations

from typing import Any

from componentize_py_types import Err

from ..cases import handle_exit, record

Error_AccessDenied = record("Error_AccessDenied")
Error_TooLarge = record("Error_TooLarge", "value")
Error_Unavailable = record("Error_Unavailable")
Options = record("Options", "ttl_ms", "group")
FillOptions = record("FillOptions", "wait_ms", "claim_ms", "group")
Entry = record("Entry", "key", "value", "options")
Filled_Hit = record("Filled_Hit", "value")
Filled_Claimed = record("Filled_Claimed", "value")
Filled_Busy = record("Filled_Busy")
for case in (Filled_Hit, Filled_Claimed):
    case.__match_args__ = ("value",)

values: dict[str, bytes] = {}
claimed: set[str] = set()
ttls: list[int] = []


class Claim:
    closed = False

    def __init__(self, key: str) -> None:
        self.key = key
        claimed.add(key)

    def complete(self, value: bytes, ttl_ms: int) -> None:
        ttls.append(ttl_ms)
        values[self.key] = value

    def __exit__(self, *_: Any) -> None:
        handle_exit(self)
        claimed.discard(self.key)


class Bucket:
    closed = False
    __exit__ = handle_exit

    @classmethod
    def open(cls, name: str) -> Bucket:
        if name != "granted":
            raise Err(Error_AccessDenied())
        return cls()

    def get(self, key: str) -> bytes | None:
        return values.get(key)

    def set(self, key: str, value: bytes, options: Any) -> None:
        if len(value) > 100:
            raise Err(Error_TooLarge(100))
        ttls.append(options.ttl_ms)
        values[key] = value

    def get_many(self, keys: list[str]) -> list[bytes | None]:
        return [values.get(key) for key in keys]

    def add(self, key: str, delta: int, options: Any) -> int:
        return delta

    def delete(self, key: str) -> bool:
        return values.pop(key, None) is not None

    def fill(self, key: str, options: Any) -> Any:
        if key == "down":
            raise Err(Error_Unavailable())
        if key in values:
            return Filled_Hit(values[key])
        return Filled_Busy() if key in claimed else Filled_Claimed(Claim(key))
