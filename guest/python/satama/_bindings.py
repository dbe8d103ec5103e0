"""The bindings that componentize-py makes of the world, and the way to call them.

A world has the interfaces that `wit/world.wit` names, and no others. So each module of this
package finds its own when it is imported, which is while the component is built.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, ParamSpec, TypeVar, cast

from componentize_py_types import Err

from .errors import Cancelled, Error, from_wit

P = ParamSpec("P")
T = TypeVar("T")

PACKAGE = "satama_services"
VERSION = "0_1_0"


def imported(name: str) -> ModuleType:
    """The bindings of an interface that the world has to import."""
    found = find("imports", name)
    if found is None:
        raise ImportError(
            f"the component's world has no `{wit_name(name)}`: add the line "
            f"`import satama:services/{wit_name(name)}@0.1.0;` to wit/world.wit"
        )
    return found


def exported(name: str) -> ModuleType | None:
    """The bindings of an interface that the world may export."""
    return find("exports", name)


def find(direction: str, name: str) -> ModuleType | None:
    """The bindings under the short name, or the long one if another package has the short."""
    for module in (f"{PACKAGE}_{name}_{VERSION}", f"{PACKAGE}_{name}", name):
        path = f"wit_world.{direction}.{module}"
        try:
            return import_module(path)
        except ModuleNotFoundError as err:
            # Only these are missing; what else is not found is a fault of its own.
            if err.name not in (path, "wit_world", f"wit_world.{direction}"):
                raise
    return None


def wit_name(name: str) -> str:
    """As the WIT writes it."""
    return name.replace("_", "-")


class Interface:
    """Calls the host, and raises what it answers as an exception of this package."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        failed: Error | Cancelled
        try:
            return function(*args, **kwargs)
        except Err as err:  # pyright: ignore[reportUnknownVariableType]
            failed = from_wit(self.name, cast(Any, err).value)
        # Outside of the handler: what the bindings raise says nothing more.
        try:
            raise failed
        finally:
            # It holds this frame by its traceback, and would by this hold itself: with all that
            # its callers have, until a collection.
            del failed
