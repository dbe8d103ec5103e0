"""The host of a run: calls, failures and JSON as it takes them."""

from __future__ import annotations

import json
import sys
import traceback
from typing import TYPE_CHECKING, Any

from .._bindings import Interface, imported
from .._failure import FAILURE_BYTES_MAX, Failure, cut, of_error
from .._json import dump
from ..errors import Cancelled

if TYPE_CHECKING:
    from wit_world.imports import workflow as wit
else:
    wit = imported("workflow")

__all__ = ["host", "of_raised", "output", "to_wit", "wit", "written"]

host = Interface("workflow")


def to_wit(failure: Failure) -> wit.Failure:
    """As the host takes it: what is too long is cut, or left out if it would be no JSON then."""
    details = None if failure.json is None else str(failure.json)
    if details is not None and len(details.encode()) > FAILURE_BYTES_MAX:
        details = None
    return wit.Failure(cut(failure.code), cut(failure.message), bool(failure.retry), details)


def of_raised(error: BaseException) -> Failure:
    """What was raised, as a failure. The traceback of what is none goes to the log."""
    if not isinstance(error, Failure | Cancelled) and getattr(error, "interface", "") != "workflow":
        traceback.print_exception(error, file=sys.stderr)
    return of_error(error)


def written(value: Any) -> str:
    """A value that a body asks something with, or returns."""
    try:
        return dump(value)
    except (TypeError, ValueError) as err:
        raise Failure.fatal("invalid-json", str(err)) from err


def output(text: str) -> Any:
    """What came of something."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise Failure.fatal("invalid-result", str(err)) from err
