"""Ten thousand channels, which all listen to one topic."""

from collections.abc import Iterable
from datetime import timedelta

from satama.channel import Store
from satama.hub import Bus

from show import Lines


def read(t: Lines, what: str, items: Iterable[str]) -> None:
    """Says what a list has."""
    all = sorted(items)
    t.say(what, len(all))
    t.say("different ones", len(set(all)))
    t.say("first", all[0])
    t.say("last", all[-1])


def all(t: Lines) -> None:
    with Store.open("many", ttl=timedelta(minutes=1)) as s:
        read(t, "of user", (entry.id for entry in s.all_of_user("ann")))
        read(t, "all", (entry.id for entry in s.all_channels()))
    with Bus.open("many") as b:
        read(t, "members", (member.channel for member in b.all_members("topic")))
