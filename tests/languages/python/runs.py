"""Every function of runs, from outside, their errors and limits. A worker runs them meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from satama.run import Options, Request, Runs, Status, VersionStatus

import satama
from satama import Json, run
from show import Lines

PATIENCE = timedelta(seconds=30)
"""Longer than any stall of a busy machine, and the most that a wait may take."""

MISSING = "0" * 34
"""A run that never was."""

MS = timedelta(milliseconds=1)
TEN_MINUTES = timedelta(minutes=10)


def asked(r: Runs, id: str, kind: str, name: str) -> None:
    """Waits until the body of a run has asked for something."""
    seen = 0
    while not any(step.kind == kind and step.name == name for step in r.steps(id)):
        more = len(r.changes(id, seen, PATIENCE))
        assert more > 0, f"it asked for no {kind} called {name}"
        seen += more


def all(t: Lines) -> None:
    t.done("open another", Runs.open, "another")
    with Runs.open("unserved") as unserved:
        t.call("start without a version", unserved.start)
    with Runs.open("echo") as r:
        starts(t, r)
        lists(t, r)
    with Runs.open("waits") as r:
        controls(t, r)
        ends(t, r)
    with Runs.open("undone") as r:
        retries(t, r)
    with Runs.open("echo") as r:
        versions(t, r)
        schedules(t, r)
        limits(t, r)


def starts(t: Lines, r: Runs) -> None:
    options = Options(
        key="avain-ä",
        user="ann-ä€😀",
        priority=9,
        timeout=TEN_MINUTES,
        delay=MS,
        retention=TEN_MINUTES,
    )
    id = t.call("start", r.start, {"text": "ä€😀"}, options).id
    t.call("start again", r.start, 1, options)
    t.call("wait", r.wait, id, PATIENCE)
    t.call("get", r.get, id)
    many = t.call("start many", r.start_many, [Request(1), Request([])])
    ids = [started.id for started in many]
    for each in ids:
        t.call("wait", r.wait, each, PATIENCE)
    t.call("get many", r.get_many, [ids[1], "none", ids[0]])
    t.call("get missing", r.get, MISSING)
    t.call("start bad JSON", r.start, Json("{"))
    t.call("begin", r.start, ["ä"], Options(key="avain-ä"))
    t.of("history", len, r.history, id)
    t.of("history since", lambda events: [event.index for event in events], r.history, id, 1, 1)
    t.of("changes", told, r.changes, id, 0, timedelta(0))
    t.call("steps", r.steps, id)
    t.call("state", r.state, id, "none")
    with Runs.open("waits") as other:
        t.call("get by another workflow", other.get, id)
        t.call("steps by another workflow", other.steps, id)
        t.call("delete by another workflow", other.delete, id)


def told(events: list[run.Event]) -> bool:
    """Whether all events are as they should be."""
    good = [event.json.startswith("{") and event.at.timestamp() > 0 for event in events]
    return False not in good


def lists(t: Lines, r: Runs) -> None:
    t.of("names", lambda names: "echo" in names, run.names)
    count, cursor = 0, None
    while True:
        page = r.find(cursor=cursor, limit=2)
        count, cursor = count + len(page.runs), page.next
        if cursor is None:
            break
    t.say("find all", count)

    def find(what: str, **filter: Any) -> None:
        t.of(what, lambda page: len(page.runs), r.find, **filter)

    find("find of user", user="ann-ä€😀")
    find("find completed", status=Status.COMPLETED)
    find("find failed", status=Status.FAILED)
    find("find before 1970", until=datetime(1970, 1, 1, tzinfo=UTC))
    # As late as a datetime can be.
    find("find since 2^53 + 2", since=datetime.max.replace(tzinfo=UTC))
    t.done("bad cursor", r.find, cursor="ä", limit=1)


def controls(t: Lines, r: Runs) -> None:
    id = r.start().id
    asked(r, id, "suspend", "why")
    t.call("suspended", r.get, id)
    t.done("retry what goes on", r.retry, id)
    t.call("delete what goes on", r.delete, id)
    t.done("resume", r.resume, id)
    t.say("resume again", lambda: refused(lambda: r.resume(id)))
    t.call("signal", r.signal, id, "go", {"ä": 1}, key="once")
    t.call("signal again", r.signal, id, "go", 2, key="once")
    asked(r, id, "approval", "pay")
    t.done("decide another", r.decide, id, "other", True)
    t.done("decide bad JSON", r.decide, id, "pay", True, data=Json("{"))
    t.done("decide", r.decide, id, "pay", True, by="bob-ä", data=[1])
    t.call("wait", r.wait, id, PATIENCE)
    t.call("steps", r.steps, id)
    t.call("signal what has ended", r.signal, id, "go", 1)
    t.call("signal bad JSON", r.signal, id, "go", Json("{"))
    t.call("signal missing", r.signal, MISSING, "go", 1)
    t.done("decide what has ended", r.decide, id, "pay", True)


def refused(call: Callable[[], None]) -> bool:
    """Whether a call fails."""
    try:
        call()
    except satama.Error:
        return True
    return False


def ends(t: Lines, r: Runs) -> None:
    id = r.start().id
    asked(r, id, "suspend", "why")
    t.done("cancel", r.cancel, id, "ä")
    t.call("wait", r.wait, id, PATIENCE)
    t.done("cancel what has ended", r.cancel, id)
    id = r.start().id
    t.done("cancel by force", r.cancel, id, force=True)
    t.call("wait", r.wait, id, PATIENCE)
    t.call("delete", r.delete, id)
    t.call("delete again", r.delete, id)
    t.call("wait for what is deleted", r.wait, id, timedelta(0))


def retries(t: Lines, r: Runs) -> None:
    id = r.start("card").id
    t.call("wait", r.wait, id, PATIENCE)
    t.done("retry from where it was not", r.retry, id, 70)
    t.done("retry", r.retry, id, 0)
    t.call("wait", r.wait, id, PATIENCE)


def versions(t: Lines, r: Runs) -> None:
    found = r.versions()
    t.say("versions", len(found))
    active = {version.status for version in found} == {VersionStatus.ACTIVE}
    t.say("active", active and found[0].first_seen_at.timestamp() > 0)
    digest = found[0].digest
    t.call("decline", r.set_version, digest, VersionStatus.DECLINED)
    t.call("start", r.start)
    t.call("activate", r.set_version, digest, VersionStatus.ACTIVE)
    t.call("of another digest", r.set_version, digest.replace(":", ":0"), VersionStatus.DRAFT)


def schedules(t: Lines, r: Runs) -> None:
    t.call("schedule", r.schedule, "yö-ä", "0 0 1 1 *", [1])
    t.call("schedule by seconds", r.schedule, "b", "0 0 0 1 1 *")
    t.call("bad cron", r.schedule, "c", "whenever", 1)
    t.call("schedules", r.schedules)
    t.call("unschedule", r.unschedule, "yö-ä")
    t.call("unschedule again", r.unschedule, "yö-ä")
    t.call("unschedule", r.unschedule, "b")


def limits(t: Lines, r: Runs) -> None:
    largest = t.done("largest input", r.start, "v" * ((256 << 10) - 2))
    output = t.of("its output", lambda info: len(info.output_json), r.wait, largest.id, PATIENCE)
    assert output is not None
    t.call("larger input", r.start, "v" * ((256 << 10) - 1))

    def start(what: str, **options: Any) -> None:
        t.done(what, r.start, None, Options(**options))

    start("longer key", key="k" * 256)
    start("longer user", user="u" * 256)
    start("higher priority", priority=10)
    # As long as a timedelta can be.
    start("timeout of 2^63", timeout=timedelta.max)
    start("longer retention", retention=timedelta(days=400) + MS)
    request = Request(None, Options(key="same"))
    t.of("most at a time", len, r.start_many, [request] * 64)
    t.of("more at a time", len, r.start_many, [request] * 65)
    t.of("most to get", len, r.get_many, ["none"] * 64)
    t.of("more to get", len, r.get_many, ["none"] * 65)
    t.done("larger page", r.find, limit=101)
    t.done("longer wait", r.wait, MISSING, PATIENCE + MS)
