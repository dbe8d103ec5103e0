"""What runs are described with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from . import _values as values
from ._failure import Failure, of_wit
from ._json import Json, maybe_json, maybe_value
from ._status import Status


@dataclass(frozen=True)
class Options:
    """How a run is started."""

    key: str | None = None
    """Two starts with one key are one run, as long as that is kept."""
    user: str | None = None
    """Who it is for."""
    timeout: timedelta | None = None
    """How long it may take. Then it is cancelled, and ends as failed."""
    priority: int | None = None
    """From 0 to 9; 4 if none. Each is worth a minute in the queue."""
    delay: timedelta | None = None
    """Begin only after so long."""
    retention: timedelta | None = None
    """Delete it so long after its end; if none, as the manifest says, or after seven days."""


@dataclass(frozen=True)
class Request:
    """A run to be started."""

    input: Any = None
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Started:
    """What became of a start."""

    id: str
    new: bool
    """Whether it was started now, or had been before with the same key."""


class StepStatus(StrEnum):
    """Where a step is."""

    PENDING = "pending"
    """It runs, or waits for a host or for its next attempt."""
    SUCCEEDED = "succeeded"
    """It is done."""
    FAILED = "failed"
    """It has failed for good."""


class VersionStatus(StrEnum):
    """Whether a version starts new runs. Those that it has started go on in any case."""

    DRAFT = "draft"
    """Not yet."""
    ACTIVE = "active"
    """The newest that is active does."""
    DECLINED = "declined"
    """No more."""


@dataclass(frozen=True)
class Info:
    """A run at one moment."""

    id: str
    workflow: str
    status: Status
    digest: str
    """The component that it is pinned to: `sha256:` and 64 digits."""
    generation: int
    """How often it was continued as new: zero at first."""
    user: str | None
    key: str | None
    parent: str | None
    priority: int
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    events: int
    """Events of its history."""
    waits_for: str | None
    """What it waits for, in words; or that no host has its component."""
    input_json: Json | None
    """As it was written; not in a list."""
    output_json: Json | None
    """As it was written, if it is completed; not in a list."""
    failure: Failure | None
    """If it has failed; not in a list."""

    @property
    def input(self) -> Any:
        """What it was started with; none in a list."""
        return maybe_value(self.input_json)

    @property
    def output(self) -> Any:
        """What it returned, if it is completed; none in a list."""
        return maybe_value(self.output_json)


@dataclass(frozen=True)
class Step:
    """One step, or something else that the body asked for."""

    number: int
    """Its place in the order in which the body asked: from zero."""
    kind: str
    """`step`, `function`, `child`, `timer`, `approval`, `suspend` or `state`."""
    name: str
    target: str | None
    """The function or workflow."""
    child: str | None
    """The child."""
    status: StepStatus
    attempts: int
    undo: bool
    input_json: Json | None
    """What it was given, where that is kept; as it was written."""
    output_json: Json | None
    """What it came to, as it was written."""
    failure: Failure | None
    created_at: datetime
    """When it was recorded first."""
    ended_at: datetime | None
    """When it came to its end."""

    @property
    def input(self) -> Any:
        """What it was given, where that is kept."""
        return maybe_value(self.input_json)

    @property
    def output(self) -> Any:
        """What it came to."""
        return maybe_value(self.output_json)


@dataclass(frozen=True)
class Event:
    """One event of a history."""

    index: int
    """Its place, from zero."""
    at: datetime
    json: Json
    """The event as it was written: an object with one member, whose name is its kind."""

    @property
    def event(self) -> Any:
        """The event: a dict with one key, which is its kind."""
        return self.json.value


@dataclass(frozen=True)
class Page:
    """Part of a list, newest first."""

    runs: list[Info]
    """May be fewer than were asked for, or none, while there is a next page."""
    next: str | None
    """Where to go on, or none if this was the last page."""


@dataclass(frozen=True)
class Version:
    """A version of a workflow: a component that has it."""

    digest: str
    status: VersionStatus
    source: str
    """The component's name, as its host was told it."""
    first_seen_at: datetime
    last_seen_at: datetime
    """When a host that serves it was last seen."""


@dataclass(frozen=True)
class Schedule:
    """A run that is started again and again."""

    name: str
    cron: str
    """Five or six fields, the first of six being seconds; in UTC."""
    json: Json
    """What its runs are started with, as it was written."""
    next_at: datetime

    @property
    def input(self) -> Any:
        """What its runs are started with."""
        return self.json.value


def started(started: Any) -> Started:
    """From the host, as all below."""
    return Started(started.id, started.new)


def failure(failure: Any) -> Failure | None:
    """Of a run or step, if it has failed."""
    return None if failure is None else of_wit(failure)


def info(info: Any) -> Info:
    """A run."""
    return Info(
        id=info.id,
        workflow=info.workflow,
        status=Status[info.status.name],
        digest=info.digest,
        generation=info.generation,
        user=info.user,
        key=info.key,
        parent=info.parent,
        priority=info.priority,
        created_at=values.time(info.created_at_ms),
        updated_at=values.time(info.updated_at_ms),
        ended_at=values.maybe_time(info.ended_at_ms),
        events=info.events,
        waits_for=info.waits_for,
        input_json=maybe_json(info.input),
        output_json=maybe_json(info.output),
        failure=failure(info.failure),
    )


def maybe_info(found: Any) -> Info | None:
    """A run, if there is one."""
    return None if found is None else info(found)


def step(step: Any) -> Step:
    """A step."""
    return Step(
        number=step.number,
        kind=step.kind,
        name=step.name,
        target=step.target,
        child=step.child,
        status=StepStatus[step.status.name],
        attempts=step.attempts,
        undo=step.undo,
        input_json=maybe_json(step.input),
        output_json=maybe_json(step.output),
        failure=failure(step.failure),
        created_at=values.time(step.created_at_ms),
        ended_at=values.maybe_time(step.ended_at_ms),
    )


def events(events: list[Any]) -> list[Event]:
    """Events of a history."""
    return [Event(each.index, values.time(each.at_ms), Json(each.event)) for each in events]


def version(version: Any) -> Version:
    """A version."""
    return Version(
        digest=version.digest,
        status=VersionStatus[version.status.name],
        source=version.source,
        first_seen_at=values.time(version.first_seen_at_ms),
        last_seen_at=values.time(version.last_seen_at_ms),
    )


def schedule(schedule: Any) -> Schedule:
    """A schedule."""
    next_at = values.time(schedule.next_at_ms)
    return Schedule(schedule.name, schedule.cron, Json(schedule.input), next_at)
