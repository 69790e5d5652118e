"""What must not make a registry useless: odd values, races, foreign stores."""

import asyncio
import pickle
import threading
import unittest

from patterns import (
    DelegationPattern,
    InvalidPatternError,
    PatternExecutionError,
    PatternExecutor,
    PatternRegistry,
    PatternStorage,
    SequentialDelegationPattern,
)
from patterns._ndf import PatternError
from support import Case, nothing, python, sequential


class Works(SequentialDelegationPattern):
    def execute(self, context=None):
        return "done"


class Values(Case):
    def test_half_a_character(self):
        pattern = sequential("a.b", ("s", nothing), description="alpha")
        registry = self.registry(pattern)
        with self.refused(InvalidPatternError, "lone surrogate"):
            pattern.record_execution(True, text="x\ud800")
        with self.refused(InvalidPatternError, "lone surrogate"):
            registry.select({"attributes": {"a": "\udfff"}})
        self.assertEqual(registry.select("alpha").chosen, "a.b")

    def test_the_steps_of_one_that_works_itself_are_checked(self):
        with self.refused(InvalidPatternError, "bogus"):
            Works("x.y", steps=[{"name": "a", "bogus": 1}])
        registry = self.registry(Works("x.y", "beta", steps=["a"]))
        self.assertEqual(registry.select("beta").chosen, "x.y")

    def test_a_name_that_no_function_can_have(self):
        registry = self.registry()
        with self.assertRaises(PatternError):
            registry.register_pattern(Works("n" * 125, steps=["a"]))
        self.assertEqual(registry.get_all_pattern_names(), [])
        self.assertIsNone(registry.select("anything").chosen)

    def test_a_timeout_without_end(self):
        registry = self.registry(sequential("t", ("s", nothing)))
        for timeout in (float("inf"), 1e300):
            self.assertTrue(registry.executor.execute("t", timeout=timeout))


class Foreign(Case):
    def load(self, host):
        return DelegationPattern.from_document(
            {"pattern": "p", "steps": ["a"], "host": host})

    def test_state_takes_no_method_s_place(self):
        names = ("_set_spec", "_encode", "_executes", "_asks", "execute", "name")
        pattern = self.load({"state": {**dict.fromkeys(names, 1), "mine": 2}})
        self.assertEqual(pattern.mine, 2)
        self.assertFalse(pattern.__dict__.keys() & set(names))

    def test_counts_that_are_none(self):
        counts = {"domains": {}, "latency_ms": 0, "timed": 0, "last_ms": 0}
        for count in (float("inf"), 1e300, -1):
            with self.refused(InvalidPatternError):
                self.load({"stats": {"total": [count, 0, 0], **counts}})

    def test_nested_too_deep(self):
        with self.refused(InvalidPatternError, "deep"):
            DelegationPattern.from_document("[" * 100000)

    def test_a_class_that_is_not_loaded_is_not_taken(self):
        path = str(self.folder() / "s.db")
        python("""
            import sys
            from patterns import PatternRegistry, SequentialDelegationPattern

            class Asks(SequentialDelegationPattern):
                def matches(self, context):
                    return True

            with PatternRegistry(sys.argv[1]) as registry:
                registry.register_pattern(Asks("ask", "bake a cake", steps=["a"]))
                registry.register_pattern(
                    SequentialDelegationPattern("plain", "bake a cake", steps=["a"]))
            """, path)
        registry = self.registry(path=path)
        self.assertEqual(registry.find_best_pattern("bake a cake").name, "plain")
        self.assertIn("ask", registry)
        with PatternStorage(path) as storage:
            registry.get_pattern("plain").record_execution(True)
            self.assertIn('"plain"', storage.export_learning_data())


