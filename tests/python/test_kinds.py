"""Sequential, parallel and meta patterns: how they are made and changed."""

import pickle
import threading
import time
import unittest

from patterns import (
    InvalidPatternError,
    MetaOrchestrationPattern,
    ParallelCoordinationPattern,
    PatternError,
    PatternExecutionError,
    SequentialDelegationPattern,
)
from support import Case, nothing, sequential


def parallel(*tasks, **options):
    return ParallelCoordinationPattern("work.tasks", "does tasks", tasks=list(tasks), **options)


def meta(**options):
    pattern = MetaOrchestrationPattern("work.phases", "does phases", **options)
    pattern.add_phase("first", ["a.b"])
    return pattern


class Steps(Case):
    def test_are_names_functions_pairs_and_dicts(self):
        pattern = SequentialDelegationPattern("a.b", steps=[
            "agent-one", nothing, ("named", nothing), ("other", {"agent": "agent-two"}),
            {"name": "called", "call": nothing, "timeout": "5s"},
            {"plain": {"agent": "agent-three", "idempotent": True}}, {"name": "bare"}])
        self.assertEqual(pattern.steps, [
            "agent-one", "nothing", "named", "other", "called", "plain", "bare"])
        steps = pattern.document["steps"]
        self.assertEqual(steps[1], {"nothing": {"agent": "a.b.nothing"}})
        self.assertEqual(steps[3], {"other": {"agent": "agent-two"}})
        self.assertEqual(steps[4], {"called": {"timeout": "5s", "agent": "a.b.called"}})

    def test_that_are_wrong_are_refused(self):
        table = (
            ("one", ("list", "str")), ({"a": 1}, ("list", "dict")), (7, ("list", "int")),
            ([7], ("step", "'a.b'", "int")), ([None], ("NoneType",)),
            ([{"name": "x", "call": 7}], ("'x'", "function", "int")),
            ([("x", 7)], ("'x'", "'a.b'", "int")), ([{"x": {"colour": 1}}], ("colour",)),
            ([lambda c: 1], ("<lambda>",)), (["same", "same"], ("same",)),
            ([{}], ()), ([()], ("tuple",)), ([{"x": {"timeout": "soon"}}], ("timeout",)),
            ([{"x": {}, "y": {}}], ()), ([{"x": {"writes": "a"}}, {"x": {}}], ()),
        )
        for steps, words in table:
            with self.subTest(steps=steps), self.refused(InvalidPatternError, *words):
                SequentialDelegationPattern("a.b", steps=steps)

    def test_have_a_time_and_a_way_back(self):
        pattern = sequential("a.b", "x")
        self.assertIsNone(pattern.timeout_seconds)
        self.assertTrue(pattern.rollback_enabled)
        pattern = sequential("a.b", "x", timeout_seconds=90, rollback_enabled=False)
        self.assertEqual(pattern.timeout_seconds, 90)
        self.assertFalse(pattern.rollback_enabled)
        for text, seconds in (("5s", 5), ("250ms", 0.25), ("2m", 120), ("1h", 3600)):
            pattern = sequential("a.b", "x", extra={"timeout": text})
            self.assertEqual(pattern.timeout_seconds, seconds)

    def test_time_that_is_none_is_refused(self):
        for value in (-1, "soon", [], True):
            with self.subTest(value), self.refused(InvalidPatternError, "timeout"):
                sequential("a.b", "x", timeout_seconds=value)

    def test_options_that_are_none_are_python_errors(self):
        with self.assertRaises(TypeError):
            sequential("a.b", "x", colour="red")


