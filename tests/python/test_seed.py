"""Scripts of others, written against this interface, run unmodified.

NDF_SEED_DIR names the folder that has them; without it each test is skipped.
"""

import contextlib
import importlib.util
import io
import os
import pathlib
import re
import subprocess
import sys
import unittest

from patterns import (
    PatternContext,
    PatternNotFoundError,
    PatternRegistry,
    PatternStorage,
    PerformanceMonitor,
)
from support import ASAN, Case, nothing, sequential

SEED = os.environ.get("NDF_SEED_DIR")


@unittest.skipUnless(SEED, "NDF_SEED_DIR does not name the folder of the scripts")
class Scripts(Case):
    def run_twice(self, name):
        """What each of two runs prints."""
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, str(pathlib.Path(SEED, name))], cwd=self.folder(),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                encoding="utf-8", env=dict(os.environ, PYTHONIOENCODING="utf-8"),
                check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("Traceback", done.stdout + done.stderr)
            yield done.stdout

    def test_profile_selection(self):
        for said in self.run_twice("pattern_selection_profiler.py"):
            status = re.search(r"Performance Status: (.*)", said).group(1)
            self.assertRegex(status, "EXCEPTIONAL|EXCELLENT|MEETS TARGET")
            self.assertIn("Iterations: 5,000", said)

    @unittest.skipUnless(importlib.util.find_spec("psutil"), "python3-psutil is not there")
    @unittest.skipIf(ASAN, "a sanitizer keeps what is freed")
    def test_analyze_memory(self):
        for said in self.run_twice("memory_performance_analyzer.py"):
            self.assertIn("MEETS TARGET", said)
            self.assertIn("NO SIGNIFICANT LEAKS", said)

    def test_analyze_context_preservation(self):
        """By its own arithmetic over contexts that it changes itself."""
        for said in self.run_twice("context_preservation_analyzer.py"):
            self.assertIn("Overall Preservation Rate: 80.0%", said)
            self.assertIn("Critical Failures: 2", said)


@unittest.skipUnless(SEED, "NDF_SEED_DIR does not name the folder of the scripts")
class Blocks(Case):
    def load(self, number):
        """The module of a block, and what it printed meanwhile."""
        spec = importlib.util.spec_from_file_location(
            f"block_{number}", pathlib.Path(SEED, f"block_{number}.py"))
        module = importlib.util.module_from_spec(spec)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            spec.loader.exec_module(module)
        return module, said.getvalue()

    def test_0_prints_what_is_measured(self):
        with self.registry(sequential("a.b", nothing, description="words")) as registry:
            registry.select("words")
            registry.get_pattern("a.b").record_execution(True)
            module, said = self.load(0)
            self.assertIsInstance(module.monitor, PerformanceMonitor)
            self.assertTrue(module.metrics.measured("avg_selection_time"))
        speed = re.search(r"Pattern Selection Speed: (.*)ms", said).group(1)
        self.assertLess(float(speed), 100)
        self.assertEqual(len(said.splitlines()), 4)
        self.assertIn("Success Rate: ", said)

    def test_2_optimizes_a_registry(self):
        module, _ = self.load(2)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            registry = module.optimize_pattern_registry()
        self.assertIn("optimized", said.getvalue())
        self.assertIsInstance(registry, PatternRegistry)
        self.assertEqual(registry.cache_stats["size"], 2000)
        registry.register_pattern(sequential("a.b", "x", domains=["web.**"]))
        self.assertEqual(len(registry.find_patterns_by_domain("web.page")), 1)

    def test_3_matches_domains_and_hints(self):
        module, _ = self.load(3)
        techniques = module.OptimizedPatternMatching
        match = techniques.optimize_domain_matching(self.registry())
        table = {"web_development": "web_dev", "frontend": "web_dev", "analytics": "data",
                 "data_processing": "data", "DevOps": "devops", "security": "security",
                 "cooking": "general"}
        self.assertEqual({domain: match(domain) for domain in table}, table)
        hint, ours = techniques.implement_pattern_hints(), self.registry()
        for attributes in ({"concurrent": True}, {"complexity": 6}, {"complexity": 5}, {}):
            context = PatternContext("w", attributes=attributes)
            self.assertEqual(hint(context), ours.get_pattern_hint(context))

    def test_4_caches_and_compresses(self):
        module, _ = self.load(4)
        techniques = module.MemoryOptimizedStorage()
        look_up = techniques.implement_lru_cache()
        for _ in range(2):
            self.assertIsNone(look_up("a.b"))
        self.assertEqual(look_up.cache_info().hits, 1)
        compress, decompress = techniques.implement_pattern_compression()
        pattern = sequential("a.b", *(f"step_{i}" for i in range(50)))
        pattern.record_execution(True)
        packed = compress(pattern)
        self.assertIsInstance(packed, bytes)
        twin = decompress(packed)
        self.assertEqual((twin.document, twin.execution_count), (pattern.document, 1))

    def test_6_stores_compressed_patterns(self):
        module, _ = self.load(6)
        storage = module.MemoryOptimizer.implement_pattern_compression()
        self.assertIsInstance(storage, PatternStorage)
        pattern = sequential("a.b", "x", "y", description="words " * 100)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            storage.save_pattern(pattern)
        self.assertRegex(said.getvalue(), r"a\.b compressed: \d+ -> \d+ bytes")
        self.assertEqual(storage.load_pattern("a.b").document, pattern.document)
        with self.assertRaises(PatternNotFoundError):
            storage.load_pattern("a.c")

    def test_6_has_a_lazy_pattern_and_a_pool(self):
        module, _ = self.load(6)
        lazy = module.MemoryOptimizer.implement_lazy_loading()("a.b")
        self.assertEqual(lazy.pattern_id, "a.b")
        self.assertFalse(lazy._loaded)
        for name in ("name", "steps"):  # its loaders are left to the reader
            with self.assertRaises(KeyError):
                getattr(lazy, name)
        pool = module.MemoryOptimizer.implement_memory_pool()
        self.assertEqual((pool.pool_size, len(pool.available_patterns)), (100, 100))
        taken = pool.get_pattern()
        self.assertEqual(len(pool.available_patterns), 99)
        pool.return_pattern(taken)
        self.assertEqual(len(pool.available_patterns), 100)


if __name__ == "__main__":
    unittest.main()
