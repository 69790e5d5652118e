"""PatternExecutor: runs, their functions, contexts, failures and ends."""

import builtins
import json
import sys
import threading
import time
import unittest

from patterns import (
    ConfidenceThresholdError,
    ExecutionResult,
    InvalidPatternError,
    PatternContext,
    PatternError,
    PatternExecutionError,
    PatternExecutor,
    PatternNotFoundError,
    PatternRegistry,
    TimeoutError,
)
from support import NDF, Case, circle, ndf, nothing, sequential


def boom(context):
    raise ZeroDivisionError("the reason")


def undo(function, name="step", **keys):
    """A step that is undone by the agent `back`."""
    return {"name": name, "call": function, "undo": {"agent": "back"}, **keys}


class AFunction(Case):
    def run_one(self, step, context=None):
        return self.registry(sequential("a.b", step)).executor.execute("a.b", context)

    def test_takes_nothing_a_context_or_also_its_call(self):
        seen = []
        for function in (lambda: seen.append("none"), lambda c: seen.append(c),
                         lambda c, call: seen.append(call), lambda c, *, a=1: seen.append(a),
                         lambda c=None: seen.append("default")):
            self.run_one(("step", function), {"text": "words"})
        self.assertEqual(seen[0], "none")
        self.assertEqual(seen[1].text, "words")
        self.assertEqual(seen[2].key, f"{seen[2].run}/step")
        self.assertEqual((seen[2].step, seen[2].attempt, seen[2].task), ("step", 1, "words"))
        self.assertEqual(seen[3:], [1, "default"])

    def test_gives_any_json_value(self):
        for value in (None, True, 0, -1.5, "text", [], {}, [None, {"a": [1]}],
                      2**63 - 1, "\n \u00e4 \U0001f600"):
            with self.subTest(value=value):
                self.assertEqual(self.run_one(("step", lambda v=value: v)).output, value)

    def test_that_gives_no_json_fails_with_words(self):
        for value, word in (({1}, "set"), (object(), "object"), (float("nan"), "nan"),
                            (2**64, "64 bits"), ({1: 2}, "key 1"), (circle(), "circle"),
                            (b"x", "bytes"), (["a\0"], "[0] holds a NUL"), ("\ud800", "surrogate")):
            with self.subTest(word):
                with self.refused(PatternExecutionError, word, "'step'") as caught:
                    self.run_one(("step", lambda c: value))
                if word != "surrogate":
                    self.assertIsInstance(caught.exception.__cause__, InvalidPatternError)

    def test_that_gives_an_empty_text_did_nothing(self):
        with self.refused(PatternExecutionError, "nothing", "nonempty"):
            self.run_one(("step", lambda: ""))
        step = {"name": "step", "call": lambda: "", "expect": {"nonempty": False}}
        self.assertEqual(self.run_one(step).output, "")

    def test_that_changes_its_context_into_no_json_fails(self):
        def spoil(context):
            context.attributes["bad"] = {1}

        with self.refused(PatternExecutionError, "context.attributes.bad", "set"):
            self.run_one(("step", spoil))

    def test_is_of_many_sorts(self):
        class Callable:
            def __call__(self, context):
                return "object"

            def method(self, context):
                return "method"

            async def slow(self, context):
                return "coroutine"

        for step, output in ((Callable(), "object"), (Callable().method, "method"),
                             (Callable().slow, "coroutine"), (repr, "PatternContext()")):
            self.assertEqual(self.run_one(("step", step)).output, output)

    def test_hands_its_output_on(self):
        steps = [("one", lambda c: [1, 2]),
                 {"name": "two", "call": lambda c, call: sum(call.inputs["numbers"]),
                  "with": {"numbers": "${steps.one.output}"}}]
        result = self.registry(sequential("a.b", *steps)).executor.execute("a.b")
        self.assertEqual(result.outputs, {"one": [1, 2], "two": 3})
        self.assertEqual(result.output, 3)

    def test_is_bound_by_name_and_by_decorator(self):
        registry = self.registry(sequential("a.b", "worker"))
        executor = registry.executor
        with self.refused(PatternExecutionError, "worker"):
            executor.execute("a.b")

        @executor.bind("worker")
        def work(context):
            return "first"

        self.assertEqual(work(None), "first")
        self.assertEqual(executor.execute("a.b").output, "first")
        executor.bind("worker", lambda: "second")
        self.assertEqual(executor.execute("a.b").output, "second")
        executor.unbind("worker")
        executor.unbind("worker")
        with self.refused(PatternExecutionError, "worker"):
            executor.execute("a.b")

    def test_that_is_none_is_not_bound(self):
        executor = self.registry().executor
        for name, fn in (("x", 1), ("x", "text"), (1, nothing), (None, nothing), ("", nothing)):
            with self.subTest(name=name, fn=fn), self.refused(InvalidPatternError):
                executor.bind(name, fn)

    def test_may_use_its_registry(self):
        registry = self.registry(sequential("a.inner", lambda_step(lambda c: "deep")))
        registry.register_pattern(sequential(
            "a.outer", lambda_step(lambda c: registry.executor.execute("a.inner").output)))
        self.assertEqual(registry.executor.execute("a.outer").output, "deep")

    def test_is_retried(self):
        attempts = []

        def flaky(context, call):
            attempts.append(call.attempt)
            if len(attempts) < 3:
                raise OSError("not yet")
            return "done"

        step = {"name": "step", "call": flaky, "retry": {"attempts": 3, "backoff": "1ms"}}
        self.assertEqual(self.run_one(step).output, "done")
        self.assertEqual(attempts, [1, 2, 3])