class Found(Case):
    def test_imported_into_memory(self):
        folder = self.folder()
        (folder / "x.yaml").write_text(
            "pattern: lawn\ndescription: mow the lawn\nsteps: [s]\n", encoding="utf-8")
        registry = self.registry(sequential("mine", ("s", nothing)), home=str(folder))
        registry.import_path(folder)
        self.assertEqual(registry.find_best_pattern("mow the lawn").name, "lawn")
        self.assertEqual(registry.get_all_pattern_names(), ["lawn", "mine"])
        self.assertIn("lawn", registry)
        registry.unregister("lawn")
        self.assertEqual([p.name for p in registry], ["mine"])

    def test_of_one_name_with_an_imported_one(self):
        folder = self.folder()
        (folder / "x.yaml").write_text(
            "pattern: a\ndescription: paint\nsteps: [s]\n", encoding="utf-8")
        mine = sequential("a", ("s", nothing), description="bake a cake")
        registry = self.registry(mine, home=str(folder))
        registry.import_path(folder)
        self.assertIs(registry.find_best_pattern("bake a cake"), mine)

    def test_steps_of_one_that_works_itself_are_no_pattern(self):
        path = str(self.folder() / "s.db")
        registry = self.registry(
            Works("x", "bake", steps=["a"], domains=["food"]),
            sequential("x.steps.steps", "a", domains=["food"]), path=path)
        for each in (registry, self.registry(path=path)):
            names = ["x", "x.steps.steps"]
            self.assertEqual(each.get_all_pattern_names(), names)
            self.assertEqual([p.name for p in each.find_patterns_by_domain("food")], names)


    def test_why_not_asks_matches(self):
        asked = []

        class Asks(SequentialDelegationPattern):
            def matches(self, context):
                asked.append(self.name)
                return self.name == "yes"

        registry = self.registry(
            *(Asks(name, "bake a cake", steps=["s"]) for name in ("yes", "no")),
            sequential("plain", "s", description="bake a cake now"))
        told = registry.why_not("bake a cake now", "yes")
        self.assertEqual((told["eligible"], told["best"]["name"]), (True, "plain"))
        self.assertEqual(sorted(asked), ["no", "yes"])
        told = registry.why_not("bake a cake now", "no")
        self.assertEqual(told["failed"]["why"], "not allowed")


