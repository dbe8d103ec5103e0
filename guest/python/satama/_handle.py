"""Handles of the host's, which are closed by `with`, by `close`, or when nothing holds them."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar


class Resource(Protocol):
    """What the bindings make of a resource."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None:
        """Release it."""


R = TypeVar("R", bound=Resource)


class Handle(Generic[R]):
    """Holds one of the handles that an instance may have (1,000, unless its manifest says else)."""

    def __init__(self, resource: R) -> None:
        self._resource: R | None = resource

    @property
    def _open(self) -> R:
        if self._resource is None:
            raise ValueError(f"the {type(self).__name__.lower()} is closed")
        return self._resource

    def close(self) -> None:
        """Give the handle back. It may be closed already."""
        resource, self._resource = self._resource, None
        if resource is not None:
            resource.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
