"""The program of `tests/languages`, in Python. What it says is written as README.md there has it."""

import wit_world
from satama.hub_handler import HubHandler
from satama.workflow import FunctionHandler, WorkflowHandler

import caches
import channels
import credentials
import heard
import hubs
import lists
import quotas
import runs
import secrets_
import sessions
import stories
from show import Lines

__all__ = ["FunctionHandler", "HubHandler", "WitWorld", "WorkflowHandler"]

PARTS = {
    "cache": caches.all,
    "cache-limits": caches.limits,
    "session": sessions.all,
    "channel": channels.all,
    "hub": hubs.all,
    "say": heard.say,
    "heard": heard.heard,
    "pages": lists.all,
    "secret": secrets_.all,
    "secret-use": secrets_.use,
    "credential": credentials.all,
    "run": runs.all,
    "workflow": stories.outside,
    "handles": quotas.handles,
    "calls": quotas.calls,
    "unavailable": quotas.unavailable,
    "undecryptable": quotas.undecryptable,
}


class WitWorld(wit_world.WitWorld):
    """What the world exports itself."""

    def transcript(self, part: str) -> list[str]:
        """Goes through one part, and says what it met."""
        lines = Lines()
        PARTS[part](lines)
        return lines.lines
