"""What became of a compare-and-set."""

from dataclasses import dataclass

TRIES_MAX = 32
"""How often helpers try. Each lost race is another writer's success."""


@dataclass(frozen=True)
class Swapped:
    """It was written."""

    version: int
    """What it has now."""


@dataclass(frozen=True)
class Stale:
    """It was not written: another writer was faster."""

    version: int
    """What it has instead."""