class Tasks(Case):
    def test_have_defaults(self):
        pattern = parallel("one", "two")
        self.assertEqual(pattern.kind, "parallel")
        self.assertEqual(pattern.tasks, ["one", "two"])
        self.assertIsNone(pattern.max_concurrent)
        self.assertEqual(pattern.resource_threshold, 0.8)
        self.assertEqual(pattern.failure_tolerance, 0.0)
        self.assertEqual(pattern.dependencies, {})

    def test_wait_for_others(self):
        pattern = parallel("one", "two", {"name": "three", "needs": ["one"]})
        pattern.add_task_dependency("two", "one")
        pattern.add_task_dependency("three", ["two", "one"])
        self.assertEqual(pattern.dependencies, {"two": ["one"], "three": ["one", "two"]})

    def test_cannot_wait_in_a_circle(self):
        pattern = parallel("one", "two", "three")
        pattern.add_task_dependency("two", "one")
        pattern.add_task_dependency("three", "two")
        for task, needs, word in (("one", "three", "circle"), ("one", "two", "circle"),
                                  ("one", "one", "itself")):
            with self.subTest(task=task, needs=needs):
                with self.refused(InvalidPatternError, word):
                    pattern.add_task_dependency(task, needs)
        self.assertEqual(pattern.dependencies, {"two": ["one"], "three": ["two"]})

    def test_cannot_wait_for_what_is_not_there(self):
        pattern = parallel("one", "two")
        with self.refused(InvalidPatternError, "'four'", "one, two"):
            pattern.add_task_dependency("four", "one")
        with self.refused(InvalidPatternError, "four"):
            pattern.add_task_dependency("one", "four")
        with self.refused(InvalidPatternError, "needs", "list of str"):
            pattern.add_task_dependency("one", [2])

    def test_declare_what_they_take(self):
        pattern = parallel("one", "two")
        pattern.set_task_resource_requirement("one", cpu=2, memory="512MB")
        pattern.set_task_resource_requirement("two", memory=1 << 20)
        tasks = {n: b for t in pattern.document["tasks"] if isinstance(t, dict)
                 for n, b in t.items()}
        self.assertEqual(tasks["one"]["resources"], {"cpu": 2, "memory": "512MB"})
        self.assertEqual(tasks["two"]["resources"], {"memory": 1 << 20})
        pattern.set_task_resource_requirement("one")
        self.assertFalse([t for t in pattern.document["tasks"]
                          if isinstance(t, dict) and "resources" in t.get("one", {})])

    def test_requirements_that_are_none_are_refused(self):
        pattern = parallel("one")
        for given in ({"cpu": -1}, {"cpu": "many"}, {"memory": "lots"}, {"memory": -5}):
            with self.subTest(**given), self.refused(InvalidPatternError):
                pattern.set_task_resource_requirement("one", **given)
        with self.refused(InvalidPatternError, "'two'"):
            pattern.set_task_resource_requirement("two", cpu=1)

    def test_bounds_that_are_none_are_refused(self):
        for options in ({"max_concurrent": -1}, {"max_concurrent": "x"},
                        {"resource_threshold": 1.5}, {"failure_tolerance": -0.1},
                        {"failure_tolerance": None}):
            with self.subTest(**options), self.refused(InvalidPatternError):
                parallel("one", **options)

    def test_changes_reach_the_registry(self):
        pattern = parallel("one", "two")
        registry = self.registry(pattern)
        pattern.add_task_dependency("two", "one")
        registry.compile_patterns()
        self.assertEqual(registry.get_pattern("work.tasks").dependencies, {"two": ["one"]})


class Phases(Case):
    def test_are_added_one_by_one(self):
        pattern = MetaOrchestrationPattern(
            "work.phases", strategy="careful", complexity_threshold=0.7)
        self.assertEqual((pattern.kind, pattern.phases), ("meta", []))
        pattern.add_phase("first", [sequential("a.b", nothing), "c.d"])
        pattern.add_phase("second", select=True, coordination="parallel")
        self.assertEqual(pattern.phases, ["first", "second"])
        self.assertEqual(pattern.document["phases"][0], {"first": {"patterns": ["a.b", "c.d"]}})
        self.assertEqual((pattern.strategy, pattern.complexity_threshold), ("careful", 0.7))

    def test_are_needed_for_registering(self):
        pattern = MetaOrchestrationPattern("work.phases")
        with self.refused(InvalidPatternError, "'work.phases'", "add_phase"):
            self.registry().register_pattern(pattern)

    def test_have_criteria(self):
        pattern = meta()
        pattern.set_phase_success_criteria(
            "first", min_success_rate=0.9, max_error_count=2, max_latency="90s")
        self.assertEqual(pattern.document["phases"][0]["first"]["success_criteria"], {
            "min_success_rate": 0.9, "max_error_count": 2, "max_latency": "90s"})
        with self.refused(InvalidPatternError, "'third'", "first"):
            pattern.set_phase_success_criteria("third", 0.5)
        with self.refused(InvalidPatternError, "min_success_rate"):
            pattern.set_phase_success_criteria("first", min_success_rate=2)

    def test_that_are_wrong_are_refused(self):
        pattern = meta()
        table = ({"patterns": ["x"], "coordination": "sideways"}, {"patterns": [7]},
                 {"patterns": ["x"], "success_criteria": {"colour": 1}},
                 {"patterns": ["x"], "select": True}, {})
        for given in table:
            with self.subTest(**given), self.refused(InvalidPatternError):
                pattern.add_phase("second", **given)
        with self.refused(InvalidPatternError, "first"):
            pattern.add_phase("first", ["x"])
        self.assertEqual(pattern.phases, ["first"])

    def test_settings_that_are_none_are_refused(self):
        for options in ({"complexity_threshold": -1}, {"rollback_strategy": "none"},
                        {"strategy": 7}):
            with self.subTest(**options), self.refused(InvalidPatternError):
                MetaOrchestrationPattern("work.phases", **options)

    def test_without_a_run_there_is_nothing_to_roll_back(self):
        pattern = meta()
        with self.refused(PatternExecutionError, "'work.phases'", "no run"):
            pattern.trigger_rollback("because")
        self.registry(pattern)
        with self.refused(PatternExecutionError, "'work.phases'", "no run"):
            pattern.trigger_rollback()


