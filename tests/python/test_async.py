"""execute_async: in the event loop of the caller."""

import asyncio
import threading
import time
import unittest

from patterns import (
    DelegationPattern,
    InvalidPatternError,
    PatternExecutionError,
    PatternNotFoundError,
    TimeoutError,
)
from support import Case, nothing, sequential


class AsyncCase(Case, unittest.IsolatedAsyncioTestCase):
    pass


class ARun(AsyncCase):
    async def test_gives_its_result(self):
        registry = self.registry(sequential("a.b", ("step", lambda c: c.text)))
        result = await registry.executor.execute_async("a.b", "words")
        self.assertEqual((result.output, result.state), ("words", "succeeded"))

    async def test_runs_coroutines_in_the_loop_of_the_caller(self):
        loop, seen = asyncio.get_running_loop(), []

        async def work(context, call):
            seen.append((asyncio.get_running_loop() is loop,
                         threading.current_thread() is threading.main_thread()))
            await asyncio.sleep(0.01)
            return call.step

        registry = self.registry(sequential("a.b", ("one", work), ("two", work)))
        result = await registry.executor.execute_async("a.b")
        self.assertEqual(result.outputs, {"one": "one", "two": "two"})
        self.assertEqual(seen, [(True, True)] * 2)

    async def test_of_a_subclass_with_an_async_execute(self):
        class Slow(DelegationPattern):
            async def execute(self, context):
                await asyncio.sleep(0)
                return "slow"

        registry = self.registry(Slow("a.b"))
        self.assertEqual((await registry.executor.execute_async("a.b")).output, "slow")

    async def test_leaves_the_loop_free(self):
        registry = self.registry(sequential("a.b", ("step", lambda: time.sleep(0.3))))
        ticks = 0
        task = asyncio.create_task(registry.executor.execute_async("a.b"))
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        self.assertGreater(ticks, 5)

    async def test_that_fails_brings_the_exception(self):
        async def boom():
            raise LookupError("why")

        registry = self.registry(sequential("a.b", ("step", boom)))
        with self.refused(PatternExecutionError, "LookupError", "why") as caught:
            await registry.executor.execute_async("a.b")
        self.assertIsInstance(caught.exception.__cause__, LookupError)
        self.assertEqual(caught.exception.result.state, "failed")

    async def test_tells_its_events(self):
        registry = self.registry(sequential("a.b", nothing))
        kinds = []
        await registry.executor.execute_async("a.b", on_event=lambda e: kinds.append(e.kind))
        self.assertEqual((kinds[0], kinds[-1]), ("run_started", "run_done"))

    async def test_refuses_what_execute_refuses(self):
        executor = self.registry(sequential("a.b", nothing)).executor
        with self.refused(PatternNotFoundError, "a.c"):
            await executor.execute_async("a.c")
        with self.refused(InvalidPatternError, "pattern"):
            await executor.execute_async(7)
        with self.refused(InvalidPatternError, "timeout"):
            await executor.execute_async("a.b", timeout="x")
        with self.refused(InvalidPatternError, "context"):
            await executor.execute_async("a.b", 7)


class TheEnd(AsyncCase):
    def guarded(self, second):
        """A run whose first step is undone when its second does not end well."""
        undone = []
        registry = self.registry(sequential(
            "a.b", {"name": "one", "call": nothing, "undo": {"agent": "back"}},
            ("two", second)))
        registry.executor.bind("back", lambda: undone.append(1))
        return registry, undone

    async def test_by_cancelling_undoes(self):
        started = asyncio.Event()

        async def wait():
            started.set()
            await asyncio.sleep(30)

        registry, undone = self.guarded(wait)
        task = asyncio.create_task(registry.executor.execute_async("a.b"))
        await asyncio.wait_for(started.wait(), 10)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        self.assertEqual(undone, [1])

    async def test_by_time_undoes(self):
        async def wait():
            await asyncio.sleep(30)

        registry, undone = self.guarded(wait)
        with self.refused(TimeoutError, "a.b", "0.2 s"):
            await registry.executor.execute_async("a.b", timeout=0.2)
        self.assertEqual(undone, [1])

    async def test_by_wait_for_is_the_same(self):
        async def wait():
            await asyncio.sleep(30)

        registry, undone = self.guarded(wait)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(registry.executor.execute_async("a.b"), 0.2)
        self.assertEqual(undone, [1])


class Many(AsyncCase):
    async def test_at_once_all_end(self):
        async def work(context):
            await asyncio.sleep(0.001)
            return context.attributes["n"] * 2

        registry = self.registry(sequential("a.b", ("step", work)))
        results = await asyncio.gather(*(
            registry.executor.execute_async("a.b", {"attributes": {"n": n}})
            for n in range(200)))
        self.assertEqual([r.output for r in results], [2 * n for n in range(200)])
        self.assertEqual(registry.get_pattern("a.b").execution_count, 200)
        self.assertIn("0 running", repr(registry.executor))

    async def test_at_once_some_fail_and_some_are_cancelled(self):
        async def work(context):
            n = context.attributes["n"]
            if n % 3 == 1:
                raise ValueError("a third")
            await asyncio.sleep(0.001 if n % 3 == 0 else 5)
            return n

        registry = self.registry(sequential("a.b", ("step", work)))
        tasks = [asyncio.create_task(registry.executor.execute_async(
            "a.b", {"attributes": {"n": n}})) for n in range(30)]
        done, _ = await asyncio.wait(tasks, timeout=2)
        self.assertGreaterEqual(len(done), 20)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for n, each in enumerate(ended):
            kinds = (None, PatternExecutionError, asyncio.CancelledError)
            if n % 3 == 0:
                self.assertEqual(each.output, n)
            else:
                self.assertIsInstance(each, kinds[n % 3])
        self.assertIn("0 running", repr(registry.executor))


if __name__ == "__main__":
    unittest.main()