class Together(Case):
    def test_an_outcome_that_comes_behind_its_pattern_s_end(self):
        stays, goes = (sequential(n, ("s", nothing), description=n) for n in ("stays", "goes"))
        registry = self.registry(stays, goes)
        homes = goes._homes
        registry.unregister(goes)
        goes._homes = homes  # as a thread has them that was about to tell it
        goes.record_execution(True)
        stays.record_execution(True)
        self.assertEqual(registry.select("stays").choices[0].executions, 1)

    def test_listeners_of_a_cleanup_are_told_without_a_lock(self):
        registry = self.registry(sequential("old", ("s", nothing)))
        joined = []

        def listen(event, name):
            other = threading.Thread(
                target=registry.register_pattern, args=(sequential("new", ("s", nothing)),))
            other.start()
            other.join(10)
            joined.append(not other.is_alive())

        registry.add_listener(listen, ["unregistered"])
        self.assertEqual(registry.cleanup_unused_patterns(min_uses=1), ["old"])
        self.assertEqual(joined, [True])

    def test_runs_of_every_executor_are_under_way(self):
        begun, go_on = threading.Event(), threading.Event()

        def slow():
            begun.set()
            go_on.wait(10)

        registry = self.registry(sequential("slow", ("s", slow)))
        executor = PatternExecutor(registry)
        caught = []

        def run():
            try:
                executor.execute("slow")
            except PatternError as error:
                caught.append(error.result.state)

        thread = threading.Thread(target=run)
        thread.start()
        begun.wait(10)
        self.assertEqual(len(registry.executor._cancel_pattern("slow")), 1)
        go_on.set()
        thread.join(10)
        self.assertEqual(caught, ["cancelled"])

    def test_cancelling_a_task_that_is_just_starting(self):
        done = []
        registry = self.registry(sequential(
            "two", ("a", lambda: threading.Event().wait(0.1)), ("b", lambda: done.append(1))))

        async def main():
            task = asyncio.create_task(registry.executor.execute_async("two"))
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        self.assertEqual(done, [])
        self.assertFalse(registry._active)
        self.assertFalse(registry._calls.watches)

    def test_counts_of_an_earlier_process_are_there_again(self):
        path = str(self.folder() / "s.db")
        with PatternRegistry(path) as registry:
            pattern = sequential("a", ("s", nothing))
            registry.register_pattern(pattern)
            for _ in range(3):
                pattern.record_execution(True, domain="food")
            registry.executor.execute("a")
            self.assertEqual(pattern.execution_count, 4)
        registry = self.registry(path=path)
        pattern = sequential("a", ("s", nothing))
        registry.register_pattern(pattern, replace=True)
        registry.executor.execute("a")
        self.assertEqual(pattern.execution_count, 5)
        analytics = registry.get_pattern_analytics("a")
        self.assertEqual((analytics.execution_count, analytics.success_count), (5, 3))
        self.assertEqual(analytics.domains["food"]["execution_count"], 3)

    def test_functions_that_wait_for_runs_leave_a_thread(self):
        class Outer(SequentialDelegationPattern):
            def execute(self, context=None):
                together.wait(20)
                return super().execute(context).output

        together = threading.Barrier(64)
        registry = self.registry(Outer("outer", steps=[("s", lambda: 7)]))
        results = registry.executor.batch_execute(
            [("outer", None)] * 64, return_exceptions=True)
        failed = [each for each in results if isinstance(each, PatternError)]
        self.assertEqual({each.output for each in results if each not in failed}, {7})
        self.assertLess(len(failed), 64)
        for error in failed:
            self.assertIn("wait for runs that they started", str(error))

    def test_closing_in_a_function_changes_nothing(self):
        async def later():
            await asyncio.sleep(0)
            return 1

        def close():
            with self.assertRaises(PatternError):
                registry.close()

        registry = self.registry(sequential("c", ("a", close), ("b", later)))
        result = asyncio.run(registry.executor.execute_async("c"))
        self.assertEqual(result.output, 1)
        self.assertFalse(registry._calls._closing)

    def test_one_that_another_process_took_out(self):
        path = str(self.folder() / "s.db")
        pattern = sequential("p", ("s", nothing))
        registry = self.registry(pattern, path=path)
        self.registry(path=path).unregister("p")
        registry.unregister(pattern)
        self.assertNotIn("p", registry)
        self.assertIsNone(pattern._home())

    def test_what_ended_can_be_taken_out_of_memory(self):
        registry = self.registry(sequential("t", ("s", nothing)))
        run = registry.executor.execute("t").run_id
        self.assertEqual(registry.cleanup_old_data(1)["runs"], 0)
        while registry.cleanup_old_data(0)["runs"] == 0:
            pass
        with self.assertRaises(PatternError):
            registry.executor.result(run)

    def test_results_and_their_errors_pickle(self):
        def boom():
            raise ValueError("boom")

        registry = self.registry(sequential("t", ("s", boom)))
        with self.assertRaises(PatternError) as caught:
            registry.executor.execute("t")
        error = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual(error.result.error, caught.exception.result.error)
        with self.refused(PatternExecutionError, "copy"):
            error.result.rate(True)

    def test_what_a_stored_pattern_did_is_counted(self):
        path = str(self.folder() / "s.db")
        with PatternStorage(path) as storage:
            storage.save_pattern(sequential("kept", "work"))
        registry = self.registry(path=path)
        registry.executor.bind("work", nothing)
        pattern = registry.get_pattern("kept")
        registry.executor.execute("kept")
        self.assertEqual(pattern.execution_count, 1)


if __name__ == "__main__":
    unittest.main()