class ParallelAndMeta(Case):
    """All but running."""

    def made(self):
        return [parallel("one", ("two", nothing), domains=["work.**"]),
                meta(domains=["work.**"])]

    def test_are_registered_selected_and_found(self):
        registry = self.registry(*self.made())
        for words, name in (("does tasks", "work.tasks"), ("does phases", "work.phases")):
            self.assertEqual(registry.select(words).choices[0].name, name)
        found = registry.find_patterns_by_domain("work.more")
        self.assertEqual([p.name for p in found], ["work.tasks", "work.phases"])

    def test_suit_tasks_that_ask_for_their_kind(self):
        registry = self.registry(*self.made())
        for attributes, hint in (({"concurrent": True}, "parallel_patterns"),
                                 ({"complexity": 9}, "meta_patterns"),
                                 ({}, "sequential_patterns")):
            self.assertEqual(registry.get_pattern_hint({"attributes": attributes}), hint)

    def test_are_pickled(self):
        for pattern in (parallel("one", "two"), meta()):
            twin = pickle.loads(pickle.dumps(pattern))
            self.assertEqual(twin.document, pattern.document)
            self.assertIs(type(twin), type(pattern))

    def test_count_what_happened_outside(self):
        for pattern in self.made():
            pattern.record_execution(True)
            self.assertEqual(pattern.execution_count, 1)


