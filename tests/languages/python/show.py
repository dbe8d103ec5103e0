"""How values are written."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

from satama.secret import Metadata, Page
from satama.session import Snapshot, Stale, Swapped
from satama.workflow import Failure

import satama
from satama import cache, channel, hub, run


class Ok:
    """What a call that worked came to, where that is not said."""


OK = Ok()


class Lines:
    """The lines of one part."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, what: str, value: Any) -> None:
        """Says what a value is, or what came of a call."""
        self.lines.append(f"{what}: {show(value() if callable(value) else value)}")

    def call(self, what: str, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Says what a call came to, which is returned if it worked."""
        try:
            value = call(*args, **options)
        except satama.Error as err:
            self.lines.append(f"{what}: error {show(err)}")
            return None
        self.say(what, value)
        return value

    def done(self, what: str, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Says whether a call worked."""
        return self.of(what, lambda _: OK, call, *args, **options)

    def of(
        self,
        what: str,
        part: Callable[[Any], Any],
        call: Callable[..., Any],
        *args: Any,
        **options: Any,
    ) -> Any:
        """Says what a part of what a call came to is; returns all of that."""
        whole: list[Any] = []

        def parted() -> Any:
            whole.append(call(*args, **options))
            return part(whole[0])

        self.call(what, parted)
        return whole[0] if whole else None


@singledispatch
def show(value: Any) -> str:
    """A value as it is written down."""
    raise TypeError(type(value).__name__)


@show.register
def _(value: None) -> str:
    return "none"


@show.register
def _(value: Ok) -> str:
    return "ok"


@show.register
def _(value: bool) -> str:
    return "true" if value else "false"


@show.register
def _(value: int) -> str:
    return str(value)


@show.register
def _(value: str) -> str:
    return f'"{value}"'


@show.register
def _(value: bytes) -> str:
    return f"bytes {len(value)} {sum(value)}"


@show.register
def _(value: list) -> str:  # type: ignore[type-arg]
    return f"[{', '.join(show(item) for item in value)}]"


@show.register
def _(error: satama.Error) -> str:
    return error.code


@show.register
def _(error: satama.TooLarge) -> str:
    return f"too-large {error.limit}"


@show.register
def _(error: satama.InvalidJson) -> str:
    return error.code if error.field is None else f"{error.code} {show(error.field)}"


@show.register
def _(error: satama.Illegal) -> str:
    return f"illegal {error.status}"


@show.register
def _(failure: Failure) -> str:
    retry = " retry" if failure.retry else ""
    return f"failed {show(failure.code)} {show(failure.message)}{retry}"


@show.register
def _(claim: cache.Claim) -> str:
    return "claimed"


@show.register
def _(swap: Swapped) -> str:
    return "swapped"


@show.register
def _(swap: Stale) -> str:
    return "stale"


@show.register
def _(snapshot: Snapshot) -> str:
    fields = ", ".join(f"{name}={text}" for name, text in snapshot.fields.json().items())
    expires = 0 < snapshot.expires_in.total_seconds() <= 3600
    return f"{{{fields}}} {show(expires)}"


@show.register
def _(info: channel.Info) -> str:
    return f"{show(info.id)} {info.json} {show(info.user)}"


@show.register
def _(state: channel.State) -> str:
    return f"{show(state.version > 0)} {'none' if state.json is None else state.json}"


@show.register
def _(entry: channel.Entry) -> str:
    return f"{show(entry.id)} {show(entry.user)}"


@show.register
def _(member: hub.Member) -> str:
    return f"{show(member.channel)} {show(member.user)}"


@show.register
def _(history: hub.History) -> str:
    messages = ", ".join(message(kept.message) for kept in history.messages)
    place = "no place" if history.position is None else "place"
    return f"{show(history.complete)} [{messages}] {place} {show(history.more)}"


def message(said: str | bytes) -> str:
    """A message as it is written down."""
    return f"{'text' if isinstance(said, str) else 'binary'} {show(said)}"


@show.register
def _(known: Metadata) -> str:
    versions = known.versions
    newest = versions[-1] == known.version and versions == sorted(versions)
    times = 0 < known.created.timestamp() <= known.updated.timestamp()
    return f"{len(versions)} versions {show(newest)} {show(times)}"


@show.register
def _(page: Page) -> str:
    return f"{show(page.names)} {'end' if page.next is None else 'more'}"


@show.register
def _(started: run.Started) -> str:
    return "new" if started.new else "there"


@show.register
def _(info: run.Info) -> str:
    output = "none" if info.output_json is None else info.output_json
    failure = "none" if info.failure is None else info.failure.code
    return (
        f"{info.workflow} {info.status} generation {info.generation} user {show(info.user)} "
        f"key {show(info.key)} priority {info.priority} output {output} {failure}"
    )


@show.register
def _(step: run.Step) -> str:
    undo = " undo" if step.undo else ""
    return f"{step.number} {step.kind} {step.name} {step.status} {step.attempts}{undo}"


@show.register
def _(plan: run.Schedule) -> str:
    soon = plan.next_at.timestamp() > 0
    return f"{show(plan.name)} {show(plan.cron)} {plan.json} {show(soon)}"