def lambda_step(function):
    return ("step", function)


class AContext(Case):
    def change(self, function, **keys):
        registry = self.registry(sequential("a.b", {"name": "step", "call": function, **keys}))
        context = PatternContext("w.x", "agent", 2, {"keep": 1, "drop": 2}, "words")
        return registry, context

    def test_keeps_declared_changes(self):
        def work(context):
            context.attributes["new"] = [1]
            del context.attributes["drop"]

        registry, context = self.change(work, writes=["new", "drop"])
        result = registry.executor.execute("a.b", context)
        self.assertEqual(result.context.attributes, {"keep": 1, "new": [1]})
        self.assertEqual((result.preservation, result.violations), (1.0, []))
        self.assertEqual(context.attributes, {"keep": 1, "drop": 2})

    def test_gets_undeclared_changes_back(self):
        table = (
            (lambda c: setattr(c, "domain", "other"), "critical", 0.7),
            (lambda c: setattr(c, "agent_type", None), "critical", 0.7),
            (lambda c: c.attributes.update(new=1), "moderate", 0.9),
            (lambda c: c.attributes.clear(), "moderate", 0.9),
            (lambda c: setattr(c, "priority", 3), "minor", 0.95),
        )
        for function, severity, preservation in table:
            registry, context = self.change(function)
            result = registry.executor.execute("a.b", context)
            with self.subTest(severity):
                self.assertTrue(result.success)
                self.assertEqual(result.context, context)
                self.assertAlmostEqual(result.preservation, preservation)
                self.assertEqual(result.violations[0]["severity"], severity)
                self.assertEqual(result.violations[0]["step"], "step")

    def test_cannot_be_set_to_what_a_patch_cannot_say(self):
        for function in (
            lambda c: c.attributes.update(new=None),
            lambda c: c.attributes.update(new={"inner": None}),
            lambda c: c.attributes.update(keep=None),
        ):
            registry, context = self.change(function, writes=["new", "keep"])
            with self.refused(PatternExecutionError, "None", "delete the key"):
                registry.executor.execute("a.b", context)

    def test_may_hold_what_was_null_before(self):
        registry, context = self.change(lambda c: c.attributes.pop("drop"), writes=["drop"])
        context.attributes["null"] = None
        result = registry.executor.execute("a.b", context)
        self.assertEqual(result.context.attributes, {"keep": 1, "null": None})

    def test_that_is_enforced_fails_the_run(self):
        registry, context = self.change(lambda c: setattr(c, "domain", "other"))
        pattern = registry.get_pattern("a.b")
        registry.register_pattern(
            sequential("a.c", ("step", lambda c: setattr(c, "domain", "other")),
                       context_policy="enforce"))
        self.assertEqual(pattern.document.get("context"), None)
        with self.refused(PatternExecutionError, "domain"):
            registry.executor.execute("a.c", context)

    def test_that_is_only_recorded_changes(self):
        registry = self.registry(sequential(
            "a.b", ("step", lambda c: c.attributes.update(new=1)), context_policy="record"))
        result = registry.executor.execute("a.b", {"attributes": {"old": 1}})
        self.assertEqual(result.context.attributes, {"old": 1, "new": 1})
        self.assertEqual(len(result.violations), 1)


