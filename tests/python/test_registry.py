"""PatternRegistry: names, changes, finding, its store file."""

import gc
import json
import math
import tempfile
import unittest
import weakref

from patterns import (
    InvalidPatternError,
    PatternAlreadyExistsError,
    PatternConfig,
    PatternContext,
    PatternError,
    PatternNotFoundError,
    PatternRegistry,
    SequentialDelegationPattern,
)
from support import (
    ASAN,
    NDF,
    Case,
    ndf,
    nothing,
    python,
    resident_bytes,
    sequential,
    wait_until,
)


class AName(Case):
    def test_finds_its_pattern(self):
        pattern = sequential("a.b", nothing)
        registry = self.registry(pattern)
        self.assertIs(registry.get_pattern("a.b"), pattern)
        self.assertIn("a.b", registry)
        self.assertNotIn("a.c", registry)
        self.assertEqual(list(registry), [pattern])
        self.assertEqual(len(registry), 1)

    def test_is_taken_once(self):
        for path in (None, self.folder() / "a.db"):
            first, second = sequential("a.b", "x"), sequential("a.b", "y")
            registry = self.registry(first, path=path)
            with self.refused(PatternAlreadyExistsError, "a.b"):
                registry.register_pattern(second)
            self.assertIs(registry.get_pattern("a.b"), first)
            registry.register_pattern(second, replace=True)
            self.assertIs(registry.get_pattern("a.b"), second)
            with self.refused(PatternAlreadyExistsError, "a.b"):
                registry.register_pattern(second)

    def test_that_is_not_there_names_the_nearest(self):
        registry = self.registry(sequential("security.review", nothing))
        for ask in (registry.get_pattern, registry.unregister, registry.executor.execute,
                    registry.get_pattern_analytics, registry.find_similar_patterns,
                    registry.preload_pattern,
                    lambda name: registry.why_not("text", name)):
            with self.refused(PatternNotFoundError, "security.reviews"):
                ask("security.reviews")
        with self.refused(PatternNotFoundError, "'security.review'"):
            registry.get_pattern("security.reviews")

    def test_that_is_no_str_is_not_found(self):
        registry = self.registry(sequential("a.b", nothing))
        for name in (None, 1, ["a.b"], b"a.b"):
            with self.subTest(name=name):
                with self.refused(PatternNotFoundError, "str"):
                    registry.get_pattern(name)
                with self.refused(PatternNotFoundError, "str"):
                    registry.unregister(name)
                self.assertNotIn(name, registry)

    def test_keeps_the_order_of_registration(self):
        names = ["z.a", "a.z", "m.m"]
        registry = self.registry(*(sequential(n, nothing) for n in names))
        self.assertEqual(registry.get_all_pattern_names(), names)


class Registering(Case):
    def test_takes_patterns_only(self):
        registry = self.registry()
        for thing in (None, 1, "a.b", {"pattern": "a.b"}, object()):
            with self.refused(InvalidPatternError, type(thing).__name__, "from_document"):
                registry.register_pattern(thing)

    def test_of_several_says_how_many(self):
        registry = self.registry()
        patterns = [sequential(f"a.p{i}", nothing) for i in range(100)]
        self.assertEqual(registry.register_patterns(iter(patterns)), 100)
        self.assertEqual(len(registry), 100)

    def test_in_two_registries_is_possible(self):
        pattern = sequential("a.b", nothing, description="some work")
        one, two = self.registry(pattern), self.registry(pattern)
        pattern.record_execution(True)
        for registry in (one, two):
            self.assertEqual(registry.select("some work").choices[0].executions, 1)
        one.unregister(pattern)
        self.assertIn("a.b", two)

    def test_and_taking_out_again_leaves_nothing(self):
        registry = self.registry()
        for _ in range(3):
            pattern = sequential("a.b", nothing)
            registry.register_pattern(pattern)
            registry.unregister_pattern(pattern)
            with self.assertRaises(PatternNotFoundError):
                registry.get_pattern("a.b")
            with self.assertRaises(PatternNotFoundError):
                registry.executor.execute("a.b")
        self.assertEqual(registry.select("a b").choices, [])

    def test_keeps_apart_what_names_of_steps_would_mix(self):
        """The steps that super().execute runs are called NAME.steps."""
        class Both(SequentialDelegationPattern):
            def execute(self, context):
                return 1

        for path in (None, self.folder() / "a.db"):
            mine, both = sequential("a.b.steps", "mine"), Both("a.b", steps=["x"])
            registry = self.registry(mine, path=path)
            with self.refused(PatternAlreadyExistsError, "'a.b.steps'"):
                registry.register_pattern(both)
            self.assertEqual(registry.get_pattern("a.b.steps").steps, ["mine"])
            registry.unregister(mine)
            registry.register_pattern(both)
            with self.refused(PatternAlreadyExistsError, "'a.b.steps'"):
                registry.register_pattern(mine)
            registry.register_pattern(both, replace=True)
            registry.unregister(both)
            registry.register_pattern(mine)

    def test_changes_with_the_pattern(self):
        pattern = sequential("a.b", nothing, description="old words")
        registry = self.registry(pattern)
        self.assertTrue(registry.select("old words").choices[0].fit > 0.5)
        pattern.description = "new sentence"
        pattern.set_confidence_threshold(0.01)
        self.assertEqual(registry.select("new sentence").chosen, "a.b")
        registry.unregister(pattern)
        pattern.description = "third"  # nobody is told
        self.assertEqual(registry.get_all_pattern_names(), [])


