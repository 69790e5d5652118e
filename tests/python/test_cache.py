"""The lookup cache of a registry with a store, and the pool of objects."""

import math
import threading
import time
import unittest

from patterns import InvalidPatternError, PatternNotFoundError, PatternPool, PatternRegistry
from support import Case, nothing, sequential


class ALookup(Case):
    def setUp(self):
        path = self.folder() / "a.db"
        with PatternRegistry(path) as registry:
            registry.register_patterns(sequential(f"a.p{i}", "x") for i in range(20))
            for i in range(3):
                for _ in range(3 - i):
                    registry.get_pattern(f"a.p{i}").record_execution(True)
        self.stored = self.registry(path=path)

    def test_is_counted(self):
        self.assertTrue(math.isnan(self.stored.cache_stats["hit_rate"]))
        for _ in range(4):
            self.stored.get_pattern("a.p1")
        stats = self.stored.cache_stats
        self.assertEqual((stats["hits"], stats["misses"], stats["entries"]), (3, 1, 1))
        self.assertEqual(stats["hit_rate"], 0.75)

    def test_gives_the_same_object(self):
        self.assertIs(self.stored.get_pattern("a.p1"), self.stored.get_pattern("a.p1"))

    def test_is_bounded_by_number(self):
        report = self.stored.configure_lookup_cache(cache_size=3)
        self.assertEqual(report, {
            "cache_size": 3, "cache_ttl_seconds": 3600.0, "preloaded": [],
            "similarity_cache": False, "dropped": 0})
        for i in range(10):
            self.stored.get_pattern(f"a.p{i}")
        stats = self.stored.cache_stats
        self.assertEqual((stats["entries"], stats["evictions"]), (3, 7))
        self.assertEqual(self.stored.configure_lookup_cache(cache_size=1)["dropped"], 2)
        self.stored.configure_lookup_cache(cache_size=0)
        self.stored.get_pattern("a.p1")
        self.assertEqual(self.stored.cache_stats["entries"], 0)

    def test_ages(self):
        self.stored.configure_lookup_cache(cache_ttl_seconds=0.05)
        old = self.stored.get_pattern("a.p1")
        time.sleep(0.1)
        self.assertIsNot(self.stored.get_pattern("a.p1"), old)

    def test_is_warmed_by_what_is_used_most(self):
        report = self.stored.configure_lookup_cache(preload_frequent=True)
        self.assertEqual(report["preloaded"], ["a.p0", "a.p1", "a.p2"])
        self.assertFalse(self.stored.preload_pattern("a.p0"))
        self.assertTrue(self.stored.preload_pattern("a.p9"))
        with self.refused(PatternNotFoundError, "a.missing"):
            self.stored.preload_pattern("a.missing")

    def test_in_memory_needs_no_warming(self):
        registry = self.registry(sequential("a.b", "x"))
        report = registry.configure_lookup_cache(preload_frequent=True)
        self.assertEqual(report["preloaded"], [])
        self.assertFalse(registry.preload_pattern("a.b"))

    def test_bounds_are_numbers(self):
        for given in ({"cache_size": -1}, {"cache_size": "x"}, {"cache_size": None},
                      {"cache_ttl_seconds": -1}, {"cache_ttl_seconds": math.nan},
                      {"cache_size": True}, {"cache_size": math.inf}):
            with self.subTest(**given), self.refused(InvalidPatternError, *given):
                self.stored.configure_lookup_cache(**given)


