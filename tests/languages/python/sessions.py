"""Every function of sessions, their errors and limits."""

from datetime import timedelta
from typing import Any

from satama.session import Fields, Stale, Store, Swapped

from satama import Json
from show import OK, Lines, show

HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)


class Versions:
    """Whether each version is greater than the one before."""

    def __init__(self) -> None:
        self.last = 0

    def grew(self, version: int) -> bool:
        before, self.last = self.last, version
        return version > before


def swapped(swap: Swapped | Stale) -> object:
    """What became of a compare-and-set: that there was none is told."""
    return Never() if swap == Stale(0) else swap


class Never:
    """There was no session."""


@show.register
def _(never: Never) -> str:
    return "stale 0"


def all(t: Lines) -> None:
    t.done("open another", Store.open, "another", sliding=MS)
    t.done("longest expiry", Store.open, "granted", fixed=timedelta(days=400))
    t.done("longer expiry", Store.open, "granted", sliding=timedelta(days=400) + MS)
    # As long as a timedelta can be.
    t.done("expiry of 2^63", Store.open, "granted", fixed=timedelta.max)
    with Store.open("granted", sliding=HOUR) as s:
        t.say("open", OK)
        writes(t, s)
        swaps(t, s)
        limits(t, s)


def writes(t: Lines, s: Store) -> None:
    grew = Versions().grew
    t.call("get missing", s.get, "ann")
    t.call("remove from missing", s.remove, "ann", ["a"])
    t.of("replace", grew, s.replace, "ann", {"b": 2, "a": [1]})
    t.call("get", s.get, "ann")
    t.of("update", grew, s.update, "ann", {"c": "ä€😀", "a": None})
    t.call("get", s.get, "ann")
    # A dict has each name once.
    t.of("update twice", grew, s.update, "ann", {"a": 1} | {"a": 2})
    t.of("remove", grew, s.remove, "ann", ["b", "missing"])
    t.call("get", s.get, "ann")
    t.of("bad JSON", grew, s.update, "ann", {"good": 1, "bäd": Json("{")})
    t.call("clear", s.clear, "ann")
    t.call("clear again", s.clear, "ann")
    t.of("empty id and name", grew, s.replace, "", {"": {}})
    t.call("get", s.get, "")
    t.of("without fields", grew, s.replace, "none", {})
    t.call("get", s.get, "none")


def swaps(t: Lines, s: Store) -> None:
    def swap(what: str, version: int, value: int) -> Any:
        return t.of(what, swapped, s.compare_and_set, "bob", version, {"n": value})

    swap("swap of a missing one", 7, 0)
    first = swap("swap", 0, 1)
    swap("swap again", 0, 2)
    swap("swap of its version", first.version, 3)
    swap("swap of 2^53 + 2", (1 << 53) + 2, 4)
    t.call("get", s.get, "bob")

    def count(fields: Fields) -> int:
        fields["n"] = fields.get("n", 0) + 1
        n: int = fields["n"]
        return n

    t.call("update with a function", s.update_with, "bob", count)
    t.call("get", s.get, "bob")


def limits(t: Lines, s: Store) -> None:
    def text(count: int) -> str:
        """Of so many bytes as JSON."""
        return "v" * (count - 2)

    t.done("longest id", s.replace, "i" * 1024, {})
    t.call("longer id", s.replace, "i" * 1025, {})
    t.done("longest name", s.update, "l", {"i" * 255: 1})
    t.call("longer name", s.update, "l", {"i" * 256: 1})
    t.done("longest value", s.replace, "l", {"v": text(65_536)})
    t.call("longer value", s.replace, "l", {"v": text(65_537)})
    t.done("most fields", s.replace, "l", {str(n): 1 for n in range(256)})
    t.call("more fields", s.replace, "l", {str(n): 1 for n in range(257)})
    t.call("a larger session", s.replace, "l", {str(n): text(65_000) for n in range(17)})