class Finding(Case):
    def setUp(self):
        self.patterns = [
            sequential("a.web", "x", domains=["web.*"], description="build a web page"),
            sequential("a.site", "x", only_if={"domain": "web.site"},
                       description="build a web site"),
            sequential("a.data", "x", good_for={"domain": ["data.**"],
                                                "attributes": {"size": {"ge": 3}}},
                       description="load data"),
            sequential("a.any", "x", description="anything"),
        ]

    def names(self, patterns):
        return [p.name for p in patterns]

    def test_by_domain_takes_globs_and_order(self):
        for path in (None, self.folder() / "a.db"):
            registry = self.registry(*self.patterns, path=path)
            table = {"web.site": ["a.web", "a.site"], "web.page": ["a.web"],
                     "data": ["a.data"], "data.big.deep": ["a.data"], "web": [],
                     "other": []}
            for domain, names in table.items():
                for _ in range(2):
                    found = registry.find_patterns_by_domain(domain)
                    self.assertEqual(self.names(found), names)
                    self.assertTrue(all(p in self.patterns for p in found))

    def test_by_domain_gives_lists_of_their_own(self):
        registry = self.registry(*self.patterns)
        registry.find_patterns_by_domain("web.site").clear()
        self.assertEqual(len(registry.find_patterns_by_domain("web.site")), 2)

    def test_by_domain_sees_every_change(self):
        registry = self.registry(*self.patterns)
        self.assertEqual(len(registry.find_patterns_by_domain("web.site")), 2)
        registry.unregister("a.web")
        self.assertEqual(self.names(registry.find_patterns_by_domain("web.site")), ["a.site"])
        registry.register_pattern(sequential("a.new", "x", domains=["web.**"]))
        self.assertEqual(
            self.names(registry.find_patterns_by_domain("web.site")), ["a.site", "a.new"])

    def test_by_domain_refuses_what_is_none(self):
        registry = self.registry(*self.patterns)
        for domain in (None, 1, ["web"], b"web"):
            with self.refused(InvalidPatternError, "domain", type(domain).__name__):
                registry.find_patterns_by_domain(domain)

    def test_by_attribute(self):
        registry = self.registry(*self.patterns)
        self.assertEqual(self.names(registry.find_patterns_by_attribute("size")), ["a.data"])
        self.assertEqual(registry.find_patterns_by_attribute("colour"), [])
        for attribute in (None, 1, ["size"]):
            with self.assertRaises(InvalidPatternError):
                registry.find_patterns_by_attribute(attribute)

    def test_by_likeness_is_ranked(self):
        for cached in (False, True):
            registry = self.registry(*self.patterns)
            registry.configure_lookup_cache(enable_similarity_cache=cached)
            for _ in range(2):
                found = registry.find_similar_patterns("a.web", threshold=0.05)
                self.assertEqual(found[0].pattern.name, "a.site")
                scores = [each.similarity for each in found]
                self.assertEqual(scores, sorted(scores, reverse=True))
                self.assertTrue(all(0.05 <= s <= 1 for s in scores))
            same = registry.find_similar_patterns(self.patterns[0], threshold=0.05)
            self.assertEqual(same, found)
            self.assertEqual(len(registry.find_similar_patterns("a.web", 0, 1)), 1)
            registry.unregister("a.site")
            found = registry.find_similar_patterns("a.web", 0.05)
            self.assertNotIn("a.site", [each.pattern.name for each in found])

    def test_by_likeness_refuses_what_is_none(self):
        registry = self.registry(*self.patterns)
        for arguments in (("a.web", "x"), ("a.web", 2), ("a.web", -1), ("a.web", math.nan),
                          ("a.web", 0.5, -1), ("a.web", 0.5, "x")):
            with self.subTest(arguments), self.assertRaises(InvalidPatternError):
                registry.find_similar_patterns(*arguments)


