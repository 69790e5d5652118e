"""The exceptions: what they are below, and what they bring."""

import builtins
import unittest

import ndf
import patterns
from patterns import (
    ConfidenceThresholdError,
    DelegationPattern,
    InvalidPatternError,
    PatternAlreadyExistsError,
    PatternError,
    PatternExecutionError,
    PatternNotFoundError,
    PatternRegistry,
    ResourceExhaustionError,
    TimeoutError,
)
from support import Case, nothing, sequential

ALL = (PatternNotFoundError, PatternAlreadyExistsError, InvalidPatternError,
       PatternExecutionError, ConfidenceThresholdError, ResourceExhaustionError, TimeoutError)


class TheExceptions(Case):
    def test_are_pattern_errors_and_what_python_has(self):
        for kind in ALL:
            self.assertTrue(issubclass(kind, PatternError))
            self.assertEqual(kind.__module__, "patterns")
        for kind, builtin in ((PatternNotFoundError, LookupError),
                              (InvalidPatternError, ValueError),
                              (TimeoutError, builtins.TimeoutError)):
            self.assertTrue(issubclass(kind, builtin))
        self.assertFalse(issubclass(PatternExecutionError, ValueError))

    def test_are_made_by_anybody(self):
        for kind in (PatternError, *ALL):
            error = kind("words")
            self.assertEqual((str(error), error.code, error.line, error.column),
                             ("words", 0, 0, 0))
        self.assertIsNone(PatternExecutionError("x").result)
        self.assertEqual(list(PatternExecutionError("x").attempts), [])

    def test_have_the_code_of_the_core(self):
        registry = self.registry(sequential("a.b", nothing))
        with self.assertRaises(PatternNotFoundError) as caught:
            registry.executor.execute("a.c")
        self.assertLess(caught.exception.code, 0)
        with self.assertRaises(InvalidPatternError) as caught:
            registry.register_pattern(1)
        self.assertEqual(caught.exception.code, 0)

    def test_are_caught_by_their_base(self):
        registry = self.registry(sequential("a.b", nothing))
        for call in (lambda: registry.get_pattern("a.c"), lambda: registry.select(7),
                     lambda: registry.register_pattern(sequential("a.b", "x")),
                     lambda: registry.executor.execute_best_pattern("bake a cake"),
                     lambda: DelegationPattern("a b"),
                     lambda: registry.executor.execute(sequential("a.d", "nobody"))):
            with self.assertRaises(PatternError):
                call()

    def test_name_the_file_that_cannot_be_a_store(self):
        path = self.folder() / "missing" / "a.db"
        with self.assertRaises(PatternError) as caught:
            PatternRegistry(path)
        self.assertIn(str(path), str(caught.exception))


class TheModule(Case):
    def test_is_one_under_both_names(self):
        self.assertIs(ndf, patterns)
        self.assertIs(ndf.PatternRegistry, PatternRegistry)

    def test_has_a_version(self):
        self.assertRegex(patterns.__version__, r"^\d+\.\d+\.\d+$")

    def test_names_its_classes_as_people_import_them(self):
        for name in patterns.__all__:
            self.assertEqual(getattr(patterns, name).__module__, "patterns")


class TextThatIsNoUnicode(Case):
    def test_is_refused_everywhere(self):
        bad = "half \ud800"
        registry = self.registry(sequential("a.b", nothing, description="words"))
        for call in (lambda: registry.select(bad), lambda: registry.select({"domain": bad}),
                     lambda: registry.select({"attributes": {"a": bad}}),
                     lambda: registry.select({"attributes": {bad: 1}}),
                     lambda: registry.executor.execute("a.b", bad),
                     lambda: registry.find_patterns_by_domain(bad),
                     lambda: sequential("a.c", "x", description=bad),
                     lambda: sequential(bad, "x"),
                     lambda: registry.executor.bind(bad, nothing),
                     lambda: registry.executor.result(bad),
                     lambda: registry.get_pattern(bad), lambda: registry.unregister(bad)):
            with self.assertRaises(PatternError):
                call()

    def test_with_a_nul_is_refused_everywhere(self):
        bad = "a\0b"
        registry = self.registry(sequential("a.b", nothing, description="words"))
        for call in (lambda: registry.select(bad),
                     lambda: registry.select({"attributes": {"a": bad}}),
                     lambda: registry.select({"attributes": {bad: 1}}),
                     lambda: registry.find_patterns_by_domain(bad),
                     lambda: sequential("a.c", "x", description=bad),
                     lambda: registry.executor.bind(bad, nothing),
                     lambda: registry.executor.result(bad),
                     lambda: registry.get_pattern(bad), lambda: registry.unregister(bad),
                     lambda: PatternRegistry(bad)):
            with self.assertRaises(PatternError):
                call()


if __name__ == "__main__":
    unittest.main()