class AFailure(Case):
    def test_brings_the_exception_its_place_and_the_result(self):
        registry = self.registry(sequential("a.b", ("first", nothing), ("second", boom)))
        with self.refused(PatternExecutionError, "a.b", "second", "ZeroDivisionError",
                          "the reason", "test_executor.py", "run ") as caught:
            registry.executor.execute("a.b")
        error = caught.exception
        self.assertIsInstance(error.__cause__, ZeroDivisionError)
        names = []
        step = error.__cause__.__traceback__
        while step:
            names.append(step.tb_frame.f_code.co_name)
            step = step.tb_next
        self.assertEqual(names[-1], "boom")
        self.assertIsInstance(error.result, ExecutionResult)
        self.assertFalse(error.result)
        self.assertEqual((error.result.state, error.result.steps_done), ("failed", 1))

    def test_undoes_completed_steps_in_reverse(self):
        undone = []
        registry = self.registry(sequential(
            "a.b", undo(nothing, "one"), undo(nothing, "two"), ("three", boom)))
        registry.executor.bind("back", lambda c, call: undone.append(call.step))
        with self.assertRaises(PatternExecutionError):
            registry.executor.execute("a.b")
        self.assertEqual([name.split("/")[0].split(":")[0] for name in undone], ["two", "one"])

    def test_without_rollback_undoes_nothing(self):
        undone = []
        registry = self.registry(sequential(
            "a.b", undo(nothing, "one"), ("two", boom), rollback_enabled=False))
        registry.executor.bind("back", lambda: undone.append(1))
        with self.assertRaises(PatternExecutionError):
            registry.executor.execute("a.b")
        self.assertEqual(undone, [])

    def test_of_an_undo_is_a_state_of_its_own(self):
        registry = self.registry(sequential("a.b", undo(nothing, "one"), ("two", boom)))
        registry.executor.bind("back", boom)
        with self.refused(PatternExecutionError, "undone") as caught:
            registry.executor.execute("a.b")
        self.assertEqual(caught.exception.result.state, "undo_failed")

    def test_of_an_expectation_is_one_too(self):
        registry = self.registry(sequential(
            "a.b", {"name": "step", "call": lambda: "ok", "expect": {"regex": "^never$"}}))
        with self.refused(PatternExecutionError, "step"):
            registry.executor.execute("a.b")

    def test_counts(self):
        pattern = sequential("a.b", ("step", boom))
        registry = self.registry(pattern)
        with self.assertRaises(PatternExecutionError):
            registry.executor.execute("a.b")
        self.assertEqual((pattern.execution_count, pattern.success_rate), (1, 0.0))