class Settings(Case):
    def test_are_changed_and_read(self):
        registry = self.registry(config=PatternConfig(threshold=0.7, high=0.9))
        config = registry.configure(cold_threshold=0.4)
        self.assertEqual((config.threshold, config.cold_threshold, config.high),
                         (0.7, 0.4, 0.9))
        self.assertEqual(registry.configure(), config)
        self.assertEqual(registry.configure(medium=0.3).high, 0.9)

    def test_name_a_file_of_word_vectors(self):
        registry = self.registry()
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("money 1 0\ncash 0.9 0.1\nrain 0 1\n")
            file.flush()
            self.assertEqual(registry.configure(vectors=file.name).vectors, file.name)
            file.write("snow 0\n")
            file.flush()
            with self.refused(InvalidPatternError, file.name + ":4"):
                registry.configure(vectors=file.name)
        self.assertIsNone(registry.configure(vectors="").vectors)

    def test_that_are_none_are_refused(self):
        registry = self.registry()
        before = registry.configure()
        for settings in ({"threshold": 2}, {"threshold": "x"}, {"half_life": "soon"},
                         {"min_executions": -1}, {"medium": 0.9, "high": 0.1},
                         {"categories": [{"category": "a", "regex": "("}]},
                         {"kind_names": {"colour": []}}, {"kind_names": {"meta": {1}}}):
            with self.subTest(settings), self.refused(InvalidPatternError):
                registry.configure(**settings)
        self.assertEqual(registry.configure(), before)
        with self.assertRaises(TypeError):
            registry.configure(colour=1)
        with self.refused(InvalidPatternError, "PatternConfig", "dict"):
            registry.configure({"threshold": 0.5})

    def test_move_the_levels(self):
        pattern = sequential("a.b", nothing)
        registry = self.registry(pattern)
        registry.configure(medium=0.01, high=0.02)
        self.assertEqual(pattern.confidence_level.name, "HIGH")
        self.assertEqual(
            registry.get_pattern_analytics("a.b").confidence_level.name, "HIGH")

    def test_as_a_value(self):
        config = PatternConfig(threshold=0.5, medium=0.4)
        self.assertEqual(PatternConfig.from_dict(config.to_dict()), config)
        self.assertEqual(json.loads(config.to_json()),
                         {"threshold": 0.5, "levels": {"medium": 0.4}})
        self.assertEqual(repr(config), "PatternConfig(threshold=0.5, medium=0.4)")
        self.assertNotEqual(config, PatternConfig())
        with self.refused(InvalidPatternError, "colour"):
            PatternConfig.from_dict({"colour": 1})

    def test_called_hints_name_patterns(self):
        registry = self.registry()
        hints = registry.set_pattern_hints({"meta_patterns": ["a.b"]})
        self.assertEqual(hints, {"sequential_patterns": hints["sequential_patterns"],
                                 "parallel_patterns": hints["parallel_patterns"],
                                 "meta_patterns": ["a.b"]})
        with self.refused(InvalidPatternError, "'colours'", "meta_patterns"):
            registry.set_pattern_hints({"colours": []})
        with self.refused(InvalidPatternError):
            registry.set_pattern_hints({"meta_patterns": [1]})

    def test_called_indexes_are_always_on(self):
        registry = self.registry()
        for call in (registry.enable_domain_indexing, registry.enable_attribute_indexing):
            self.assertEqual(call(), {"enabled": True, "changed": False})

    def test_compiling_says_what_it_did(self):
        registry = self.registry(*(sequential(f"a.p{i}", "x") for i in range(7)))
        report = registry.compile_patterns()
        self.assertEqual((report["patterns"], report["handed_over"]), (7, 7))
        self.assertEqual(registry.compile_patterns()["handed_over"], 0)
        self.assertGreater(report["milliseconds"], 0)

    def test_what_was_compiled_is_kept_beside_the_store(self):
        path = self.folder() / "a.db"
        registry = PatternRegistry(path)
        registry.register_pattern(sequential("a.b", "x"))
        registry.compile_patterns()
        kept = path.with_name("a.db.index")
        self.assertGreater(kept.stat().st_size, 0)
        registry.close()
        for damage in (b"", b"no index"):
            kept.write_bytes(damage)
            again = PatternRegistry(path)
            self.assertEqual(again.get_all_pattern_names(), ["a.b"])
            again.close()


