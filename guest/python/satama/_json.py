"""Values as JSON, and JSON as it was written."""

from __future__ import annotations

import json
from typing import Any


class Json(str):
    """JSON text, which is passed on as it is where a value is wanted.

    Such as `store.set_state(id, Json('{"n": 1.50}'))`. Whether it is JSON, the host says.
    """

    __slots__ = ()

    @property
    def value(self) -> Any:
        """What it says, as a value. Read anew each time."""
        return json.loads(self)


def dump(value: Any) -> str:
    """A value as JSON. What is none is a `TypeError` or `ValueError`."""
    if isinstance(value, Json):
        return str(value)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError as err:
        raise ValueError("it is nested too deep") from err
    # Half of a pair of surrogates has no form in UTF-8.
    text.encode()
    return text


def maybe_json(text: str | None) -> Json | None:
    """JSON that may not be there."""
    return None if text is None else Json(text)


def maybe_value(text: Json | None) -> Any:
    """What it says, or none if it is not there."""
    return None if text is None else text.value
