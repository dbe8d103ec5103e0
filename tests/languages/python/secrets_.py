"""Every function of secrets, and their errors."""

from satama.secret_reveal import reveal
from satama.secret_use import hmac_sha256, seal, unseal, verify_hmac_sha256

from satama import secret
from show import Lines


def value(name: str, version: int | None = None) -> bytes:
    """The value of a secret."""
    with secret.get(name, version) as handle:
        return reveal(handle)


def grew(version: int) -> bool:
    """Whether a secret has a version."""
    return version > 0


def all(t: Lines) -> None:
    values(t)
    versions(t)
    lists(t)
    refusals(t)


def values(t: Lines) -> None:
    t.done("get missing", secret.get, "granted/a")
    t.call("exists", secret.exists, "granted/a")
    put = t.of("put", grew, secret.put, "granted/open/a", "salasana-ä€😀".encode())
    with secret.get("granted/open/a") as handle:
        t.say("version", handle.version == put)
        t.call("reveal", reveal, handle)
    t.call("exists", secret.exists, "granted/open/a")
    t.call("describe", secret.describe, "granted/open/a")
    t.done("put empty", secret.put, "granted/open/empty", b"")
    t.call("reveal it", value, "granted/open/empty")
    t.done("put another", secret.put, "granted/b", b"b")
    t.call("reveal it", value, "granted/b")
    names = ["granted/open/a", "granted/none", "granted/b", "other"]
    there = lambda many: [found is not None for found in many]
    t.of("get many", there, secret.get_many, names)


def versions(t: Lines) -> None:
    name = "granted/open/v"
    put = [secret.put(name, value) for value in [b"1", b"22", b"333", b"4444"]]
    t.say("versions grow", put == sorted(put) and put[0] > 0)
    t.call("describe", secret.describe, name)
    t.call("newest", value, name)
    t.call("an older one", value, name, put[1])
    t.call("one that is forgotten", value, name, put[0])
    for version in [0, (1 << 53) + 2, 1 << 63]:
        t.call("one that never was", value, name, version)


def lists(t: Lines) -> None:
    t.call("names", secret.names)
    t.call("names after", secret.names, "granted/open/a")
    t.call("a page of none", secret.names, None, 0)
    t.call("all names", lambda: list(secret.all_names()))
    t.call("larger page", secret.names, None, 1001)
    for name in ["granted/b", "granted/open/empty", "granted/open/v"]:
        t.call("delete", secret.delete, name)
    t.call("delete again", secret.delete, "granted/b")
    t.call("describe", secret.describe, "granted/b")


def refusals(t: Lines) -> None:
    t.done("get what may not be read", secret.get, "write-only")
    t.call("put what may not be written", secret.put, "read-only", b"x")
    t.call("delete what may not be written", secret.delete, "read-only")
    t.done("read what may be read", secret.get, "read-only")
    t.call("reveal what may not be revealed", value, "read-only")
    t.call("a bad name", secret.put, "granted/ä", b"x")
    t.call("the empty name", secret.put, "", b"x")
    t.done("get of a bad name", secret.get, "granted/ä")
    t.done("largest value", secret.put, "granted/l", b"\x09" * 65_536)
    t.call("larger value", secret.put, "granted/l", b"\x09" * 65_537)
    t.of("most at a time", len, secret.get_many, ["granted/l"] * 64)
    t.of("more at a time", len, secret.get_many, ["granted/l"] * 65)
    t.call("delete", secret.delete, "granted/l")


def use(t: Lines) -> None:
    """Secrets as keys."""
    t.done("put", secret.put, "granted/key", b"\7" * 32)
    with secret.get("granted/key") as key:
        macs(t, key)
        seals(t, key)
        sizes(t, key)
    t.call("delete", secret.delete, "granted/key")


def macs(t: Lines, key: secret.Secret) -> None:
    t.call("hmac", hmac_sha256, key, "ä€😀".encode())
    t.call("hmac of nothing", hmac_sha256, key, b"")
    mac = hmac_sha256(key, b"data")
    t.call("verify", verify_hmac_sha256, key, b"data", mac)
    t.call("verify another", verify_hmac_sha256, key, b"dat\0", mac)
    t.call("verify a short one", verify_hmac_sha256, key, b"data", mac[:31])


def seals(t: Lines, key: secret.Secret) -> None:
    sealed = t.of("seal", len, seal, key, b"data", b"for ann")
    t.call("unseal", unseal, key, sealed, b"for ann")
    t.call("unseal for another", unseal, key, sealed, b"for bob")
    t.call("unseal nothing", unseal, key, b"")
    t.say("another each time", seal(key, b"data", b"for ann") != sealed)


def sizes(t: Lines, key: secret.Secret) -> None:
    largest, larger = b"\1" * (1 << 20), b"\1" * ((1 << 20) + 1)
    t.call("largest data", hmac_sha256, key, largest)
    t.call("larger data", hmac_sha256, key, larger)
    sealed = t.of("seal the largest", len, seal, key, largest, largest)
    t.call("unseal it", unseal, key, sealed, largest)
    t.call("seal larger data", seal, key, larger)
    t.call("seal for larger data", seal, key, b"", larger)
    t.call("verify larger data", verify_hmac_sha256, key, larger, hmac_sha256(key, b"data"))