class ATime(Case):
    def test_that_is_over_ends_and_undoes_the_run(self):
        undone, ended = [], threading.Event()
        registry = self.registry(sequential(
            "a.b", undo(nothing, "one"), ("two", lambda: ended.wait(20))))
        self.addCleanup(ended.set)
        registry.executor.bind("back", lambda: undone.append(1))
        with self.refused(TimeoutError, "a.b", "0.2 s", "undone"):
            registry.executor.execute("a.b", timeout=0.2)
        self.assertEqual(undone, [1])
        with self.assertRaises(builtins.TimeoutError):
            registry.executor.execute("a.b", timeout=0.05)

    def test_of_a_pattern_and_of_a_step_fail_the_run(self):
        ended = threading.Event()
        step = {"name": "step", "call": lambda: ended.wait(20)}
        registry = self.registry(
            sequential("a.b", dict(step), timeout_seconds=1),
            sequential("a.c", dict(step, timeout="200ms")))
        self.addCleanup(ended.set)
        for name in ("a.b", "a.c"):
            start = time.monotonic()
            with self.refused(PatternExecutionError, "time"):
                registry.executor.execute(name)
            self.assertLess(time.monotonic() - start, 10)

    def test_that_is_none_is_refused(self):
        registry = self.registry(sequential("a.b", nothing))
        for timeout in ("x", -1, [], True, float("nan")):
            with self.subTest(timeout=timeout), self.refused(InvalidPatternError, "timeout"):
                registry.executor.execute("a.b", timeout=timeout)


