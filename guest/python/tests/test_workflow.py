import contextlib
import io
import unittest
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from componentize_py_types import Err
from wit_world.exports import workflow_handler as ending
from wit_world.imports import workflow as host

from satama import Cancelled, Json, Misplaced, TooLarge, workflow
from satama.workflow import (
    Backoff,
    Child,
    Context,
    ContinueAsNew,
    Failure,
    FunctionHandler,
    Step,
    WorkflowHandler,
    _handlers,
    step,
)


class Case(unittest.TestCase):
    def setUp(self) -> None:
        host.start()
        # Tracebacks of what is tried go there.
        self.log = self.enterContext(contextlib.redirect_stderr(io.StringIO()))


class Steps(Case):
    def test_a_result_is_recorded_and_not_computed_again(self) -> None:
        done: list[int] = []
        body = lambda: step("one", lambda: done.append(1) or (1, "ä"))  # noqa: E731
        self.assertEqual(body(), [1, "ä"])
        host.replay()
        self.assertEqual(body(), [1, "ä"])
        self.assertEqual((done, host.recorded()), ([1], ['one: [1,"ä"]']))

    def test_any_exception_is_tried_again_and_a_fatal_failure_is_not(self) -> None:
        attempts: list[tuple[int, str]] = []

        def work(attempt: workflow.Attempt) -> str:
            attempts.append((attempt.number, attempt.key))
            if attempt.number < 3:
                raise ValueError("not yet")
            return "at last"

        self.assertEqual(Step("a", retries=5).run(work), "at last")
        self.assertEqual(attempts, [(1, "key-0"), (2, "key-0"), (3, "key-0")])
        self.assertIn("ValueError: not yet", self.log.getvalue())

        def fatal(attempt: workflow.Attempt) -> None:
            raise Failure.fatal("no", "never", details=[1])

        with self.assertRaises(Failure) as told:
            Step("b", retries=5).run(fatal)
        self.assertEqual(told.exception, Failure("no", "never", retry=False, details=[1]))
        self.assertEqual(host.recorded(), ['a: "at last"', "b: failed no"])

    def test_a_failure_has_its_code_and_says_its_causes(self) -> None:
        def work() -> None:
            try:
                raise KeyError("x")
            except KeyError as err:
                raise ValueError("no such thing") from err

        with self.assertRaises(Failure) as told:
            step("a", work)
        self.assertEqual(str(told.exception), "error: no such thing: KeyError: 'x'")
        self.assertTrue(told.exception.retry)

    def test_a_failure_takes_any_value_for_a_text(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise ValueError

        failure: Any = Failure.fatal(404, ValueError("no such page"))  # type: ignore[arg-type]
        for name, error in [("fatal", failure), ("mute", Mute())]:
            with self.assertRaises(Failure):
                step(name, self.raising(error))
        self.assertEqual(host.recorded(), ["fatal: failed 404", "mute: failed error"])
        self.assertEqual((failure.message, failure.retry), ("no such page", False))
        self.assertIsNone(Failure("raw", details=Json("oops")).details)

    def test_a_result_that_cannot_be_recorded_is_a_failure_that_is(self) -> None:
        host.run.bytes_max = 4
        for name, value in [("huge", "too large"), ("infinite", float("inf")), ("set", {1})]:
            with self.assertRaises(Failure):
                step(name, lambda value=value: value)
        self.assertEqual(step("next", lambda: 1), 1)
        codes = ["huge: failed too-large", "infinite: failed invalid-json"]
        self.assertEqual(host.recorded(), [*codes, "set: failed invalid-json", "next: 1"])

    def test_a_step_in_a_step_is_refused_and_not_tried_again(self) -> None:
        with self.assertRaises(Failure) as told:
            Step("outer", retries=5).run(lambda _: step("inner", lambda: 1))
        self.assertEqual((told.exception.code, told.exception.retry), ("misplaced", False))
        self.assertEqual(host.recorded(), ["outer: failed misplaced"])

    def test_what_is_too_long_is_cut_between_characters(self) -> None:
        with self.assertRaises(Failure) as told:
            step("a", self.raising(Failure("x" + "é" * 8192, "é" * 8192, details="é" * 8192)))
        failure = told.exception
        self.assertEqual(len(failure.code.encode()), 8191)
        self.assertEqual(len(failure.message.encode()), 8192)
        self.assertIsNone(failure.details)

    def test_options_are_passed_on(self) -> None:
        second = timedelta(seconds=1)
        quick = Backoff.fixed(timedelta(microseconds=1))
        options = Step("a", retries=2, backoff=quick, timeout=second).options()
        retry = host.Retry(3, 1, host.Backoff.FIXED, 1, 0)
        self.assertEqual(options, host.StepOptions(retry, 1000, False))
        retry = Step("a", retries=1).options().retry
        self.assertEqual(retry, host.Retry(2, 1000, host.Backoff.EXPONENTIAL, 60_000, 20))
        self.assertIsNone(Step("a").options().retry)

    def test_wrong_arguments_never_reach_the_host(self) -> None:
        with self.assertRaises(TypeError):
            step(1, lambda: 1)  # type: ignore[arg-type]
        with self.assertRaises(ValueError):
            Step("a", retries=-1, timeout=timedelta(seconds=-1)).begin()
        with self.assertRaises(TypeError):
            workflow.sleep(1)  # type: ignore[arg-type]
        with self.assertRaises(ValueError):
            workflow.sleep_until(datetime(2030, 1, 1))
        with self.assertRaises(UnicodeEncodeError):
            workflow.signal("\ud800")
        with self.assertRaises(Failure) as told:
            workflow.spawn("a", object())
        self.assertEqual(told.exception.code, "invalid-json")
        self.assertEqual((host.run.asked, host.run.open), ([], None))

    @staticmethod
    def raising(error: BaseException) -> Any:
        def work() -> None:
            raise error

        return work


class Waits(Case):
    def test_all_settled_and_any(self) -> None:
        spawn = workflow.spawn
        self.assertEqual(workflow.all([spawn("double", 1), spawn("double", [2])]), [1, [2]])
        results = workflow.settled([spawn("double", 1), spawn("fail")])
        self.assertEqual(results, [1, Failure("told", retry=False)])
        with self.assertRaises(Failure):
            workflow.all([spawn("fail"), spawn("double", 1)])
        with self.assertRaises(Misplaced):
            workflow.any([])

    def test_what_nobody_waited_for_is_given_up(self) -> None:
        first, second = workflow.signal("a"), workflow.signal("a")
        self.assertEqual(first.wait(), 1)
        first.forget()
        self.assertEqual(host.run.forgotten, [])
        second.forget()
        self.assertEqual(host.run.forgotten, [1])
        with workflow.timer("late", timedelta(seconds=1)) as late:
            pass
        late.forget()
        self.assertEqual(host.run.forgotten, [1, 2])

    def test_a_signal_or_none(self) -> None:
        self.assertEqual(workflow.signal_within("a", timedelta(seconds=1)), 1)
        self.assertEqual(host.run.forgotten, [1])
        host.run.first = 1
        self.assertEqual(workflow.signal_within("a", timedelta(seconds=1), "none"), "none")
        self.assertEqual(host.run.forgotten, [1, 3, 2])

    def test_times_are_in_milliseconds_rounded_up(self) -> None:
        workflow.timer("a", timedelta(microseconds=1001))
        workflow.timer_at("b", datetime(1969, 1, 1, tzinfo=UTC))
        workflow.timer_at("c", datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC))
        self.assertEqual(host.run.asked, [("a", 2), ("b", 0), ("c", 1001)])
        self.assertEqual(workflow.now().microsecond, 123_000)

    def test_only_what_was_approved_is(self) -> None:
        decided = workflow.approval("a", {"approved": True, "by": "ann", "data": [1]})
        self.assertEqual((decided.approved, decided.by, decided.data), (True, "ann", [1]))
        for data in [{"approved": False, "by": None, "data": None}, {"approved": "true"}]:
            self.assertFalse(workflow.approval("a", data).approved)
        self.assertTrue(workflow.approval("a", None, timedelta(seconds=1)).expired)

    def test_a_child_has_options(self) -> None:
        child = Child("little", timeout=timedelta(seconds=1), priority=9)
        self.assertEqual(child.start("echo", ["ä"]).wait(), ["ä"])
        options = host.ChildOptions(1000, 9)
        self.assertEqual(host.run.asked, [("little", "echo", '["ä"]', options)])


