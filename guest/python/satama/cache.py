"""Values that may be forgotten: a cache holds a copy, never the only copy.

A key is at most 1024 bytes, a group's name 255, a value 1 MiB, a time-to-live 30 days, a batch 64
items.

    from datetime import timedelta

    from satama import cache

    with cache.Bucket.open("pages") as bucket:
        bucket.set("home", b"<h1>Hello</h1>", ttl=timedelta(minutes=1))
        # One caller computes, on any host; the others wait for its result.
        key = cache.key({"below": 10_000}, version="primes-1")
        found = bucket.cached(key, lambda: count_primes(10_000), ttl=timedelta(hours=1))
        print(found.value, found.hit)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from . import _values as values
from ._bindings import Interface, imported
from ._handle import Handle
from ._json import dump
from ._key import key
from .errors import Error, QuotaExceeded, Unavailable

if TYPE_CHECKING:
    from wit_world.imports import cache as wit
else:
    wit = imported("cache")

__all__ = ["Bucket", "Cached", "Claim", "Counts", "Entry", "key"]

ask = Interface("cache")

WAIT = timedelta(seconds=10)
CLAIM = timedelta(seconds=60)
TTL_MAX = timedelta(days=30)

VALUE_BYTES_MAX = 1 << 20
"""Longest value that any manifest allows. A host may end a guest that hands it far more."""


@dataclass(frozen=True)
class Entry:
    """One entry of `Bucket.set_many`."""

    key: str
    value: values.Data
    ttl: timedelta
    """How long it lives after it is set. At most 30 days."""
    group: str | None = None
    """The group it can be invalidated with."""


@dataclass(frozen=True)
class Counts:
    """Reads of a bucket by all instances on this host since it started."""

    hits: int
    misses: int


@dataclass(frozen=True)
class Cached:
    """A result of `Bucket.cached`, and where it comes from."""

    value: Any
    """The result."""
    hit: bool
    """Whether it was served from the cache. If not, it was computed now."""


class Claim(Handle["wit.Claim"]):
    """The right to set one missing entry.

    Closed before it is completed, it is given up, and the next caller gets it.
    """

    def complete(self, value: values.Data, ttl: timedelta) -> None:
        """Set the value and end the claim.

        A value computed before its key was written or deleted, or its bucket or group
        invalidated, is refused with `ClaimLost`. After an error other than that and
        `Unavailable` the claim still holds.
        """
        ask(self._open.complete, values.data(value), values.millis(ttl))


class Bucket(Handle["wit.Bucket"]):
    """A granted key space. Holding one is the permission to use it."""

    @classmethod
    def open(cls, name: str) -> Self:
        """Open the bucket called `name` in the tenant's grant. Does not reach the store."""
        return cls(ask(wit.Bucket.open, values.text(name)))

    def get(self, key: str) -> bytes | None:
        """The live value under `key`, or none."""
        return ask(self._open.get, values.text(key))

    def get_many(self, keys: Iterable[str]) -> list[bytes | None]:
        """The live values under at most 64 keys, in their order.

        Each is read atomically, the batch is not.
        """
        return ask(self._open.get_many, values.texts(keys))

    def set(
        self, key: str, value: values.Data, *, ttl: timedelta, group: str | None = None
    ) -> None:
        """Replace the value under `key`, its group and its expiry. A claim on the key is lost."""
        ask(self._open.set, values.text(key), values.data(value), options(ttl, group))

    def set_many(self, entries: Iterable[Entry]) -> None:
        """Set at most 64 entries, in their order. Each is set atomically, the batch is not."""
        all = [
            wit.Entry(
                values.text(entry.key), values.data(entry.value), options(entry.ttl, entry.group)
            )
            for entry in entries
        ]
        ask(self._open.set_many, all)

    def set_if_absent(
        self, key: str, value: values.Data, *, ttl: timedelta, group: str | None = None
    ) -> bool:
        """Set where there is no live value. True if it was set: for one of two callers at once."""
        return ask(
            self._open.set_if_absent, values.text(key), values.data(value), options(ttl, group)
        )

    def delete(self, key: str) -> bool:
        """Forget the value under `key`, and any claim on it. True if there was a live one."""
        return ask(self._open.delete, values.text(key))

    def exists(self, key: str) -> bool:
        """Whether there is a live value under `key`. Not counted as a read."""
        return ask(self._open.exists, values.text(key))

    def ttl(self, key: str) -> timedelta | None:
        """How long the value under `key` has to live, or none if there is no live value."""
        left = ask(self._open.ttl, values.text(key))
        return None if left is None else values.duration(left)

    def add(self, key: str, delta: int, *, ttl: timedelta, group: str | None = None) -> int:
        """Add `delta` to the counter under `key`, and return the sum.

        A missing one starts at zero with this time-to-live and group; an existing one keeps its
        own. Counters are from -(2^53 - 1) to 2^53 - 1. Retried after `Unavailable`, it may add
        twice.
        """
        return ask(self._open.add, values.text(key), values.signed(delta), options(ttl, group))

    def invalidate_group(self, group: str) -> None:
        """Forget every entry that was set in `group`, at a cost that does not grow with them."""
        ask(self._open.invalidate_group, values.text(group))

    def invalidate_all(self) -> None:
        """Forget every entry of the bucket, at a cost that does not grow with them."""
        ask(self._open.invalidate_all)

    def counts(self) -> Counts:
        """Hits and misses of `get`, `get_many` and `fill`. Does not reach the store."""
        counts = ask(self._open.counts)
        return Counts(counts.hits, counts.misses)

    def fill(
        self,
        key: str,
        *,
        wait: timedelta = WAIT,
        claim: timedelta = CLAIM,
        group: str | None = None,
    ) -> bytes | Claim | None:
        """The live value under `key`, or the claim to compute it.

        Of all the callers that miss, on any host, one gets the claim, and the others wait for its
        value: for at most `wait` (30 seconds), then they get none. A claim that is not completed
        expires after `claim`, at most 5 minutes. `group` is that of the entry it will set.
        """
        options = wit.FillOptions(
            values.millis(wait), values.millis(claim), values.maybe_text(group)
        )
        match ask(self._open.fill, values.text(key), options):
            case wit.Filled_Hit(value):
                return value
            case wit.Filled_Claimed(claimed):
                return Claim(claimed)
            case _:
                return None

    def cached(
        self,
        key: str,
        compute: Callable[[], Any],
        *,
        ttl: timedelta,
        group: str | None = None,
        wait: timedelta = WAIT,
        claim: timedelta = CLAIM,
    ) -> Cached:
        """The result of `compute` under `key`, at most `ttl` old, kept as JSON.

        It is what its JSON says, also where it was not kept: a tuple is a list.

        Of all the callers that miss at once, on any host, one computes and the others wait. A
        cache holds copies: while it is unavailable, over quota or too small for a result, the
        result is computed and returned, and not kept. If `compute` raises, nothing is kept, and
        the next caller computes.
        """
        values.millis(ttl)
        found = self._find(key, wait, claim, group)
        if isinstance(found, Cached):
            return found
        if found is None:
            return Cached(json.loads(dump(compute())), hit=False)
        with found:
            encoded = dump(compute()).encode()
            if len(encoded) <= VALUE_BYTES_MAX:
                # Whatever became of the copy, the caller has the value.
                with suppress(Error):
                    found.complete(encoded, min(ttl, TTL_MAX))
        return Cached(json.loads(encoded), hit=False)

    def _find(
        self, key: str, wait: timedelta, claim: timedelta, group: str | None
    ) -> Cached | Claim | None:
        for _ in range(2):
            try:
                found = self.fill(key, wait=wait, claim=claim, group=group)
            except (Unavailable, QuotaExceeded):
                return None
            if not isinstance(found, bytes):
                return found
            try:
                return Cached(json.loads(found), hit=True)
            except ValueError:
                # Deleted, and not just overwritten: then one caller computes the new one.
                try:
                    self.delete(key)
                except Error:
                    return None
        return None


def options(ttl: timedelta, group: str | None) -> wit.Options:
    """How an entry is kept, for the host."""
    return wit.Options(values.millis(ttl), values.maybe_text(group))