class Executing(Case):
    def test_registers_a_pattern_that_is_not_yet(self):
        executor = PatternExecutor()
        self.addCleanup(executor.registry.close)
        pattern = sequential("a.b", ("step", lambda: 1))
        self.assertEqual(executor.execute(pattern).output, 1)
        self.assertIs(executor.registry.get_pattern("a.b"), pattern)
        with self.refused(InvalidPatternError, "another", "'a.b'", "replace=True"):
            executor.execute(sequential("a.b", nothing))

    def test_refuses_what_is_no_pattern(self):
        executor = self.registry(sequential("a.b", nothing)).executor
        for thing in (None, 1, ["a.b"], {"pattern": "a.b"}):
            with self.refused(InvalidPatternError, "pattern", type(thing).__name__):
                executor.execute(thing)
        with self.refused(PatternNotFoundError, "'a.b'"):
            executor.execute("a.bb")
        with self.refused(InvalidPatternError, "on_event", "int"):
            executor.execute("a.b", on_event=1)
        with self.refused(InvalidPatternError, "PatternRegistry", "int"):
            PatternExecutor(1)

    def test_a_step_that_nobody_does_is_an_error(self):
        registry = self.registry(sequential("a.b", "nobody"))
        with self.refused(PatternExecutionError, "nobody") as caught:
            registry.executor.execute("a.b")
        self.assertIsNone(caught.exception.result)

    def test_the_best_pattern(self):
        registry = self.registry(
            sequential("a.paint", ("step", lambda: "painted"), description="paint the fence"),
            sequential("a.mow", ("step", lambda: "mowed"), description="mow the lawn"))
        executor = registry.executor
        self.assertEqual(executor.execute_best_pattern("paint the fence").output, "painted")
        with self.refused(ConfidenceThresholdError):
            executor.execute_best_pattern("bake bread with flour")

    def test_with_a_fallback(self):
        registry = self.registry(
            sequential("a.bad", ("step", boom)), sequential("a.worse", ("step", boom)),
            sequential("a.good", ("step", lambda: "done")))
        execute = registry.executor.execute_with_fallback
        self.assertEqual(execute("a.bad", ["a.missing", "a.good"]).output, "done")
        self.assertEqual(execute("a.bad", "a.good").output, "done")
        self.assertEqual(execute("a.good", []).output, "done")
        with self.refused(PatternExecutionError, "a.bad") as caught:
            execute("a.bad", ["a.worse", "a.missing"])
        kinds = [type(each) for each in caught.exception.attempts]
        self.assertEqual(kinds, [PatternExecutionError] * 2 + [PatternNotFoundError])

    def test_with_fallbacks_tells_which_run_came_after_which(self):
        registry = self.registry(
            sequential("a.bad", ("step", boom)), sequential("a.good", ("step", lambda: 1)))
        result = registry.executor.execute_with_fallback("a.bad", ["a.missing", "a.good"])
        last = json.loads(registry._engine.show(result.run_id))
        first = json.loads(registry._engine.show(last["fallback_of"]))
        self.assertEqual((first["pattern"], first["state"]), ("a.bad", "failed"))
        self.assertEqual(first["fallback"]["run"], result.run_id)

    def test_with_the_fallbacks_that_are_declared(self):
        registry = self.registry(
            sequential("a.good", ("step", lambda c: c.attributes["kept"])),
            sequential("a.worse", ("step", boom), fallback="a.good"),
            sequential("a.bad", ("step", boom), fallback="a.worse"))
        execute = registry.executor.execute_with_fallback
        context = PatternContext(attributes={"kept": 7})
        self.assertEqual(execute("a.bad", context=context).output, 7)
        with self.refused(PatternExecutionError, "a.bad") as caught:
            execute("a.bad", "a.worse", context)
        self.assertEqual(len(caught.exception.attempts), 2)
        with self.refused(PatternExecutionError, "a.bad") as caught:
            execute("a.bad", [], context)
        self.assertEqual(len(caught.exception.attempts), 1)

    def test_with_a_fallback_after_a_time_limit(self):
        registry = self.registry(
            sequential("a.slow", ("step", lambda: time.sleep(0.5))),
            sequential("a.good", ("step", lambda: "done")))
        execute = registry.executor.execute_with_fallback
        self.assertEqual(execute("a.slow", "a.good", timeout=0.1).output, "done")
        with self.refused(TimeoutError, "a.slow") as caught:
            execute("a.slow", ["a.missing"], timeout=0.1)
        kinds = [type(each) for each in caught.exception.attempts]
        self.assertEqual(kinds, [TimeoutError, PatternNotFoundError])

    def test_with_a_fallback_but_not_after_a_cancel(self):
        registry = self.registry(sequential("a.slow", ("step", lambda: time.sleep(0.3))),
                                 sequential("a.good", ("step", lambda: "done")))
        threading.Timer(0.1, lambda: registry.executor._cancel_pattern("a.slow")).start()
        with self.refused(PatternExecutionError, "a.slow", "cancelled"):
            registry.executor.execute_with_fallback("a.slow", "a.good")

    def test_shows_a_plan_and_runs_nothing(self):
        calls = []
        registry = self.registry(
            sequential("a.b", ("one", lambda: calls.append(1)), ("two", nothing)))
        plan = registry.executor.plan("a.b", {"text": "go"})
        self.assertEqual([s["id"] for s in plan["plan"]["root"]["children"]], ["one", "two"])
        self.assertEqual(plan["totals"]["steps"], 2)
        self.assertEqual(plan["context"]["text"], "go")
        self.assertEqual(calls, [])
        self.assertEqual(json.loads(registry._engine.list(3)), [])
        with self.refused(PatternNotFoundError, "a.missing"):
            registry.executor.plan("a.missing")

    def test_follows_a_run(self):
        go = threading.Event()
        registry = self.registry(sequential("a.b", ("one", nothing), ("two", go.wait)))
        executor = registry.executor
        registry._flush()
        run = registry._engine.start("a.b", "{}")
        kinds = []
        for record in executor.follow(run.id):
            kinds.append(record["kind"])
            if record["kind"] == "result":
                go.set()
        self.assertEqual((kinds[0], kinds[-1]), ("plan", "end"))
        self.assertEqual(kinds.count("result"), 2)
        self.assertEqual([r["kind"] for r in executor.follow(run.id)], kinds)
        go.clear()
        run = registry._engine.start("a.b", "{}")
        with self.refused(TimeoutError, run.id):
            list(executor.follow(run.id, timeout=0.2))
        go.set()
        run.wait()
        with self.refused(PatternNotFoundError, "zzz"):
            list(executor.follow("zzz"))
        with self.refused(InvalidPatternError, "the id of a run"):
            list(executor.follow(1))

    def test_says_what_changed_in_the_context(self):
        def change(context):
            context.attributes["size"] = 9
            context.domain = "stolen"

        registry = self.registry(
            sequential("a.b", {"name": "one", "call": change, "writes": ["size"]}))
        result = registry.executor.execute(
            "a.b", PatternContext(domain="mine", attributes={"size": 1}))
        changes = registry.executor.changes(result.run_id)
        self.assertEqual(changes["policy"], "restore")
        found = {c["field"]: c for c in changes["steps"][0]["changes"]}
        self.assertEqual(found["attributes.size"]["after"], 9)
        self.assertEqual(found["domain"]["policy"], "restored")
        self.assertEqual(found["domain"]["tried"], "stolen")

    def test_events_tell_tokens_and_cost(self):
        registry = self.registry(sequential(
            "a.b", {"name": "one", "agent": "pays"}, {"name": "two", "agent": "pays"}))
        says = json.dumps({"output": 1, "usage": {"tokens": 5, "cost": 0.5}})
        registry._engine.register(json.dumps({"agent": "pays", "run": ["echo", says]}))
        events = []
        registry.executor.execute("a.b", on_event=events.append)
        done = [e for e in events if e.kind == "step_done"]
        self.assertEqual([(e.tokens, e.step_tokens) for e in done], [(5, 5), (10, 5)])
        self.assertEqual([(e.cost, e.step_cost) for e in done], [(0.5, 0.5), (1.0, 0.5)])
        self.assertIsNone(events[0].tokens)
        self.assertIsNone(events[0].cost)

    def test_in_a_folder(self):
        folder = self.folder()
        registry = self.registry(sequential("a.b", "where"))
        registry._engine.register(json.dumps({"agent": "where", "run": ["pwd"]}))
        result = PatternExecutor(registry, cwd=folder).execute("a.b")
        self.assertEqual(result.output.strip(), str(folder.resolve()))

    def test_tells_its_events(self):
        registry = self.registry(sequential("a.b", ("one", nothing), ("two", boom)))
        events = []
        with self.assertRaises(PatternExecutionError):
            registry.executor.execute("a.b", on_event=events.append)
        kinds = [event.kind for event in events]
        self.assertEqual((kinds[0], kinds[-1]), ("run_started", "run_done"))
        for kind in ("step_started", "step_done", "step_failed"):
            self.assertIn(kind, kinds)
        failed = events[kinds.index("step_failed")]
        self.assertEqual((failed.step, failed.attempt), ("two", 1))
        self.assertIn("the reason", failed.detail)
        self.assertLess(abs(failed.at - time.time()), 60)
        self.assertEqual({event.run for event in events}, {failed.run})
        self.assertIn("step_failed two", repr(failed))

    def test_goes_on_when_a_listener_raises(self):
        registry = self.registry(sequential("a.b", ("step", lambda: 1)))
        told = []
        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = told.append
        self.assertEqual(registry.executor.execute("a.b", on_event=boom).output, 1)
        self.assertTrue(told)


