"""What a component exports: its workflows and functions, each under its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeVar

from componentize_py_types import Err

from .._bindings import exported
from .._failure import Failure
from ..errors import Cancelled
from ._host import of_raised, to_wit, written
from ._pending import Body
from ._step import Attempt

if TYPE_CHECKING:
    from wit_world.exports import workflow_handler as wit
else:
    wit = exported("workflow_handler")

F = TypeVar("F", bound=Callable[..., Any])

Read = Callable[[Any], Any]

workflows: dict[str, tuple[Callable[..., Any], Read | None]] = {}
functions: dict[str, tuple[Callable[..., Any], Read | None]] = {}


@dataclass(frozen=True)
class Context:
    """For which step a function is called."""

    run: str
    workflow: str
    step: str
    """The step's name."""
    attempt: Attempt
    """Which attempt it is."""
    user: str | None
    """Who the run is for, if that is known."""


@dataclass(frozen=True)
class ContinueAsNew:
    """What a body returns that goes on from its start, with an empty history.

    Its state stays, and the signals that it has not taken.
    """

    input: Any = None


def workflow(name: str, *, read: Read | None = None) -> Callable[[F], F]:
    """Register the body of a workflow: a function of one argument, the run's input.

    What it returns is the run's output; or it returns `ContinueAsNew`. With `read`, its argument
    is what that makes of the input: a class, for one. Where `read` raises, the run fails as
    `invalid-input`.
    """
    return registered(workflows, name, read)


def function(name: str, *, read: Read | None = None) -> Callable[[F], F]:
    """Register a function, which workflows call as a step, on any host.

    It takes one argument, or that and a `Context`, and returns its result. `read` as of
    `workflow`; what it raises is `invalid-input`, and no other attempt is made.
    """
    return registered(functions, name, read)


def registered(
    names: dict[str, tuple[Callable[..., Any], Read | None]], name: str, read: Read | None
) -> Callable[[F], F]:
    """Register under a name that is not taken."""
    if name in names:
        raise ValueError(f"there are two called {name!r}")

    def register(function: F) -> F:
        names[name] = (function, read)
        return function

    return register


class WorkflowHandler:
    """What the component exports where it has workflows."""

    def run(self, workflow: str, input: str) -> wit.Ending:
        """Called by the host, from the body's start each time that its run goes on."""
        try:
            return self._end(workflow, input)
        except Cancelled:
            return wit.Ending_Cancelled()
        except Exception as err:
            failure = of_raised(err)
            # Also that of a child that was cancelled with this run, before this was told.
            if failure.code == "cancelled":
                return wit.Ending_Cancelled()
            return wit.Ending_Failed(to_wit(failure))
        finally:
            Body.ends()

    def _end(self, workflow: str, input: str) -> wit.Ending:
        if workflow not in workflows:
            raise Failure.fatal("unknown-workflow", f'there is no workflow "{workflow}" here')
        body, read = workflows[workflow]
        output = body(given(read, input))
        if isinstance(output, ContinueAsNew):
            return wit.Ending_Continued(written(output.input))
        return wit.Ending_Completed(written(output))


class FunctionHandler:
    """What the component exports where it has functions."""

    def call(self, function: str, input: str, context: Any) -> str:
        """Called by the host, for each attempt of a step."""
        try:
            if function not in functions:
                raise Failure.fatal("unknown-function", f'there is no function "{function}" here')
            called, read = functions[function]
            if takes_context(called):
                return written(called(given(read, input), of_wit(context)))
            return written(called(given(read, input)))
        except (Exception, Cancelled) as err:
            failure = of_raised(err)
        raise Err(to_wit(failure))


def given(read: Read | None, input: str) -> Any:
    """The argument of a workflow or function."""
    try:
        value = json.loads(input)
        return value if read is None else read(value)
    except Exception as err:
        raise Failure.fatal("invalid-input", str(err) or type(err).__name__) from err


def takes_context(function: Callable[..., Any]) -> bool:
    """Whether a function asks for which step it is called."""
    places = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature(function).parameters.values()
    wanted = [each for each in parameters if each.kind in places and each.default is each.empty]
    return len(wanted) > 1


def of_wit(context: Any) -> Context:
    """From the host."""
    attempt = Attempt(context.attempt.number, context.attempt.key)
    return Context(context.run, context.workflow, context.step, attempt, context.user)