class AClosedRegistry(Case):
    def test_says_so(self):
        for path in (None, self.folder() / "a.db"):
            pattern = sequential("a.b", nothing)
            registry = PatternRegistry(path)
            registry.register_pattern(pattern)
            registry.close()
            registry.close()
            for call in (lambda: registry.select("x"), lambda: registry.why("x"),
                         lambda: registry.register_pattern(sequential("c.d", "x")),
                         lambda: registry.executor.execute("a.b"),
                         lambda: registry.find_similar_patterns("a.b"),
                         lambda: registry.configure(threshold=0.5)):
                with self.refused(PatternError, "closed"):
                    call()
            self.assertIn("closed", repr(registry))

    def test_is_left_by_with(self):
        with PatternRegistry() as registry:
            registry.register_pattern(sequential("a.b", nothing))
            self.assertIn("1 patterns", repr(registry))
        self.assertIn("closed", repr(registry))

    def test_goes_when_nobody_holds_it(self):
        registry = PatternRegistry()
        registry.register_pattern(sequential("a.b", nothing))
        registry.executor.execute("a.b")
        reference = weakref.ref(registry)
        del registry
        gc.collect()
        self.assertIsNone(reference())


class AFile(Case):
    def setUp(self):
        self.path = self.folder() / "store.db"

    def test_keeps_patterns(self):
        pattern = sequential("a.b", "x", description="some work", domains=["w.**"])
        with PatternRegistry(self.path) as registry:
            registry.register_pattern(pattern)
            self.assertEqual(registry.path, str(self.path))
        registry = self.registry(path=self.path)
        again = registry.get_pattern("a.b")
        self.assertEqual((again.description, again.steps, again.domains),
                         (pattern.description, pattern.steps, pattern.domains))
        self.assertIs(registry.get_pattern("a.b"), again)
        self.assertEqual(registry.find_patterns_by_domain("w.x"), [again])
        self.assertEqual(registry.select("some work").choices[0].name, "a.b")

    def test_keeps_counts(self):
        with PatternRegistry(self.path) as registry:
            registry.register_pattern(sequential("a.b", "x"))
            for success in (True, True, False):
                registry.get_pattern("a.b").record_execution(success, domain="w.x")
        pattern = self.registry(path=self.path).get_pattern("a.b")
        self.assertEqual(pattern.execution_count, 3)
        self.assertAlmostEqual(pattern.success_rate, 2 / 3)

    def test_is_shared_by_two_objects(self):
        one, two = self.registry(path=self.path), self.registry(path=self.path)
        one.register_pattern(sequential("a.b", "x", description="some work"))
        self.assertIn("a.b", two)
        self.assertEqual(two.select("some work").choices[0].name, "a.b")
        with self.refused(PatternAlreadyExistsError, "a.b"):
            two.register_pattern(sequential("a.b", "y"))
        two.register_pattern(sequential("c.d", "y"))
        self.assertEqual(one.get_all_pattern_names(), ["a.b", "c.d"])
        two.unregister("c.d")
        wait_until(lambda: "c.d" not in [  # it looks now and then
            c.name for c in one.select("c d").choices])
        self.assertNotIn("c.d", one)

    def test_is_shared_with_other_processes(self):
        registry = self.registry(path=self.path)
        python("""
            import sys
            from patterns import *
            with PatternRegistry(sys.argv[1]) as registry:
                registry.register_pattern(SequentialDelegationPattern("a.b", steps=["x"]))
            """, self.path)
        self.assertEqual(registry.get_pattern("a.b").steps, ["x"])

    @unittest.skipUnless(NDF, "NDF does not name the command")
    def test_is_shared_with_the_command(self):
        with PatternRegistry(self.path) as registry:
            registry.register_pattern(
                sequential("a.b", "worker", description="paint the fence"))
        listed = json.loads(ndf("--store", self.path, "ls", "--json"))
        self.assertIn("a.b", json.dumps(listed))
        text = self.folder() / "more.yaml"
        text.write_text("pattern: c.d\ndescription: mow the lawn\nsteps: [worker]\n")
        ndf("--store", self.path, "import", text)
        registry = self.registry(path=self.path)
        self.assertEqual(registry.select("mow the lawn").choices[0].name, "c.d")
        self.assertEqual(registry.get_pattern("c.d").steps, ["worker"])

    def test_takes_files_of_others(self):
        folder = self.folder()
        (folder / "painter.md").write_text(
            "---\nname: painter\ndescription: paints fences\n---\nPaint it.\n")
        registry = self.registry(path=self.path, home=self.folder())
        report = registry.import_path(folder)
        self.assertEqual((report["agents"], report["errors"]), (1, []))
        self.assertEqual(registry.get_pattern("painter").steps, ["painter"])
        self.assertTrue(registry.trust(folder))
        with self.refused(PatternNotFoundError):
            registry.import_path(folder / "missing")

    def test_that_is_none_is_refused(self):
        self.path.write_text("this is no store " * 100)
        with self.assertRaises(PatternError):
            PatternRegistry(self.path)
        with self.assertRaises(PatternError):
            PatternRegistry("/nowhere/at/all.db")
        for path in (1, [], b"\0"):
            with self.assertRaises((InvalidPatternError, TypeError)):
                PatternRegistry(path)


