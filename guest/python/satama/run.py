"""Runs of durable workflows, from outside: start, see, and control them.

Names and start keys are at most 255 bytes; an input, output and a signal 256 KiB each, a page 100
items, a batch 64. Values are written as JSON; a `satama.Json` is written as it is.

    from satama import run

    with run.Runs.open("checkout") as orders:
        started = orders.start({"order": 7}, run.Options(key="order-7"))
        orders.signal(started.id, "paid", True)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from . import _runs as of
from . import _values as values
from ._bindings import Interface, imported
from ._failure import Failure
from ._handle import Handle
from ._json import Json, dump, maybe_json
from ._runs import (
    Event,
    Info,
    Options,
    Page,
    Request,
    Schedule,
    Started,
    Step,
    StepStatus,
    Version,
    VersionStatus,
)
from ._status import Status

if TYPE_CHECKING:
    from wit_world.imports import run as wit
else:
    wit = imported("run")

__all__ = [
    "Event",
    "Failure",
    "Info",
    "Options",
    "Page",
    "Request",
    "Runs",
    "Schedule",
    "Started",
    "Status",
    "Step",
    "StepStatus",
    "Version",
    "VersionStatus",
    "names",
]

PAGE_MAX = 100

WAIT_MAX = timedelta(seconds=30)

ask = Interface("run")


def names() -> list[str]:
    """The granted workflows that have runs or a version, in the order of their bytes."""
    return ask(wit.names)


class Runs(Handle["wit.Runs"]):
    """The runs of one workflow. Holding one is the permission to see and control them."""

    @classmethod
    def open(cls, workflow: str) -> Self:
        """Open the runs of `workflow`. Does not reach the store."""
        return cls(ask(wit.Runs.open, values.text(workflow)))

    def start(self, input: Any = None, options: Options | None = None) -> Started:
        """Start a run, of the newest active version of the workflow.

        Retried after `Unavailable` without a key, it may start two.
        """
        return of.started(ask(self._open.start, dump(input), to_wit(options)))

    def start_many(self, requests: Iterable[Request]) -> list[Started]:
        """Start at most 64. Each is atomic, all together are not."""
        all = [wit.Request(dump(each.input), to_wit(each.options)) for each in requests]
        return [of.started(each) for each in ask(self._open.start_many, all)]

    def get(self, id: str) -> Info | None:
        """The run, or none."""
        return of.maybe_info(ask(self._open.get, values.text(id)))

    def get_many(self, ids: Iterable[str]) -> list[Info | None]:
        """At most 64 runs, each or none."""
        return [of.maybe_info(info) for info in ask(self._open.get_many, values.texts(ids))]

    def find(
        self,
        *,
        status: Status | str | None = None,
        user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = PAGE_MAX,
    ) -> Page:
        """Runs, newest first, at most `limit` (100): of a status, of a user, created `since` then.

        `until` is for those created before it.
        """
        wanted = None if status is None else values.wit_enum(wit.Status, Status(status))
        filter = wit.Filter(
            wanted,
            values.maybe_text(user),
            values.maybe_moment(since),
            values.maybe_moment(until),
        )
        cursor = values.maybe_text(cursor)
        page = ask(self._open.find, filter, cursor, values.page(limit))
        return Page([of.info(info) for info in page.runs], page.next)

    def all_runs(
        self,
        *,
        status: Status | str | None = None,
        user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Info]:
        """All runs that `find` finds, read page by page."""

        def read(cursor: str | None) -> tuple[list[Info], str | None]:
            page = self.find(status=status, user=user, since=since, until=until, cursor=cursor)
            return page.runs, page.next

        return values.pages(read)

    def steps(self, id: str) -> list[Step]:
        """The steps of a run, in the order in which its body asked for them."""
        return [of.step(step) for step in ask(self._open.steps, values.text(id))]

    def history(self, id: str, since: int = 0, limit: int = PAGE_MAX) -> list[Event]:
        """The history of a run from an event on, at most `limit` events."""
        since = values.unsigned(since, values.U32_MAX)
        return of.events(ask(self._open.history, values.text(id), since, values.page(limit)))

    def state(self, id: str, name: str) -> Json | None:
        """A part of a run's state, as it was written; its `value` is what it says."""
        return maybe_json(ask(self._open.state, values.text(id), values.text(name)))

    def wait(self, id: str, timeout: timedelta = WAIT_MAX) -> Info:
        """Wait until the run has ended, or for at most 30 seconds; how it is then."""
        return of.info(ask(self._open.wait, values.text(id), values.millis(timeout)))

    def changes(self, id: str, since: int, timeout: timedelta = WAIT_MAX) -> list[Event]:
        """Wait until there are events from `since` on, or for at most 30 seconds."""
        since = values.unsigned(since, values.U32_MAX)
        wait = values.millis(timeout)
        return of.events(ask(self._open.changes, values.text(id), since, wait))

    def signal(self, id: str, name: str, payload: Any = None, *, key: str | None = None) -> bool:
        """Send a signal. Of two with one key, the second is not taken. True if it was."""
        name, key = values.text(name), values.maybe_text(key)
        return ask(self._open.signal, values.text(id), name, dump(payload), key)

    def decide(
        self,
        id: str,
        name: str,
        approved: bool,
        *,
        by: str | None = None,
        data: Any = None,
    ) -> None:
        """Decide an approval that the run has asked for. The first decision counts."""
        name, approved = values.text(name), values.flag(approved)
        by = values.maybe_text(by)
        ask(self._open.decide, values.text(id), name, approved, by, dump(data))

    def resume(self, id: str) -> None:
        """Resume a suspended run."""
        ask(self._open.resume, values.text(id))

    def cancel(self, id: str, reason: str = "", *, force: bool = False) -> None:
        """Cancel a run, and its children.

        It is told, and can undo what it did; with `force` it is not told, and ends now.
        """
        ask(self._open.cancel, values.text(id), values.text(reason), values.flag(force))

    def retry(self, id: str, number: int | None = None) -> None:
        """Let a run that failed or was cancelled go on from a step, or from that which failed."""
        number = None if number is None else values.unsigned(number, values.U32_MAX)
        ask(self._open.retry, values.text(id), number)

    def delete(self, id: str) -> bool:
        """Delete a run that has ended, with all that belongs to it. True if there was one."""
        return ask(self._open.delete, values.text(id))

    def versions(self) -> list[Version]:
        """The versions of this workflow, newest first; at most 100."""
        return [of.version(version) for version in ask(self._open.versions)]

    def set_version(self, digest: str, status: VersionStatus | str) -> bool:
        """Set whether a version starts new runs. False if there is none of this digest."""
        wanted = values.wit_enum(wit.VersionStatus, VersionStatus(status))
        return ask(self._open.set_version, values.text(digest), wanted)

    def schedule(
        self, name: str, cron: str, input: Any = None, options: Options | None = None
    ) -> Schedule:
        """Start a run each time a cron expression says so, in UTC.

        Replaces the schedule of this name. The expression has five or six fields, the first of
        six being seconds.
        """
        name, cron = values.text(name), values.text(cron)
        return of.schedule(ask(self._open.schedule, name, cron, dump(input), to_wit(options)))

    def unschedule(self, name: str) -> bool:
        """End a schedule. True if there was one."""
        return ask(self._open.unschedule, values.text(name))

    def schedules(self) -> list[Schedule]:
        """The schedules of this workflow, in the order of their names; at most 100."""
        return [of.schedule(schedule) for schedule in ask(self._open.schedules)]


def to_wit(options: Options | None) -> wit.Options:
    """How a run is started, for the host."""
    options = options or Options()
    priority = None if options.priority is None else values.unsigned(options.priority, 255)
    return wit.Options(
        key=values.maybe_text(options.key),
        user=values.maybe_text(options.user),
        timeout_ms=values.maybe_millis(options.timeout),
        priority=priority,
        delay_ms=values.maybe_millis(options.delay),
        retention_ms=values.maybe_millis(options.retention),
    )
