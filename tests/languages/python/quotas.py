"""Too many handles, too many calls, other keys, a store that does not answer; and a function that
calls until it may not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from satama.cache import Bucket
from satama.channel import Store as Channels
from satama.hub import Bus
from satama.run import Runs
from satama.secret_reveal import reveal
from satama.secret_use import hmac_sha256
from satama.session import Store as Sessions
from satama.workflow import Context, function, workflow

import satama
from caches import MINUTE
from runs import MISSING
from satama import credential, run, secret
from satama import workflow as of
from show import Lines

MANY = 100_000
"""More than any limit here."""

SECOND = timedelta(seconds=1)
KNOWN = "granted/open/known"


def exhaust(t: Lines, what: str, open: Callable[[int], Any]) -> None:
    """Opens handles until that is refused; closes them all, and opens one more."""
    held: list[Any] = []
    refused: satama.Error | None = None
    for n in range(MANY):
        try:
            held.append(open(n))
        except satama.Error as err:
            refused = err
            break
    t.say(what, refused)
    for handle in held:
        handle.close()
    t.done("once they are closed", open, MANY)


def handles(t: Lines) -> None:
    exhaust(t, "buckets", lambda _: Bucket.open("granted"))
    with Bucket.open("granted") as b:
        exhaust(t, "claims", lambda n: b.fill(f"claim-{n}", wait=timedelta(0), claim=MINUTE))
    exhaust(t, "sessions", lambda _: Sessions.open("granted", fixed=SECOND))
    exhaust(t, "channels", lambda _: Channels.open("granted", ttl=SECOND))
    exhaust(t, "buses", lambda _: Bus.open("granted"))
    exhaust(t, "runs", lambda _: Runs.open("story"))
    exhaust(t, "secrets", lambda _: secret.get(KNOWN))
    exhaust(t, "credentials", lambda _: credential.get(KNOWN, "ann"))


def flood(t: Lines, what: str, call: Callable[..., Any], *args: Any, **options: Any) -> None:
    """Calls until that is refused."""
    refused: satama.Error | None = None
    for _ in range(MANY):
        try:
            call(*args, **options)
        except satama.Error as err:
            refused = err
            break
    t.say(what, refused)


def calls(t: Lines) -> None:
    b = Bucket.open("granted")
    known = secret.get(KNOWN)
    s = Sessions.open("granted", fixed=SECOND)
    c = Channels.open("granted", ttl=SECOND)
    h = Bus.open("granted")
    r = Runs.open("story")
    flood(t, "cache", b.exists, "a")
    flood(t, "counts", b.counts)
    flood(t, "session", s.get, "a")
    flood(t, "channel", c.touch, [])
    flood(t, "hub", h.history, "a", limit=0)
    flood(t, "run", r.get, "a")
    flood(t, "names", run.names)
    flood(t, "secret", secret.exists, "granted/a")
    flood(t, "secret-use", hmac_sha256, known, b"")
    flood(t, "secret-reveal", reveal, known)
    flood(t, "credential", credential.exists, "granted/a", "ann")


def undecryptable(t: Lines) -> None:
    """A secret that no key of this host opens."""
    t.done("get", secret.get, KNOWN)
    t.done("get many", secret.get_many, [KNOWN])
    t.call("exists", secret.exists, KNOWN)
    t.call("describe", secret.describe, KNOWN)
    t.done("get a credential", credential.get, KNOWN, "ann")


def unavailable(t: Lines) -> None:
    """A store that does not answer."""
    b = Bucket.open("granted")
    t.call("cache get", b.get, "a")
    t.done("cache set", b.set, "a", b"1", ttl=MINUTE)
    t.done("cache fill", b.fill, "a", wait=timedelta(0), claim=SECOND)
    s = Sessions.open("granted", sliding=SECOND)
    t.done("session get", s.get, "a")
    t.call("session replace", s.replace, "a", {})
    c = Channels.open("granted", ttl=SECOND)
    t.done("channel get", c.get, "a")
    t.call("channel send", c.send, "a", "")
    h = Bus.open("granted")
    t.done("hub publish", h.say, "t", "")
    t.done("hub topics", h.topics, "a")
    t.done("secret get", secret.get, "granted/a")
    t.done("secret names", secret.names, None, 10)
    t.done("secret put", secret.put, "granted/a", b"")
    t.done("credential get", credential.get, "granted/a", "ann")
    r = Runs.open("story")
    t.done("run names", run.names)
    t.done("run start", r.start)
    t.done("run get", r.get, MISSING)


@workflow("insists")
def insists(_: Any) -> Any:
    """Has a function call until that is refused."""
    return of.call("insist")


@function("insist")
def insist(_: Any, context: Context) -> str | None:
    """Sets a part of its run's state until that is refused, and says how."""
    try:
        for n in range(MANY):
            of.set_state("insisted", n)
    except satama.Error as refused:
        return refused.code
    return None