class RunningParallel(Case):
    def run_tasks(self, *tasks, context=None, **options):
        registry = self.registry(parallel(*tasks, **options))
        return registry.executor.execute("work.tasks", context)

    def test_runs_tasks_side_by_side(self):
        both = threading.Barrier(2, timeout=20)
        result = self.run_tasks(("one", lambda: both.wait() >= 0),
                                ("two", lambda: both.wait() >= 0))
        self.assertTrue(result.success)
        self.assertEqual(result.outputs, {"one": True, "two": True})

    def test_starts_a_task_when_what_it_needs_is_done(self):
        order = []

        def note(name, *needs, **keys):
            return {"name": name, "needs": list(needs), **keys,
                    "call": lambda c, call: order.append(name) or [name, call.inputs]}

        result = self.run_tasks(
            note("last", "left", "right", **{"with": {"got": "${steps.first.output.0}"}}),
            note("left", "first"), note("right", "first"), note("first"))
        self.assertEqual((order[0], sorted(order[1:3]), order[3]),
                         ("first", ["left", "right"], "last"))
        self.assertEqual(result.outputs["last"], ["last", {"got": "first"}])

    def test_runs_no_more_at_once_than_it_may(self):
        lock, at_work, most = threading.Lock(), 0, 0

        def work():
            nonlocal at_work, most
            with lock:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.01)
            with lock:
                at_work -= 1

        self.run_tasks(*((f"t{i}", work) for i in range(8)), max_concurrent=3)
        self.assertEqual(most, 3)

    def test_leaves_the_others_alone_when_one_fails(self):
        def fail():
            raise ValueError("not today")

        result = self.run_tasks(("one", fail), ("two", nothing),
                                {"name": "three", "call": nothing, "needs": ["one"]},
                                ("four", nothing), failure_tolerance=0.5)
        self.assertTrue(result.success)
        self.assertEqual(sorted(result.outputs), ["four", "two"])

    def test_fails_and_is_undone_when_too_many_fail(self):
        undone = []
        gate = threading.Event()

        def fail():
            gate.wait(20)
            time.sleep(0.2)  # the result of the other comes first
            raise ValueError("not today")

        registry = self.registry(parallel(
            {"name": "one", "call": lambda: gate.set(), "undo": {"agent": "back"}},
            ("two", fail)))
        registry.executor.bind("back", lambda: undone.append("one"))
        with self.refused(PatternExecutionError, "'two' failed", "not today") as caught:
            registry.executor.execute("work.tasks")
        self.assertEqual(undone, ["one"])
        self.assertEqual(list(caught.exception.result.outputs), ["one"])

    def test_each_sees_what_those_it_needs_have_set(self):
        seen = {}

        def sets(name, *needs):
            def call(context):
                seen[name] = sorted(context.attributes)
                context.attributes[name] = 1
            return {"name": name, "call": call, "needs": list(needs), "writes": [name]}

        result = self.run_tasks(sets("a"), sets("b"), sets("c", "a"), max_concurrent=1)
        self.assertEqual(seen, {"a": [], "b": [], "c": ["a"]})
        self.assertEqual(result.context.attributes, {"a": 1, "b": 1, "c": 1})
        self.assertEqual((result.preservation, result.violations), (1.0, []))

    def test_says_that_a_task_never_fits(self):
        pattern = parallel("one")
        pattern.set_task_resource_requirement("one", cpu=4096)
        registry = self.registry(pattern)
        registry.executor.bind("one", nothing)
        with self.refused(PatternExecutionError, "4096 cpus", "this machine has"):
            registry.executor.execute("work.tasks")

    def test_runs_by_itself_and_in_batches(self):
        registry = self.registry(parallel(("one", lambda: 1), ("two", lambda: 2)),
                                 sequential("a.b", nothing))
        self.assertEqual(registry.get_pattern("work.tasks").execute().outputs,
                         {"one": 1, "two": 2})
        results = registry.executor.batch_execute([("work.tasks", None), ("a.b", None)])
        self.assertEqual([r.success for r in results], [True, True])
        result = registry.executor.execute_with_fallback("work.tasks", "a.b")
        self.assertEqual(result.pattern, "work.tasks")


