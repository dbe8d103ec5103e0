"""Secrets in the open.

from satama import secret, secret_reveal

with secret.get("database/password") as password:
    login(secret_reveal.reveal(password))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._bindings import Interface, imported
from ._secret import Secret, handle

if TYPE_CHECKING:
    from wit_world.imports import secret_reveal as wit
else:
    wit = imported("secret_reveal")

__all__ = ["reveal"]

ask = Interface("secret-reveal")


def reveal(secret: Secret) -> bytes:
    """The value. Recorded before it is given, and where the manifest does not allow it."""
    return ask(wit.reveal, handle(secret))
