"""Satama's services for components written in Python.

Each interface of the WIT is a module of its name: `satama.cache`, `satama.session`,
`satama.channel`, `satama.hub`, `satama.secret`, `satama.secret_use`, `satama.secret_reveal`,
`satama.credential`, `satama.run` and `satama.workflow`. A module can be imported where the
component's world imports its interface. `satama.hub_handler` is for components that listen.

Here is what they share: the errors, and JSON as it was written.
"""

from ._json import Json
from ._status import Status
from .errors import (
    AccessDenied,
    AlreadyExists,
    Cancelled,
    ClaimLost,
    Contended,
    Error,
    Illegal,
    Invalid,
    InvalidClose,
    InvalidCursor,
    InvalidJson,
    InvalidName,
    Misplaced,
    NotACounter,
    NotAuthentic,
    NotFound,
    NoVersion,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    Undecryptable,
)

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "Cancelled",
    "ClaimLost",
    "Contended",
    "Error",
    "Illegal",
    "Invalid",
    "InvalidClose",
    "InvalidCursor",
    "InvalidJson",
    "InvalidName",
    "Json",
    "Misplaced",
    "NoVersion",
    "NotACounter",
    "NotAuthentic",
    "NotFound",
    "QuotaExceeded",
    "Status",
    "TooLarge",
    "Unavailable",
    "Undecryptable",
]