class TheCore(Case):
    def setUp(self):
        self.kept = self.registry(sequential("a.leak", "x", description="fixes the leak"),
                                  sequential("a.page", "x", description="paints a page"))

    def test_keeps_nothing_unless_told(self):
        self.kept.select("fix the leak")
        stats = self.kept.lookup_stats
        self.assertEqual((stats["size"], stats["entries"], stats["note"]), (0, 0, "off"))
        self.assertTrue(math.isnan(stats["hit_rate"]))

    def test_keeps_tasks_with_a_text(self):
        self.kept.configure_lookup_cache(cache_size=10)
        first = self.kept.why("fix the leak")
        self.assertEqual(self.kept.why("fix the leak"), first)
        self.kept.select({"domain": "web.page"})
        stats = self.kept.lookup_stats
        self.assertEqual((stats["size"], stats["entries"], stats["hits"], stats["misses"]),
                         (10, 1, 1, 1))
        self.assertEqual(stats["hit_rate"], 0.5)
        self.kept.register_pattern(sequential("a.leaks", "x", description="finds the leak"))
        self.assertEqual(len(self.kept.why("fix the leak")["ranked"]), 2)
        self.assertEqual(self.kept.lookup_stats["misses"], 2)

    def test_keeps_likenesses_if_wished(self):
        for wished in (False, True):
            self.kept.configure_lookup_cache(enable_similarity_cache=wished)
            before = self.kept.lookup_stats["hits"]
            for _ in range(3):
                self.kept.find_similar_patterns("a.leak", 0)
            self.assertEqual(self.kept.lookup_stats["hits"] - before, 2 if wished else 0)

    def test_looks_up_what_is_frequent(self):
        for _ in range(2):
            self.kept.get_pattern("a.leak").record_execution(True, text="fix the leak")
        self.kept.configure_lookup_cache(preload_frequent=True)
        self.assertEqual(self.kept.lookup_stats["entries"], 1)

    def test_is_off_without_time_or_size(self):
        for given in ({"cache_size": 0}, {"cache_ttl_seconds": 0}):
            self.kept.configure_lookup_cache(**given)
            self.assertEqual(self.kept.lookup_stats["size"], 0)
        self.kept.configure_lookup_cache(cache_size=2**31, cache_ttl_seconds=1e300)
        self.assertEqual(self.kept.lookup_stats["size"], 1000000)


class APool(Case):
    def pool(self, **options):
        self.made = 0

        def make():
            self.made += 1
            return sequential(f"a.p{self.made}", nothing)

        return PatternPool(make, **options)

    def test_lends_what_it_made(self):
        pool = self.pool(pool_size=2)
        one, two, three = (pool.get_pattern() for _ in range(3))
        self.assertEqual((self.made, pool.made, pool.lent, len(pool)), (3, 3, 3, 0))
        for each in (one, two, three):
            pool.return_pattern(each)
        self.assertEqual((len(pool), pool.lent), (2, 0))
        self.assertIn(pool.get_pattern(), (one, two))
        self.assertEqual(repr(pool), "<PatternPool 1 free, 1 lent, 3 made>")

    def test_resets_what_comes_back(self):
        pool = self.pool(pool_size=1)
        pattern = pool.get_pattern()
        pattern.record_execution(True)
        pool.return_pattern(pattern)
        self.assertEqual(pool.get_pattern().execution_count, 0)
        reset = []
        pool = self.pool(pool_size=1, reset=reset.append)
        pattern = pool.get_pattern()
        pool.return_pattern(pattern)
        self.assertEqual(reset, [pattern])

    def test_lends_anything(self):
        pool = PatternPool(dict, 1)
        pool.return_pattern(pool.get_pattern())
        self.assertEqual(len(pool), 1)

    def test_that_is_none_is_refused(self):
        for arguments in ((None,), (dict, -1), (dict, "x"), (dict, 1, 7)):
            with self.subTest(arguments), self.refused(InvalidPatternError):
                PatternPool(*arguments)

    def test_is_used_by_many_threads(self):
        pool = self.pool(pool_size=4)

        def borrow():
            for _ in range(500):
                pool.return_pattern(pool.get_pattern())

        threads = [threading.Thread(target=borrow) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((pool.lent, len(pool)), (0, 4))


if __name__ == "__main__":
    unittest.main()
