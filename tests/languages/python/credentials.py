"""Every function of credentials, and their errors."""

from satama.secret_reveal import reveal

from satama import credential
from show import Lines

USER = "ann-ä€😀"
MAIL = "granted/open/mail"


def value(name: str, user: str, version: int | None = None) -> bytes:
    """The value of a credential."""
    with credential.get(name, user, version) as handle:
        return reveal(handle)


def all(t: Lines) -> None:
    values(t)
    lists(t)
    refusals(t)
    t.call("delete", credential.delete, MAIL, USER)
    t.call("delete again", credential.delete, MAIL, USER)
    t.call("delete", credential.delete, MAIL, "")
    t.call("delete", credential.delete, "granted/b", USER)
    t.call("of user", credential.of_user, USER)


def values(t: Lines) -> None:
    t.done("get missing", credential.get, MAIL, USER)
    t.call("exists", credential.exists, MAIL, USER)
    put = t.of("put", lambda version: version > 0, credential.put, MAIL, USER, b"token")
    t.call("reveal", value, MAIL, USER)
    t.call("reveal the version", value, MAIL, USER, put)
    t.done("of another user", credential.get, MAIL, "")
    t.call("exists", credential.exists, MAIL, USER)
    t.call("describe", credential.describe, MAIL, USER)
    t.done("put for the empty user", credential.put, MAIL, "", b"")
    t.done("put another", credential.put, "granted/b", USER, b"b")
    t.call("reveal it", value, "granted/b", USER)


def lists(t: Lines) -> None:
    t.call("of user", credential.of_user, USER)
    t.call("of user, after", credential.of_user, USER, "granted/b")
    t.call("all of user", lambda: list(credential.all_of_user(USER)))
    t.call("users", credential.users, MAIL)
    t.call("all users", lambda: list(credential.all_users(MAIL)))
    t.call("users of what may not be read", credential.users, "write-only")
    t.call("larger page", credential.of_user, USER, None, 1001)
    t.call("larger page of users", credential.users, "granted/b", None, 1001)


def refusals(t: Lines) -> None:
    t.call("longest user", credential.exists, "granted/b", "u" * 255)
    t.call("longer user", credential.exists, "granted/b", "u" * 256)
    t.done("get what may not be read", credential.get, "write-only", USER)
    t.call("put what may not be written", credential.put, "read-only", USER, b"x")
    t.call("a bad name", credential.put, "granted/ä", USER, b"x")
    t.call("larger value", credential.put, "granted/b", USER, b"\1" * 65_537)
