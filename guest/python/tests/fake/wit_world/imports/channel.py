"""Channels for tests: one state, which others write between a read and a write."""

from __future__ import annotations

from typing import Any

from ..cases import handle_exit, record

Swap_Swapped = record("Swap_Swapped", "value")
Swap_Stale = record("Swap_Stale", "value")
State = record("State", "version", "value")
Entry = record("Entry", "id", "user")
Page = record("Page", "entries", "next")

others: list[int] = [0]
sent: list[Any] = []


class Store:
    closed = False
    __exit__ = handle_exit

    def __init__(self) -> None:
        self.version, self.value = 0, None

    @classmethod
    def open(cls, name: str, ttl_ms: int) -> Store:
        return cls()

    def get_state(self, id: str) -> Any:
        return State(self.version, self.value)

    def compare_and_set_state(self, id: str, version: int, value: str) -> Any:
        if others[0] > 0:
            others[0] -= 1
            self.version, self.value = self.version + 1, "10"
        if self.version != version:
            return Swap_Stale(self.version)
        self.version, self.value = self.version + 1, value
        return Swap_Swapped(self.version)

    def all(self, cursor: str | None, limit: int) -> Any:
        pages = {None: (["a", "b"], "b"), "b": ([], "m"), "m": (["n"], None)}
        ids, next = pages[cursor]
        return Page([Entry(id, None) for id in ids], next)

    def send(self, id: str, message: Any) -> bool:
        sent.append(message)
        return True