class Unused(Case):
    def test_patterns_are_told_and_taken_out(self):
        registry = self.registry(*(sequential(f"a.p{i}", "x") for i in range(4)))
        registry.get_pattern("a.p0")
        registry.get_pattern("a.p1").record_execution(True)
        unused = ["a.p2", "a.p3"]
        self.assertEqual(registry.cleanup_unused_patterns(dry_run=True), unused)
        self.assertEqual(len(registry), 4)
        self.assertEqual(registry.cleanup_unused_patterns(), unused)
        self.assertEqual(registry.get_all_pattern_names(), ["a.p0", "a.p1"])

    def test_for_some_days_is_unused(self):
        registry = self.registry(sequential("a.b", "x"))
        registry.get_pattern("a.b")
        self.assertEqual(registry.cleanup_unused_patterns(max_age_days=None), [])
        self.assertEqual(registry.cleanup_unused_patterns(max_age_days=0), ["a.b"])

    def test_bounds_are_numbers(self):
        registry = self.registry()
        for given in ({"max_age_days": "x"}, {"min_uses": "x"}, {"max_age_days": -1}):
            with self.subTest(given), self.refused(InvalidPatternError):
                registry.cleanup_unused_patterns(**given)


class Analytics(Case):
    def test_tell_what_was_counted(self):
        pattern = sequential("a.b", "x")
        registry = self.registry(pattern)
        empty = registry.get_pattern_analytics("a.b")
        self.assertTrue(math.isnan(empty.success_rate) and math.isnan(empty.avg_latency_ms))
        self.assertIsNone(empty.last_execution)
        for success in (True, False, None):
            pattern.record_execution(success, domain="w", latency_ms=5)
        found = registry.get_pattern_analytics(pattern)
        self.assertEqual((found.execution_count, found.success_count, found.failure_count),
                         (3, 1, 1))
        self.assertEqual((found.success_rate, found.avg_latency_ms), (0.5, 5.0))
        self.assertLess(found.confidence_lower, found.confidence_score)
        self.assertEqual(found.domains, {"w": {"execution_count": 3, "success_rate": 0.5}})
        self.assertEqual(registry.get_pattern_analytics()["a.b"].to_dict().keys(),
                         found.to_dict().keys())
        self.assertIn("50.0%", repr(found))


class Memory(Case):
    @unittest.skipIf(ASAN, "a sanitizer keeps what is freed")
    def test_stays_flat_over_many_rounds(self):
        registry = self.registry(sequential("a.b", nothing))

        def rounds(count):
            for i in range(count):
                pattern = sequential(f"a.p{i % 50}", nothing, description="paint")
                registry.register_pattern(pattern)
                if i % 10 == 0:
                    registry.select(PatternContext("a.b", attributes={"n": i}))
                registry.executor.bind("worker", nothing)
                registry.unregister(pattern)
                registry.executor.unbind("worker")

        rounds(4000)
        gc.collect()
        before = resident_bytes()
        rounds(20_000)
        gc.collect()
        self.assertLess(resident_bytes() - before, 24 << 20)


if __name__ == "__main__":
    unittest.main()