class ABatch(Case):
    def setUp(self):
        self.running, self.most, self.lock = 0, 0, threading.Lock()

        def work(context):
            with self.lock:
                self.running += 1
                self.most = max(self.most, self.running)
            time.sleep(0.01)
            with self.lock:
                self.running -= 1
            if context.attributes.get("bad"):
                raise ValueError("bad one")
            return context.attributes.get("n")

        self.work = sequential("a.work", ("step", work), description="work on numbers")
        self.executor = self.registry(self.work).executor

    def items(self, count, **attributes):
        return [("a.work", {"attributes": {"n": n, **attributes}}) for n in range(count)]

    def test_keeps_the_order(self):
        results = self.executor.batch_execute(self.items(20))
        self.assertEqual([r.output for r in results], list(range(20)))
        self.assertGreater(self.most, 1)

    def test_is_bounded(self):
        self.executor.batch_execute(self.items(12), max_concurrent=3)
        self.assertLessEqual(self.most, 3)
        for bound in (0, -1, "x", 1.5, True):
            with self.subTest(bound), self.refused(InvalidPatternError, "max_concurrent"):
                self.executor.batch_execute([], max_concurrent=bound)

    def test_of_nothing_is_nothing(self):
        self.assertEqual(self.executor.batch_execute([]), [])

    def test_raises_the_first_error_after_all_ended(self):
        items = self.items(3) + self.items(2, bad=True)
        with self.refused(PatternExecutionError, "bad one"):
            self.executor.batch_execute(items)
        self.assertEqual(self.running, 0)
        results = self.executor.batch_execute(items, return_exceptions=True)
        self.assertEqual([isinstance(r, PatternError) for r in results],
                         [False] * 3 + [True] * 2)

    def test_chooses_where_only_a_context_is_given(self):
        results = self.executor.batch_execute(
            ["work on numbers", PatternContext(text="work on numbers", attributes={"n": 1})])
        self.assertEqual([r.output for r in results], [None, 1])

    def test_returns_what_could_not_start(self):
        results = self.executor.batch_execute(
            [("a.missing", None), *self.items(1), "bread and butter", (1, None), 7,
             ("a.work", {"colour": 1}), ("a.work",)], return_exceptions=True)
        kinds = [type(each).__name__ for each in results]
        self.assertEqual(kinds, [
            "PatternNotFoundError", "ExecutionResult", "ConfidenceThresholdError",
            "InvalidPatternError", "InvalidPatternError", "InvalidPatternError",
            "InvalidPatternError"])


