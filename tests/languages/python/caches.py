"""Every function of the cache, its errors and limits."""

from datetime import timedelta

from satama.cache import Bucket, Claim, Entry

from show import OK, Lines, show

MINUTE = timedelta(minutes=1)
MS = timedelta(milliseconds=1)
NONE = timedelta(0)
COUNTER_MAX = (1 << 53) - 1


def all(t: Lines) -> None:
    t.done("open another", Bucket.open, "another")
    with Bucket.open("granted") as b:
        t.say("open", OK)
        counts = b.counts()
        values(t, b)
        batches(t, b)
        counters(t, b)
        groups(t, b)
        fills(t, b)
        after = b.counts()
        t.say("hits", after.hits - counts.hits)
        t.say("misses", after.misses - counts.misses)


def values(t: Lines, b: Bucket) -> None:
    t.call("get missing", b.get, "a")
    t.done("set", b.set, "a", b"hello", ttl=MINUTE)
    t.call("get", b.get, "a")
    t.done("set empty", b.set, "", b"", ttl=MINUTE)
    t.call("get empty", b.get, "")
    t.done("set unicode", b.set, "avain-ä€😀", "arvo-ä€😀".encode(), ttl=MINUTE)
    t.call("get unicode", b.get, "avain-ä€😀")
    t.done("set nul", b.set, "a\0b", b"\0\xff\x80", ttl=MINUTE)
    t.call("get nul", b.get, "a\0b")
    t.call("exists", b.exists, "a")
    t.call("exists missing", b.exists, "missing")
    t.of("ttl", lambda ttl: ttl is not None and NONE < ttl <= MINUTE, b.ttl, "a")
    t.call("ttl missing", b.ttl, "missing")
    t.call("delete", b.delete, "a")
    t.call("delete again", b.delete, "a")
    t.call("set if absent", b.set_if_absent, "a", b"1", ttl=MINUTE)
    t.call("set if absent again", b.set_if_absent, "a", b"2", ttl=MINUTE)
    t.call("get", b.get, "a")


def batches(t: Lines, b: Bucket) -> None:
    entries = [Entry("x", b"1", MINUTE), Entry("y", b"", MINUTE), Entry("x", b"333", MINUTE)]
    t.done("set many", b.set_many, entries)
    t.call("get many", b.get_many, ["x", "y", "z", "x"])
    t.done("set many of none", b.set_many, [])
    t.call("get many of none", b.get_many, [])


def counters(t: Lines, b: Bucket) -> None:
    def add(what: str, key: str, delta: int) -> None:
        t.call(what, b.add, key, delta, ttl=MINUTE)

    add("add", "n", 5)
    add("add less", "n", -7)
    t.call("get counter", b.get, "n")
    add("add to text", "x-ä", 1)
    t.done("set text", b.set, "text", b"text", ttl=MINUTE)
    add("add to text", "text", 1)
    add("add the most", "max", COUNTER_MAX)
    add("add beyond", "max", 1)
    add("add the least", "min", -COUNTER_MAX)
    add("add below", "min", -1)
    add("add what is over 53 bits", "huge", 1 << 60)
    add("add the least of 64 bits", "huge", -(1 << 63))


def groups(t: Lines, b: Bucket) -> None:
    t.done("set in group", b.set, "g1", b"1", ttl=MINUTE, group="ryhmä")
    t.done("set in the empty group", b.set, "g2", b"2", ttl=MINUTE, group="")
    t.done("invalidate group", b.invalidate_group, "ryhmä")
    t.call("get of group", b.get, "g1")
    t.call("get of the empty group", b.get, "g2")
    t.done("invalidate all", b.invalidate_all)
    t.call("get of the empty group", b.get, "g2")
    t.call("get of none", b.get, "x")


def found(value: bytes | Claim | None) -> object:
    """What `fill` found, as it is said."""
    if isinstance(value, bytes):
        return Hit(value)
    return Hit(None) if value is None else value


class Hit:
    """A value that the cache has; or none yet."""

    def __init__(self, value: bytes | None) -> None:
        self.value = value


