"""What registries, storages and the machine do, in numbers."""

import gc
import math
import time
import unittest

from patterns import (
    InvalidPatternError,
    PatternExecutionError,
    PatternStorage,
    PerformanceMetrics,
    PerformanceMonitor,
    ResourceExhaustionError,
    ResourceMonitor,
)
from support import Case, nothing, sequential


class Metrics(Case):
    def test_are_unknown_until_something_was_measured(self):
        monitor = PerformanceMonitor(self.registry())
        metrics = monitor.get_current_metrics()
        self.assertIsInstance(metrics, PerformanceMetrics)
        for name in ("avg_selection_time", "p95_selection_time", "avg_memory_access",
                     "context_preservation", "success_rate"):
            self.assertTrue(math.isnan(getattr(metrics, name)), name)
            self.assertFalse(metrics.measured(name))
            self.assertFalse(monitor.measured(name))
        for name in ("selections", "loads", "runs", "executions"):
            self.assertEqual(getattr(metrics, name), 0)

    def test_are_measured(self):
        def change(context):
            context.priority = 4

        registry = self.registry(sequential("a.b", ("step", change), description="words"))
        for _ in range(10):
            registry.select("words")
        registry.executor.execute("a.b", {"priority": 1})
        registry.get_pattern("a.b").record_execution(False)
        metrics = PerformanceMonitor(registry).get_current_metrics()
        self.assertEqual((metrics.selections, metrics.runs), (10, 1))
        self.assertTrue(0 < metrics.avg_selection_time < 1000)
        self.assertTrue(metrics.p95_selection_time > 0)
        self.assertAlmostEqual(metrics.context_preservation, 0.95)
        self.assertTrue(0 <= metrics.success_rate < 1)
        self.assertTrue(metrics.measured("success_rate"))
        self.assertEqual(list(metrics.to_dict()), list(PerformanceMetrics.__slots__))
        self.assertIn("selections=10", repr(metrics))

    def test_of_loading_are_of_storages(self):
        with PatternStorage() as storage:
            storage.save_pattern(sequential("a.b", "x"))
            for _ in range(5):
                storage.load_pattern("a.b")
            metrics = PerformanceMonitor(storage).get_current_metrics()
        self.assertEqual(metrics.loads, 5)
        self.assertTrue(0 < metrics.avg_memory_access < 1000)

    def test_of_all_are_of_what_is_open(self):
        gc.collect()
        before = PerformanceMonitor().get_current_metrics()
        one, two = self.registry(sequential("a.b", "x")), self.registry()
        one.select("x")
        two.select("x")
        both = PerformanceMonitor().get_current_metrics()
        self.assertEqual(both.selections, before.selections + 2)
        two.close()
        left = PerformanceMonitor().get_current_metrics()
        self.assertEqual(left.selections, before.selections + 1)

    def test_that_are_none_are_refused(self):
        monitor = PerformanceMonitor(self.registry())
        for name in ("colour", None, 1):
            with self.refused(InvalidPatternError, repr(name), "avg_selection_time"):
                monitor.measured(name)
        for thing in (1, "registry", object()):
            with self.refused(InvalidPatternError, "PatternRegistry", type(thing).__name__):
                PerformanceMonitor(thing)


class TheMachine(Case):
    def test_is_seen(self):
        monitor = ResourceMonitor()
        first = monitor.get_current_usage()
        self.assertTrue(math.isnan(first.cpu_percent))
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass
        usage = monitor.get_current_usage()
        self.assertTrue(0 <= usage.cpu_percent <= 100)
        self.assertGreater(usage.process_cpu_percent, 5)
        self.assertTrue(0 < usage.memory_available < usage.memory_total)
        self.assertTrue(0 < usage.memory_percent < 100)
        self.assertGreater(usage.process_memory, 1 << 20)
        self.assertGreaterEqual(usage.cpu_count, 1)
        self.assertIn("memory", repr(usage))
        self.assertEqual(set(usage.to_dict()), set(type(usage).__slots__))

    def test_has_enough_or_not(self):
        monitor = ResourceMonitor()
        self.assertGreater(monitor.require(1, threshold=1).memory_total, 0)
        with self.refused(ResourceExhaustionError, "MB", "threshold"):
            monitor.require(1 << 50)
        for given in ({"memory": -1}, {"memory": "x"}, {"threshold": 2}, {"threshold": "x"}):
            with self.subTest(**given), self.refused(InvalidPatternError, *given):
                monitor.require(**given)


class Runs(Case):
    def test_that_fail_are_counted(self):
        def boom():
            raise ValueError("no")

        registry = self.registry(sequential("a.b", ("step", boom)), sequential("a.c", nothing))
        for name in ("a.b", "a.b", "a.c"):
            try:
                registry.executor.execute(name)
            except PatternExecutionError:
                pass
        metrics = PerformanceMonitor(registry).get_current_metrics()
        self.assertEqual(metrics.runs, 3)
        self.assertAlmostEqual(metrics.executions, 3, places=3)


if __name__ == "__main__":
    unittest.main()
