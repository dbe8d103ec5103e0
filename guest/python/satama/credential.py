"""Secrets of a tenant's users: the tokens that a user has entrusted to the tenant.

Each is under a name and a user, who is at most 255 bytes of any text. Otherwise as
`satama.secret`, apart from which they are kept and granted.

    from satama import credential, secret_use

    credential.put("mail", "ann", b"her token")
    with credential.get("mail", "ann") as token:
        mac = secret_use.hmac_sha256(token, b"what is sent")
    for user in credential.all_users("mail"):
        print(user, "has one")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import _values as values
from ._bindings import Interface, imported
from ._secret import Metadata, Page, Secret, metadata, page

if TYPE_CHECKING:
    from wit_world.imports import credential as wit
else:
    wit = imported("credential")

__all__ = [
    "Metadata",
    "Page",
    "Secret",
    "all_of_user",
    "all_users",
    "delete",
    "describe",
    "exists",
    "get",
    "of_user",
    "put",
    "users",
]

PAGE_MAX = 1_000

ask = Interface("credential")


def get(name: str, user: str, version: int | None = None) -> Secret:
    """The newest version of a user's credential, or the one that is asked for."""
    version = values.maybe(values.unsigned, version)
    return Secret(ask(wit.get, values.text(name), values.text(user), version))


def exists(name: str, user: str) -> bool:
    """Whether `get` would find it."""
    return ask(wit.exists, values.text(name), values.text(user))


def describe(name: str, user: str) -> Metadata:
    """What is known of a user's credential but for its value."""
    return metadata(ask(wit.describe, values.text(name), values.text(user)))


def put(name: str, user: str, value: values.Data) -> int:
    """Make `value` the newest version of a user's credential, and return that version."""
    return ask(wit.put, values.text(name), values.text(user), values.data(value))


def delete(name: str, user: str) -> bool:
    """Forget a user's credential, with all its versions. True if there was one."""
    return ask(wit.delete, values.text(name), values.text(user))


def of_user(user: str, after: str | None = None, limit: int = PAGE_MAX) -> Page:
    """The names of a user's credentials that this tenant may read, at most `limit` (1,000)."""
    after = values.maybe_text(after)
    return page(ask(wit.of_user, values.text(user), after, values.page(limit)))


def users(name: str, after: str | None = None, limit: int = PAGE_MAX) -> Page:
    """The users who have a credential of this name, at most `limit` (1,000)."""
    after = values.maybe_text(after)
    return page(ask(wit.users, values.text(name), after, values.page(limit)))


def all_of_user(user: str) -> Iterator[str]:
    """The names of all credentials of a user that this tenant may read, read page by page."""
    return values.pages(lambda after: parts(of_user(user, after)))


def all_users(name: str) -> Iterator[str]:
    """All users who have a credential of this name, read page by page."""
    return values.pages(lambda after: parts(users(name, after)))


def parts(page: Page) -> tuple[list[str], str | None]:
    """Its items, and where to go on."""
    return page.names, page.next
