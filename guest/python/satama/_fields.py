"""The fields of a session."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from ._json import Json, dump


class Fields(MutableMapping[str, Any]):
    """A session's fields, by name: values of JSON.

    A value is decoded when it is read. What is not changed stays as it was written, a number
    such as `1.50` too.
    """

    def __init__(self, fields: Mapping[str, Any] | None = None) -> None:
        self._texts: dict[str, Json] = {}
        self._read: dict[str, Any] = {}
        for name, value in (fields or {}).items():
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        if name not in self._read:
            self._read[name] = self._texts[name].value
        return self._read[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._texts[name] = Json(dump(value))
        self._read.pop(name, None)

    def __delitem__(self, name: str) -> None:
        del self._texts[name]
        self._read.pop(name, None)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The field's value, or `default`, which it then has. What is changed in it counts."""
        if name not in self:
            self[name] = default
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __repr__(self) -> str:
        return f"Fields({dict(self)!r})"

    def json(self) -> dict[str, Json]:
        """Each field as it is written: with what was changed within a value that was read."""
        for name, value in self._read.items():
            # Compared as JSON: there, true is not one.
            if json.dumps(value) != json.dumps(self._texts[name].value):
                self._texts[name] = Json(dump(value))
        return dict(self._texts)
