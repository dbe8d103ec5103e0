"""Greets, and welcomes by a workflow."""

from datetime import timedelta

import wit_world
from componentize_py_types import Err

import satama
from satama.cache import Bucket
from satama.workflow import FunctionHandler, Step, WorkflowHandler, function, sleep, step, workflow

# What the component exports: componentize-py looks for these names in this module.
__all__ = ["FunctionHandler", "WitWorld", "WorkflowHandler"]


class WitWorld(wit_world.WitWorld):
    """What the world exports itself."""

    def greet(self, name: str) -> str:
        """Greets somebody, and says how often it did so."""
        try:
            with Bucket.open("greetings") as greetings:
                times = greetings.add(name, 1, ttl=timedelta(days=1))
        except satama.Error as err:
            raise Err(str(err)) from err
        return f"Hello, {name}! Greeted so far: {times}"


@workflow("welcome")
def welcome(name: str) -> int:
    """Called from its start whenever the run goes on: what was recorded it is given back."""
    text = step("compose", lambda: f"Welcome, {name}!")
    sleep(timedelta(seconds=1))
    sent: int = Step("send", retries=5).call("send", text)
    return sent


@function("send")
def send(text: str) -> int:
    """Runs in an instance of its own, again if it fails."""
    print(text)
    return len(text)
