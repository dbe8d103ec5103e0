"""Sagas, on a host that is lost and cancels wherever it can."""

import contextlib
import io
import unittest
from collections.abc import Callable
from typing import Any

from wit_world.imports import workflow as host

from satama import Cancelled
from satama.workflow import Doing, Done, Failed, Failure, Saga, Step, Undo


class World:
    """What was done in it, in its order."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def take(self) -> list[str]:
        done, self.done = self.done, []
        return done

    def undo(self, name: str) -> Callable[[Undo[int]], None]:
        def undo(undo: Undo[int]) -> None:
            match undo.effect:
                case Done(result):
                    what = f"done {result}"
                case Failed(failure):
                    what = f"failed {failure.code}"
                case _:
                    what = "unknown"
            self.done.append(f"undo {name} {undo.token} {what}")

        return undo


def three(world: World, fail: str) -> int:
    """Three steps, of which `fail` fails, each tried twice."""
    total = 0
    with Saga() as saga:
        for n, name in enumerate("abc", 1):

            def work(doing: Doing, n: int = n, name: str = name) -> int:
                world.done.append(f"do {name} {doing.token}")
                if name == fail:
                    raise Failure("told")
                return n

            total += saga.step(Step(name, retries=1), work, undo=world.undo(name))
    return total


def ended(body: Callable[[], Any]) -> Any:
    """What a body comes to."""
    try:
        return body()
    except Failure as failure:
        return failure
    except Cancelled:
        return "cancelled"


class Sagas(unittest.TestCase):
    def setUp(self) -> None:
        host.start()
        self.world = World()
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def test_what_fails_is_undone_newest_first(self) -> None:
        self.assertEqual(three(self.world, "none"), 6)
        self.assertEqual(host.recorded(), ["a: 1", "b: 2", "c: 3"])

        host.start()
        self.world.take()
        self.assertEqual(ended(lambda: three(self.world, "b")), Failure("told"))
        undone = ["a: 1", "b: failed told", "undo b: null", "undo a: null"]
        self.assertEqual(host.recorded(), undone)
        done = [
            "do a token-1",
            "do b token-2",
            "do b token-2",
            "undo b token-2 failed told",
            "undo a token-1 done 1",
        ]
        self.assertEqual(self.world.take(), done)
        host.replay()
        self.assertEqual(ended(lambda: three(self.world, "b")), Failure("told"))
        self.assertEqual(self.world.take(), [])

    def test_a_cancel_undoes_everything_wherever_it_comes(self) -> None:
        for fail in ["none", "a", "b", "c"]:
            for cancel in [(when, at) for when in ("at", "within") for at in range(8)]:
                with self.subTest(fail=fail, cancel=cancel):
                    self.cancelled_anywhere(fail, cancel)

    def cancelled_anywhere(self, fail: str, cancel: tuple[str, int]) -> None:
        host.start(cancel)
        result = ended(lambda: three(self.world, fail))
        done = self.world.take()
        tokens = {line.split()[2] for line in done}
        did = {line.split()[2] for line in done if line.startswith("do")}
        undone = [line.split()[2] for line in done if line.startswith("undo")]
        self.assertEqual(sorted(undone), [] if isinstance(result, int) else sorted(tokens))
        # The one that was told may have been done by a host that was lost.
        self.assertLessEqual(len(tokens - did), 1)

        before = host.recorded()
        host.replay()
        self.assertEqual(ended(lambda: three(self.world, fail)), result)
        self.assertEqual((self.world.take(), host.recorded()), ([], before))

    def test_a_cancel_while_it_is_undone_keeps_nothing_from_it(self) -> None:
        tries: list[str] = []

        def deferred(attempt: Any) -> None:
            tries.append(attempt.key)
            if len(tries) == 1:
                raise Failure("x")

        def body() -> None:
            with Saga() as saga:
                saga.step("a", lambda doing: 1, undo=self.world.undo("a"))
                saga.defer("d", deferred)
                raise Failure.fatal("why")

        # While it waits for the second attempt: that is given up, so it is begun anew.
        host.start(("within", 1))
        self.assertEqual(ended(body).code, "why")
        undone = ["a: 1", "undo d: abandoned x", "undo d: null", "undo a: null"]
        self.assertEqual(host.recorded(), undone)
        self.assertEqual(tries, ["key-1", "key-2"])
        host.replay()
        self.assertEqual(ended(body).code, "why")
        self.assertEqual(tries, ["key-1", "key-2"])

    def test_what_cannot_be_undone_is_told_and_keeps_no_other_from_it(self) -> None:
        def stuck(undo: Undo[None]) -> None:
            raise Failure.fatal("stuck", "it is")

        def body() -> None:
            with Saga() as saga:
                saga.step("a", lambda doing: 1, undo=self.world.undo("a"))
                saga.step("b", lambda doing: None, undo=stuck)
                raise Failure.fatal("why", "because")

        failure = ended(body)
        self.assertEqual(failure.code, "undo-failed")
        self.assertEqual(failure.message, "why: because; not undone: b (stuck: it is)")
        self.assertEqual(failure.json, '[["b","stuck: it is"]]')
        self.assertEqual(self.world.take(), ["undo a token-1 done 1"])

    def test_a_function_is_waited_for_before_it_is_undone(self) -> None:
        for function, undone in [("same", "done 7"), ("fail", "failed told")]:
            host.start(("at", 0))

            def body(function: str = function) -> None:
                with Saga() as saga:
                    saga.call("f", function, lambda token: 7, undo=self.world.undo("f"))

            self.assertEqual(ended(body), "cancelled")
            self.assertEqual(self.world.take(), [f"undo f token-1 {undone}"])

    def test_any_exception_undoes_and_goes_on(self) -> None:
        def body() -> None:
            with Saga() as saga:
                saga.step("a", lambda doing: 1, undo=self.world.undo("a"))
                raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            body()
        self.assertEqual(self.world.take(), ["undo a token-1 done 1"])