class Handlers(Case):
    def run_body(self, body: Any, input: str, **options: Any) -> Any:
        self.enterContext(mock.patch.dict(_handlers.workflows, clear=True))
        workflow.workflow("w", **options)(body)
        return WorkflowHandler().run("w", input)

    def call(self, function: Any, input: str) -> str:
        self.enterContext(mock.patch.dict(_handlers.functions, clear=True))
        workflow.function("f")(function)
        attempt = host.Attempt(2, "k")
        context = Context("r", "w", "s", attempt, None)
        return FunctionHandler().call("f", input, context)

    def test_a_body_ends_as_it_says(self) -> None:
        self.assertEqual(self.run_body(lambda n: n + 1, "1"), ending.Ending_Completed("2"))
        ended = self.run_body(lambda n: ContinueAsNew(n + 1), "1")
        self.assertEqual(ended, ending.Ending_Continued("2"))

    def test_how_a_body_fails(self) -> None:
        def body(error: BaseException) -> Any:
            def run(_: Any) -> None:
                raise error

            return run

        self.assertEqual(self.run_body(body(Cancelled()), "1"), ending.Ending_Cancelled())
        self.assertEqual(self.run_body(body(Failure("cancelled")), "1"), ending.Ending_Cancelled())
        errors = [
            (body(Failure.fatal("no")), "1", "no", False),
            (body(ValueError()), "1", "error", True),
            (body(TooLarge(3, interface="workflow")), "1", "too-large", False),
            (body(TooLarge(3, interface="cache")), "1", "error", True),
            (lambda n: n, "x", "invalid-input", False),
            (lambda n: {n}, "1", "invalid-json", False),
        ]
        for run, input, code, retry in errors:
            failure = self.run_body(run, input).value
            self.assertEqual((failure.code, failure.retry), (code, retry))
        failure = self.run_body(lambda n: n, '"x"', read=int).value
        self.assertEqual(failure.code, "invalid-input")
        self.assertEqual(WorkflowHandler().run("x", "1").value.code, "unknown-workflow")

    def test_a_function_may_ask_for_which_step_it_is(self) -> None:
        self.assertEqual(self.call(lambda n: n + 1, "1"), "2")
        self.assertEqual(self.call(lambda _, context: context.attempt.number, "1"), "2")
        self.assertEqual(self.call(lambda n, more=1: n + more, "1"), "2")
        with self.assertRaises(Err) as told:
            self.call(lambda n: n, "{")
        self.assertEqual((told.exception.value.code), "invalid-input")
        with self.assertRaises(Err) as told:
            self.call(lambda n: n["x"], "{}")
        self.assertTrue(told.exception.value.retry)
        with self.assertRaises(Err) as told:
            FunctionHandler().call("g", "1", None)
        self.assertEqual(told.exception.value.code, "unknown-function")

    def test_a_name_is_taken_once(self) -> None:
        self.enterContext(mock.patch.dict(_handlers.functions, clear=True))
        workflow.function("f")(lambda n: n)
        with self.assertRaises(ValueError):
            workflow.function("f")

    def test_what_a_body_leaves_is_given_up_in_order_at_its_end(self) -> None:
        left: list[Any] = []

        def body(_: Any) -> None:
            workflow.signal("a")
            left.append(workflow.timer("b", timedelta(seconds=1)))
            with workflow.signal("c"):
                pass

        self.run_body(body, "1")
        self.assertEqual(host.run.forgotten, [2, 0, 1])
        left[0].forget()
        self.assertEqual(host.run.forgotten, [2, 0, 1])

    def test_nothing_is_given_up_because_of_what_an_exception_holds(self) -> None:
        def part(fails: bool) -> None:
            workflow.timer("late", timedelta(seconds=1))
            try:
                if fails:
                    workflow.call("fail")
            except Failure:
                pass

        def body(fails: bool) -> None:
            part(fails)
            workflow.signal("next")
            self.assertEqual(host.run.forgotten, [])

        for fails in ("false", "true"):
            self.run_body(body, fails)
            self.assertEqual(len(host.run.forgotten), 2)
            host.run.forgotten.clear()
