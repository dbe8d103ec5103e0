"""Secrets as keys: the host computes with them, and the component never has them.

Data and associated data are at most 1 MiB each, sealed data 81 bytes more. Who may read a secret
may use it.

    from satama import secret, secret_use

    with secret.get("tokens") as key:
        sealed = secret_use.seal(key, b"a token", b"for ann")
        version = key.version
    # Sealed with one version, and so unsealed with that one.
    with secret.get("tokens", version) as key:
        assert secret_use.unseal(key, sealed, b"for ann") == b"a token"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _values as values
from ._bindings import Interface, imported
from ._secret import Secret, handle

if TYPE_CHECKING:
    from wit_world.imports import secret_use as wit
else:
    wit = imported("secret_use")

__all__ = ["hmac_sha256", "seal", "unseal", "verify_hmac_sha256"]

ask = Interface("secret-use")


def hmac_sha256(secret: Secret, data: values.Data) -> bytes:
    """The HMAC-SHA-256 of `data` (RFC 2104), 32 bytes, with the secret's bytes as the key."""
    return ask(wit.hmac_sha256, handle(secret), values.data(data))


def verify_hmac_sha256(secret: Secret, data: values.Data, mac: values.Data) -> bool:
    """Whether `mac` is the HMAC-SHA-256 of `data`, in a time that does not tell how much is."""
    return ask(wit.verify_hmac_sha256, handle(secret), values.data(data), values.data(mac))


def seal(secret: Secret, data: values.Data, associated: values.Data = b"") -> bytes:
    """Encrypt `data` so that only this secret opens it, with the same `associated` data.

    81 bytes longer than `data`, and another each time.
    """
    return ask(wit.seal, handle(secret), values.data(data), values.data(associated))


def unseal(secret: Secret, sealed: values.Data, associated: values.Data = b"") -> bytes:
    """What `seal` was given, if all of it is as it was; else `NotAuthentic`."""
    return ask(wit.unseal, handle(secret), values.data(sealed), values.data(associated))