class AResult(Case):
    def test_is_there_later_and_for_others(self):
        path = self.folder() / "a.db"
        one = self.registry(sequential("a.b", ("step", lambda: {"x": 1})), path=path)
        result = one.executor.execute("a.b", {"domain": "w"})
        two = self.registry(path=path)
        again = two.executor.result(result.run_id)
        self.assertEqual((again.output, again.state, again.pattern),
                         ({"x": 1}, "succeeded", "a.b"))
        self.assertEqual(again.context.domain, "w")
        self.assertIn(result.run_id, repr(result))

    def test_of_no_run_is_refused(self):
        executor = self.registry().executor
        for call in (executor.result, executor.resume):
            with self.refused(PatternNotFoundError, "nosuchrun"):
                call("nosuchrun")
            with self.refused(InvalidPatternError, "run", "int"):
                call(1)

    def test_is_rated(self):
        registry = self.registry(sequential("a.b", nothing), sequential("a.c", nothing))
        result = registry.executor.execute("a.b")
        result.rate(True)
        result.rate(False, should="a.c")
        result.rate(None, should=registry.get_pattern("a.c"))
        with self.refused(InvalidPatternError, "True, False"):
            result.rate("good")
        with self.refused(PatternNotFoundError, "a.d"):
            result.rate(False, should="a.d")

    @unittest.skipUnless(NDF, "NDF does not name the command")
    def test_is_shown_by_the_command(self):
        path = self.folder() / "a.db"
        with PatternRegistry(path) as registry:
            registry.register_pattern(sequential("a.b", ("step", lambda: "from python")))
            run = registry.executor.execute("a.b").run_id
        shown = ndf("--store", path, "show", run, "--json")
        self.assertIn("from python", shown)


if __name__ == "__main__":
    unittest.main()
