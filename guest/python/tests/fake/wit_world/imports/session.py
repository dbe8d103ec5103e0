"""Sessions for tests, which other writers write to between a read and a write."""

from __future__ import annotations

from typing import Any

from ..cases import handle_exit, record

Expiry_SlidingMs = record("Expiry_SlidingMs", "value")
Expiry_FixedMs = record("Expiry_FixedMs", "value")
Swap_Swapped = record("Swap_Swapped", "value")
Swap_Stale = record("Swap_Stale", "value")
Field = record("Field", "name", "value")
Snapshot = record("Snapshot", "version", "fields", "expires_in_ms")

sessions: dict[str, tuple[int, list[Any]]] = {}
others: list[int] = [0]
"""How many writes of others are still to come."""


class Store:
    closed = False
    __exit__ = handle_exit

    def __init__(self, expiry: Any) -> None:
        self.expiry = expiry

    @classmethod
    def open(cls, name: str, expiry: Any) -> Store:
        return cls(expiry)

    def get(self, id: str) -> Any:
        found = sessions.get(id)
        return None if found is None else Snapshot(*found, 1500)

    def replace(self, id: str, fields: list[Any]) -> int:
        version = sessions.get(id, (0, []))[0] + 1
        sessions[id] = (version, fields)
        return version

    def compare_and_set(self, id: str, version: int, fields: list[Any]) -> Any:
        if others[0] > 0:
            others[0] -= 1
            self.replace(id, sessions.get(id, (0, []))[1])
        now = sessions.get(id, (0, []))[0]
        if now != version:
            return Swap_Stale(now)
        return Swap_Swapped(self.replace(id, fields))