class RunningMeta(Case):
    def phases(self, *patterns, **options):
        """A registry of patterns, and a meta pattern without phases."""
        pattern = MetaOrchestrationPattern("work.phases", "does phases", **options)
        return self.registry(*patterns), pattern

    def test_runs_phase_after_phase(self):
        calls = []
        registry, pattern = self.phases(
            sequential("a.b", ("one", lambda: calls.append(1) or "first")),
            parallel(("two", lambda: calls.append(2)), ("three", lambda: calls.append(3))))
        pattern.add_phase("prepare", ["a.b"])
        pattern.add_phase("act", ["work.tasks"])
        registry.register_pattern(pattern)
        result = registry.executor.execute("work.phases")
        self.assertTrue(result.success)
        self.assertEqual((calls[0], sorted(calls[1:])), (1, [2, 3]))
        self.assertEqual(result.outputs["prepare/a.b/one"], "first")
        self.assertEqual(sorted(result.outputs), [
            "act/work.tasks/three", "act/work.tasks/two", "prepare/a.b/one"])

    def test_hands_the_context_on(self):
        seen = []

        def write(context):
            context.attributes["found"] = 7

        registry, pattern = self.phases(
            sequential("a.b", {"name": "one", "call": write, "writes": ["found"]}),
            sequential("c.d", ("two", lambda context: seen.append(context.attributes["found"]))))
        pattern.add_phase("prepare", ["a.b"])
        pattern.add_phase("act", ["c.d"])
        registry.register_pattern(pattern)
        self.assertTrue(registry.executor.execute("work.phases").success)
        self.assertEqual(seen, [7])

    def test_runs_patterns_of_a_parallel_phase_at_once(self):
        meeting = threading.Barrier(2, timeout=20)
        registry, pattern = self.phases(
            sequential("a.b", ("one", meeting.wait)), sequential("c.d", ("two", meeting.wait)))
        pattern.add_phase("both", ["a.b", "c.d"], coordination="parallel")
        registry.register_pattern(pattern)
        self.assertTrue(registry.executor.execute("work.phases").success)

    def failing(self, **options):
        undone = []

        def fail():
            raise ValueError("not today")

        registry, pattern = self.phases(
            sequential("a.b", {"name": "one", "call": nothing, "undo": {"agent": "back.one"}}),
            sequential("c.d", {"name": "two", "call": nothing, "undo": {"agent": "back.two"}}),
            sequential("e.f", ("three", fail)), **options)
        registry.executor.bind("back.one", lambda: undone.append("one"))
        registry.executor.bind("back.two", lambda: undone.append("two"))
        pattern.add_phase("prepare", ["a.b"])
        pattern.add_phase("act", ["c.d", "e.f"])
        return registry, pattern, undone

    def test_takes_back_what_the_strategy_says(self):
        for strategy, expected in (("pattern", []), ("phase", ["two"]),
                                   ("complete", ["two", "one"]), (None, ["two", "one"])):
            with self.subTest(strategy=strategy):
                registry, pattern, undone = self.failing(rollback_strategy=strategy)
                registry.register_pattern(pattern)
                with self.refused(PatternExecutionError, "phase 'act' failed", "not today"):
                    registry.executor.execute("work.phases")
                self.assertEqual(undone, expected)

    def test_tolerates_what_the_criteria_tolerate(self):
        registry, pattern, undone = self.failing()
        pattern.set_phase_success_criteria("act", min_success_rate=0.5)
        registry.register_pattern(pattern)
        self.assertTrue(registry.executor.execute("work.phases").success)
        self.assertEqual(undone, [])

    def test_chooses_the_pattern_of_a_phase_when_it_is_reached(self):
        registry, pattern = self.phases(
            sequential("database.migrate", ("one", lambda: "moved"),
                       description="Migrate the database schema."),
            sequential("poem.write", ("two", lambda: "rhymed"), description="Write a poem."))
        pattern.add_phase("act", select=True)
        registry.register_pattern(pattern)
        result = registry.executor.execute("work.phases", "migrate the database schema")
        self.assertEqual(result.outputs, {"act/database.migrate/one": "moved"})
        with self.refused(PatternExecutionError, "phase 'act' failed"):
            registry.executor.execute("work.phases", "zzzz qqqq")

    def test_is_rolled_back_when_that_is_triggered(self):
        undone, started, go = [], threading.Event(), threading.Event()
        registry, pattern = self.phases(
            sequential("a.b", {"name": "one", "call": nothing, "undo": {"agent": "back"}}),
            sequential("c.d", ("two", lambda: started.set() or go.wait(20))))
        registry.executor.bind("back", lambda: undone.append("one"))
        pattern.add_phase("prepare", ["a.b"])
        pattern.add_phase("act", ["c.d"])
        registry.register_pattern(pattern)
        failures = []

        def run():
            try:
                registry.executor.execute("work.phases")
            except PatternExecutionError as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        self.assertTrue(started.wait(20))
        self.assertEqual(len(registry.get_pattern("work.phases").trigger_rollback()), 1)
        go.set()
        thread.join(20)
        self.assertEqual((len(failures), undone), (1, ["one"]))

    def test_runs_by_itself_and_in_batches(self):
        registry, pattern = self.phases(sequential("a.b", nothing))
        pattern.add_phase("first", ["a.b", "a.b"])
        registry.register_pattern(pattern)
        result = registry.get_pattern("work.phases").execute()
        self.assertEqual(sorted(result.outputs), ["first/a.b#2/nothing", "first/a.b/nothing"])
        results = registry.executor.batch_execute([("work.phases", None), ("a.b", None)])
        self.assertEqual([r.success for r in results], [True, True])
        result = registry.executor.execute_with_fallback("work.phases", "a.b")
        self.assertEqual(result.pattern, "work.phases")

    def test_names_what_is_missing_and_circles(self):
        registry, pattern = self.phases(sequential("a.b", nothing))
        pattern.add_phase("first", ["a.bc"])
        registry.register_pattern(pattern)
        with self.refused(PatternExecutionError, "work.phases", "a.bc", "a.b"):
            registry.executor.execute("work.phases")
        registry, pattern = self.phases()
        pattern.add_phase("first", ["work.phases"])
        registry.register_pattern(pattern)
        with self.refused(InvalidPatternError, "leads back to it"):
            registry.executor.execute("work.phases")


if __name__ == "__main__":
    unittest.main()