@show.register
def _(hit: Hit) -> str:
    return "busy" if hit.value is None else f"hit {show(hit.value)}"


def fills(t: Lines, b: Bucket) -> None:
    def fill(what: str, key: str, group: str | None = None) -> Claim:
        claim: Claim = t.of(what, found, b.fill, key, wait=NONE, claim=MINUTE, group=group)
        return claim

    first = fill("fill", "f")
    fill("fill meanwhile", "f")
    t.done("complete", first.complete, b"filled", MINUTE)
    fill("fill again", "f")
    with fill("fill another", "g"):
        pass
    with fill("fill after it was given up", "g") as late:
        t.done("set under the claim", b.set, "g", b"set", ttl=MINUTE)
        t.done("complete a lost claim", late.complete, b"late", MINUTE)
    t.call("get", b.get, "g")
    with fill("fill in a group", "h", "ryhmä") as grouped:
        t.done("complete in a group", grouped.complete, b"", MINUTE)
    t.done("invalidate its group", b.invalidate_group, "ryhmä")
    t.call("get", b.get, "h")
    first.close()


def limits(t: Lines) -> None:
    with Bucket.open("granted") as b:
        keys(t, b)
        sizes(t, b)
        times(t, b)
        largest(t, b)
        t.done("longer wait", b.fill, "missing", wait=30_001 * MS, claim=1000 * MS)
        t.done("longer claim", b.fill, "missing", wait=NONE, claim=300_001 * MS)
        t.done("fill of a longer key", b.fill, "k" * 1025, wait=NONE, claim=MS)


def keys(t: Lines, b: Bucket) -> None:
    t.done("longest key", b.set, "k" * 1024, b"1", ttl=MINUTE)
    t.call("get by it", b.get, "k" * 1024)
    longer = "k" * 1025
    t.done("longer key", b.set, longer, b"1", ttl=MINUTE)
    t.call("get by it", b.get, longer)
    t.call("delete by it", b.delete, longer)
    t.call("exists by it", b.exists, longer)
    t.call("ttl by it", b.ttl, longer)
    t.call("add by it", b.add, longer, 1, ttl=MINUTE)


def sizes(t: Lines, b: Bucket) -> None:
    most = (bytes(range(251)) * ((1 << 20) // 251 + 1))[: 1 << 20]
    t.done("largest value", b.set, "large", most, ttl=MINUTE)
    t.call("get it", b.get, "large")
    larger = b"v" * ((1 << 20) + 1)
    t.done("larger value", b.set, "larger", larger, ttl=MINUTE)
    t.call("larger value if absent", b.set_if_absent, "larger", larger, ttl=MINUTE)
    t.call("get it", b.get, "larger")


def times(t: Lines, b: Bucket) -> None:
    def keep(what: str, ttl: timedelta, group: str | None = None) -> None:
        t.done(what, b.set, "t", b"1", ttl=ttl, group=group)

    month = timedelta(days=30)
    keep("longest ttl", month)
    keep("longer ttl", month + MS)
    keep("ttl of 2^53 + 2", ((1 << 53) + 2) * MS)
    # As long as a timedelta can be.
    keep("ttl of 2^63", timedelta.max)
    keep("longest group", 1000 * MS, "g" * 255)
    keep("longer group", 1000 * MS, "g" * 256)
    t.done("invalidate longer group", b.invalidate_group, "g" * 256)
    keep("group in unicode", 1000 * MS, "ä" * 128)


def largest(t: Lines, b: Bucket) -> None:
    def names(count: int) -> list[str]:
        return [f"batch-{n}" for n in range(count)]

    def entries(count: int) -> list[Entry]:
        return [Entry(name, b"1", MINUTE) for name in names(count)]

    def there(values: list[bytes | None]) -> int:
        return sum(value is not None for value in values)

    t.done("largest batch", b.set_many, entries(64))
    t.of("get it", there, b.get_many, names(64))
    t.done("larger batch", b.set_many, entries(65))
    t.call("get it", b.get_many, names(65))
