"""Every function of the hub, its errors and limits."""

from datetime import timedelta

from satama.channel import Store
from satama.hub import Bus, Keep, Member

from show import OK, Lines

MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
MS = timedelta(milliseconds=1)


def placed(position: str | None) -> bool:
    """Whether a message is kept."""
    return position is not None


def all(t: Lines) -> None:
    t.done("open another", Bus.open, "another")
    with Bus.open("granted") as b, Store.open("granted", ttl=MINUTE) as channels:
        t.say("open", OK)
        t.done("add a channel", channels.add, "a", {})
        t.done("add a channel", channels.add, "b", {}, user="ann")
        subscriptions(t, b)
        messages(t, b)
        limits(t, b)
        t.call("remove the channels", channels.remove, ["a", "b"])
        t.call("members then", members, b, "t")


def members(b: Bus, topic: str) -> list[Member]:
    """Who listens to a topic, in the order of the channels."""
    return sorted(b.members(topic).members, key=lambda member: member.channel)


def subscriptions(t: Lines, b: Bus) -> None:
    t.call("subscribe", b.subscribe, "t", "a")
    t.call("subscribe again", b.subscribe, "t", "a")
    t.call("subscribe another", b.subscribe, "t", "b")
    t.call("subscribe to unicode", b.subscribe, "aihe-ä€😀", "a")
    t.call("subscribe to the empty topic", b.subscribe, "", "a")
    t.call("subscribe a missing one", b.subscribe, "t", "missing")
    t.call("subscribe since nowhere", b.subscribe, "t", "a", since="ä")
    t.call("topics", b.topics, "a")
    t.call("topics of missing", b.topics, "missing")
    t.call("members", members, b, "t")
    t.call("members of none", members, b, "none")
    t.done("bad cursor", b.members, "t", "ä", 1)
    t.done("larger page", b.members, "t", None, 1001)
    t.call("unsubscribe", b.unsubscribe, "", "a")
    t.call("unsubscribe again", b.unsubscribe, "", "a")
    t.call("unsubscribe a missing one", b.unsubscribe, "t", "missing")


def messages(t: Lines, b: Bus) -> None:
    keep = Keep(3, MINUTE)
    t.of("publish", placed, b.publish, "t", "not kept")
    t.of("say", placed, b.say, "t", "not kept")
    t.call("history of none", b.history, "t", limit=10)
    first = t.of("publish and keep", placed, b.publish, "k", "ä€😀", except_channel="a", keep=keep)
    t.of("publish more", placed, b.publish, "k", b"\0\xff")
    t.call("history", b.history, "k", limit=10)
    t.call("history since", b.history, "k", since=first, limit=10)
    t.call("history of one", b.history, "k", limit=1)
    t.call("where it is", b.history, "k", limit=0)
    for n in ["3", "4"]:
        t.of("publish", placed, b.publish, "k", n)
    t.call("history since what is gone", b.history, "k", since=first, limit=10)
    t.call("history since nowhere", b.history, "k", since="ä", limit=10)
    last = b.history("k", limit=0).position
    t.call("subscribe since", b.subscribe, "k", "a", since=last)


def limits(t: Lines, b: Bus) -> None:
    t.done("longest topic", b.publish, "i" * 255, "m")
    t.done("longer topic", b.publish, "i" * 256, "m")
    t.done("largest message", b.publish, "l", "i" * 65_536)
    t.done("larger message", b.publish, "l", b"\1" * 65_537)
    t.done("most kept", b.publish, "l", "m", keep=Keep(1000, WEEK))
    t.done("more kept", b.publish, "l", "m", keep=Keep(1001, MS))
    t.done("kept longer", b.publish, "l", "m", keep=Keep(1, WEEK + MS))
    # As long as a timedelta can be.
    t.done("kept for 2^63", b.publish, "l", "m", keep=Keep(1, timedelta.max))
    t.done("larger history", b.history, "l", limit=101)
    most = range(2, 128)
    t.say("most topics", lambda: len([b.subscribe(f"topic-{n}", "b") for n in most]))
    t.call("one more", b.subscribe, "one", "b")
    t.call("and another", b.subscribe, "more", "b")
