"""Every function of channels, their errors and limits."""

from datetime import timedelta

from satama.channel import Entry, Page, Store

from satama import Json
from show import OK, Lines

DAY = timedelta(days=1)
MS = timedelta(milliseconds=1)


def entries(page: Page) -> list[Entry]:
    """All of a page, in the order of their ids."""
    return sorted(page.entries, key=lambda entry: entry.id.encode())


def all(t: Lines) -> None:
    t.done("open another", Store.open, "another", ttl=1000 * MS)
    t.done("longest ttl", Store.open, "granted", ttl=DAY)
    t.done("longer ttl", Store.open, "granted", ttl=DAY + MS)
    # As long as a timedelta can be.
    t.done("ttl of 2^63", Store.open, "granted", ttl=timedelta.max)
    with Store.open("granted", ttl=timedelta(minutes=1)) as s:
        t.say("open", OK)
        channels(t, s)
        states(t, s)
        lists(t, s)
        ends(t, s)
        limits(t, s)


def channels(t: Lines, s: Store) -> None:
    t.done("add", s.add, "a", Json('{"n": 1}'))
    t.done("add again", s.add, "a", {})
    t.done("add bad JSON", s.add, "b", Json("{"))
    t.done("add with user", s.add, "ä€😀", None, user="ann-ä")
    t.call("get", s.get, "a")
    t.call("get unicode", s.get, "ä€😀")
    t.call("get missing", s.get, "missing")
    t.done("set user", s.set_user, "a", "ann-ä")
    t.call("get", s.get, "a")
    t.done("clear user", s.set_user, "a", None)
    t.call("get", s.get, "a")
    t.done("set user of missing", s.set_user, "missing", None)
    t.done("set the empty user", s.set_user, "a", "")
    t.call("get", s.get, "a")


def states(t: Lines, s: Store) -> None:
    t.call("state before", s.get_state, "a")
    version = t.of("set state", lambda version: version > 0, s.set_state, "a", [1])
    t.call("state", s.get_state, "a")
    t.call("swap", s.compare_and_set_state, "a", version, "ä")
    t.call("swap again", s.compare_and_set_state, "a", version, 2)
    t.call("state", s.get_state, "a")
    t.call("bad JSON", s.set_state, "a", Json(""))
    t.call("swap to bad JSON", s.compare_and_set_state, "a", version, Json("nul"))
    t.of("clear state", lambda cleared: cleared > version, s.clear_state, "a")
    t.call("state", s.get_state, "a")
    t.call("update with a function", s.update_state, "a", lambda n: (n or 0) + 1)
    t.call("state", s.get_state, "a")
    t.call("state of missing", s.get_state, "missing")
    t.call("set state of missing", s.set_state, "missing", 1)
    t.call("swap of missing", s.compare_and_set_state, "missing", 0, 1)
    t.call("clear state of missing", s.clear_state, "missing")


def lists(t: Lines, s: Store) -> None:
    t.call("touch", s.touch, ["a", "missing"])
    t.call("touch none", s.touch, [])
    t.of("of user", entries, s.of_user, "ann-ä", None, 10)
    t.of("of nobody", entries, s.of_user, "nobody", None, 10)
    t.of("all", entries, s.all)
    t.of("bad cursor", entries, s.all, "ä", 10)
    t.of("bad cursor of user", entries, s.of_user, "ann-ä", "ä", 10)
    t.of("larger page", entries, s.all, None, 1001)
    t.of("page of 10,000", entries, s.of_user, "ann-ä", None, 10_000)
    t.call("send text", s.send, "a", "hello")
    t.call("send bytes", s.send, "a", b"\0\xff")
    t.call("send to missing", s.send, "missing", "")


def ends(t: Lines, s: Store) -> None:
    t.done("disconnect with a bad code", s.disconnect, "a", 999)
    t.done("disconnect with a long reason", s.disconnect, "a", 1000, "r" * 124)
    t.done("disconnect", s.disconnect, "a", 3000, "enough")
    t.done("disconnect again", s.disconnect, "a", 3000, "enough")
    for id in ["b", "c"]:
        t.done("add", s.add, id, {})
    ids = ["b", "c", "missing", "ä€😀"]
    t.call("remove", s.remove, ids)
    t.call("remove again", s.remove, ids)
    t.of("all", entries, s.all)


def limits(t: Lines, s: Store) -> None:
    def text(count: int) -> str:
        """Of so many bytes as JSON."""
        return "v" * (count - 2)

    t.done("longest id", s.add, "i" * 255, {})
    t.done("longer id", s.add, "i" * 256, {})
    t.done("longest user", s.add, "u", {}, user="i" * 255)
    t.done("longer user", s.add, "v", {}, user="i" * 256)
    t.done("largest data", s.add, "d", text(65_536))
    t.done("larger data", s.add, "e", text(65_537))
    t.done("largest state", s.set_state, "u", text(65_536))
    t.call("larger state", s.set_state, "u", text(65_537))
    t.call("largest message", s.send, "u", b"\7" * 65_536)
    t.call("larger message", s.send, "u", "i" * 65_537)
    ids = [str(n) for n in range(1001)]
    t.of("longest list", len, s.touch, ids[:1000])
    t.call("longer list", s.touch, ids)
    t.call("remove a longer list", s.remove, ids)
    t.call("remove", s.remove, ["i" * 255, "u", "d"])
