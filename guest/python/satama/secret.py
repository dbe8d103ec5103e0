"""Values that a tenant keeps secret: encrypted in the store, granted by name.

A name is 1 to 128 of the characters `A-Z a-z 0-9 . _ - /`, a value at most 64 KiB. `get` gives a
handle, which says nothing of the value. What may be done with it are `satama.secret_use` and
`satama.secret_reveal`, each of which the manifest grants apart.

    from satama import secret, secret_use

    with secret.get("webhooks/acme") as key:
        mac = secret_use.hmac_sha256(key, b"what is sent")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import _values as values
from ._bindings import Interface, imported
from ._secret import Metadata, Page, Secret, metadata, page

if TYPE_CHECKING:
    from wit_world.imports import secret as wit
else:
    wit = imported("secret")

__all__ = [
    "Metadata",
    "Page",
    "Secret",
    "all_names",
    "delete",
    "describe",
    "exists",
    "get",
    "get_many",
    "names",
    "put",
]

PAGE_MAX = 1_000

ask = Interface("secret")


def get(name: str, version: int | None = None) -> Secret:
    """The newest version of a secret, or the one that is asked for."""
    return Secret(ask(wit.get, values.text(name), values.maybe(values.unsigned, version)))


def get_many(names: Iterable[str]) -> list[Secret | None]:
    """The newest version of each of at most 64 secrets; none for those that are not found."""
    found = ask(wit.get_many, values.texts(names))
    return [None if secret is None else Secret(secret) for secret in found]


def exists(name: str) -> bool:
    """Whether `get` would find it."""
    return ask(wit.exists, values.text(name))


def describe(name: str) -> Metadata:
    """What is known of a secret but for its value."""
    return metadata(ask(wit.describe, values.text(name)))


def put(name: str, value: values.Data) -> int:
    """Make `value` the newest version of a secret, and return that version: below 2^53.

    A missing secret is created. Retried after `Unavailable`, it may make two versions.
    """
    return ask(wit.put, values.text(name), values.data(value))


def delete(name: str) -> bool:
    """Forget a secret, with all its versions. True if there was one."""
    return ask(wit.delete, values.text(name))


def names(after: str | None = None, limit: int = PAGE_MAX) -> Page:
    """The secrets that this tenant may read, at most `limit` (1,000), from after a place."""
    return page(ask(wit.names, values.maybe_text(after), values.page(limit)))


def all_names() -> Iterator[str]:
    """All secrets that this tenant may read, in the order of their bytes, read page by page."""

    def read(after: str | None) -> tuple[list[str], str | None]:
        found = names(after)
        return found.names, found.next

    return values.pages(read)
