"""DelegationPattern: its document, its law, its counts, its subclasses."""

import gc
import json
import math
import unittest
import weakref

from patterns import (
    ConfidenceLevel,
    DelegationPattern,
    InvalidPatternError,
    ParallelCoordinationPattern,
    PatternContext,
    PatternError,
    PatternExecutionError,
    ResourceExhaustionError,
    SequentialDelegationPattern,
)
from support import Case, circle, nothing, sequential

BAD = {  # arguments -> words that help
    "a name that is no str": ({"name": 1}, ("name", "str", "int")),
    "an empty name": ({"name": ""}, ()),
    "a name with a space": ({"name": "a b"}, ("a b",)),
    "a name with a slash": ({"name": "a/b"}, ("a/b",)),
    "a description that is no str": ({"description": 1}, ("description",)),
    "domains that are one str": ({"domains": "a.**"}, ("domains", "list")),
    "domains that are numbers": ({"domains": [1]}, ("domains", "list of str")),
    "a domain that is no glob": ({"domains": ["a.**.b"]}, ("a.**.b",)),
    "agent_types that are a set": ({"agent_types": {"a"}}, ("agent_types", "list")),
    "a law that is a str": ({"only_if": "x"}, ("only_if",)),
    "a law with an unknown key": ({"only_if": {"colour": "red"}}, ("colour",)),
    "a law with an unknown predicate": (
        {"only_if": {"attributes": {"a": {"near": 1}}}}, ("near",)),
    "a law with a set": ({"only_if": {"attributes": {"a": {1}}}}, ("set", "only_if")),
    "a taste with a broken regex": (
        {"good_for": {"text": ["("]}}, ("regular expression", "parenthesis")),
    "examples that are one str": ({"examples": 1}, ("examples",)),
    "a threshold over 1": ({"confidence_threshold": 1.5}, ("threshold",)),
    "a threshold that is a str": ({"confidence_threshold": "x"}, ("threshold",)),
    "a policy that is none": ({"context_policy": "keep"}, ("keep",)),
    "an unknown key": ({"extra": {"colour": 1}}, ("colour",)),
    "a key that is a set": ({"extra": {"steps": {1}}}, ("set",)),
    "a circle": ({"extra": {"steps": circle()}}, ("circle",)),
    "a key that is no str": ({"extra": {1: 1}}, ("key 1",)),
}


class WhatIsWrong(Case):
    def test_is_refused_with_a_sentence_that_names_it(self):
        for what, (arguments, words) in BAD.items():
            given = {"name": "a.b", "extra": {"steps": ["s"]}, **arguments}
            if "extra" in arguments:
                given["extra"] = {"steps": ["s"], **arguments["extra"]}
            with self.subTest(what), self.refused(InvalidPatternError, *words):
                DelegationPattern(**given)

    def test_is_refused_when_it_is_over_a_limit(self):
        table = ({"name": "a" * 257}, {"description": "x" * (2 << 20)},
                 {"extra": {"steps": [f"s{i}" for i in range(10_001)]}})
        for arguments in table:
            given = {"name": "a.b", "extra": {"steps": ["s"]}, **arguments}
            with self.assertRaises((ResourceExhaustionError, InvalidPatternError)):
                DelegationPattern(**given)

    def test_leaves_a_pattern_as_it_was(self):
        pattern = sequential("a.b", nothing, description="old")
        with self.assertRaises(InvalidPatternError):
            pattern.description = 7
        with self.assertRaises(InvalidPatternError):
            pattern.set_confidence_threshold(2)
        self.assertEqual(pattern.description, "old")
        self.assertIsNone(pattern.confidence_threshold)


class ADocument(Case):
    DOCUMENT = {"pattern": "a.b", "description": "does it", "steps": ["one", "two"],
                "only_if": {"domain": "x.**"}}

    def test_gives_the_kind_of_pattern_that_it_says(self):
        for part, kind in (("steps", SequentialDelegationPattern),
                           ("tasks", ParallelCoordinationPattern)):
            pattern = DelegationPattern.from_document({"pattern": "a", part: ["x"]})
            self.assertIs(type(pattern), kind)

    def test_comes_back_as_it_was_given(self):
        for document in (self.DOCUMENT, json.dumps(self.DOCUMENT)):
            pattern = DelegationPattern.from_document(document)
            self.assertEqual(pattern.document, self.DOCUMENT)
            self.assertEqual(pattern.steps, ["one", "two"])

    def test_is_a_copy(self):
        pattern = DelegationPattern.from_document(self.DOCUMENT)
        pattern.document["steps"].append("three")
        self.assertEqual(pattern.steps, ["one", "two"])
        self.DOCUMENT["only_if"]["domain"] = "y.**"
        self.addCleanup(self.DOCUMENT["only_if"].update, domain="x.**")
        self.assertEqual(pattern.document["only_if"], {"domain": "x.**"})

    def test_that_is_none_is_refused(self):
        for document, word in (("{", "JSON"), ("[1]", "object"), ({}, "'pattern'"),
                               (None, "object"), (1, "object"), ({"pattern": "a b"}, "a b"),
                               ({"pattern": "a", "steps": "x"}, "steps")):
            with self.subTest(document=document):
                with self.refused(InvalidPatternError, word):
                    DelegationPattern.from_document(document)

    def test_of_a_class_that_is_not_loaded_imports_nothing(self):
        document = dict(self.DOCUMENT, host={"class": "os:system"})
        with self.refused(InvalidPatternError, "os:system", "import os"):
            DelegationPattern.from_document(document)

    def test_with_broken_host_data_is_refused(self):
        for host in ({"stats": 1}, {"stats": {}}, {"state": 1}, {"parts": []},
                     {"stats": {"total": [1, 2, 3], "domains": {}, "latency_ms": 0,
                                "timed": 0, "last_ms": 0}}, 1, "x", []):
            with self.subTest(host=host), self.assertRaises(InvalidPatternError):
                DelegationPattern.from_document(dict(self.DOCUMENT, host=host))

    def test_without_anything_to_do_is_made_and_not_registered(self):
        pattern = DelegationPattern("a.b", "idle")
        with self.refused(InvalidPatternError, "'a.b'", "nothing to do", "execute"):
            self.registry().register_pattern(pattern)


class ALaw(Case):
    def test_decides_whether_a_pattern_matches(self):
        pattern = sequential("a.b", nothing, only_if={
            "domain": "x.**", "attributes": {"n": {"ge": 3}}})
        table = ((PatternContext("x.y", attributes={"n": 3}), True),
                 (PatternContext("x.y", attributes={"n": 2}), False),
                 (PatternContext("x.y"), False), (PatternContext(), False))
        for context, holds in table:
            self.assertIs(pattern.matches(context), holds)
        self.assertTrue(sequential("a.c", nothing).matches(PatternContext()))

    def test_is_seen_by_super_matches(self):
        asked = []

        class Picky(SequentialDelegationPattern):
            def matches(self, context):
                asked.append(super().matches(context))
                return asked[-1] and context.attributes.get("ok", False)

        pattern = Picky("a.picky", "does picky work", [nothing],
                        only_if={"domain": "x"})
        registry = self.registry(pattern)
        for context, chosen in ((PatternContext("x", attributes={"ok": True}), True),
                                (PatternContext("x"), False),
                                (PatternContext("y", attributes={"ok": True}), False)):
            names = [c.name for c in registry.select(context).choices]
            self.assertEqual(names, ["a.picky"] if chosen else [])
        self.assertEqual(asked, [True, True])  # the third was ruled out by law
        self.assertTrue(pattern.matches(PatternContext("x", attributes={"ok": True})))
        self.assertFalse(pattern.matches(PatternContext("y", attributes={"ok": True})))


class ASubclass(Case):
    def test_may_raise_in_matches(self):
        class Broken(SequentialDelegationPattern):
            def matches(self, context):
                raise ZeroDivisionError("no")

        registry = self.registry(Broken("a.b", "broken", [nothing]))
        for ask in (registry.select, registry.why, registry.find_best_pattern,
                    registry.executor.execute_best_pattern):
            try:
                ask("broken")
            except ZeroDivisionError as error:
                self.assertIn("matches", traceback_names(error))
            else:
                self.fail("it was not raised")

    def test_does_the_work_itself(self):
        class Adder(DelegationPattern):
            def execute(self, context):
                context.attributes["done"] = True
                return context.attributes["a"] + context.attributes["b"]

        registry = self.registry(Adder("math.add", "add numbers"))
        result = registry.executor.execute("math.add", {"attributes": {"a": 1, "b": 2}})
        self.assertEqual(result.output, 3)
        self.assertEqual(result.outputs, {"execute": 3})
        self.assertEqual([v["severity"] for v in result.violations], ["moderate"])

    def test_execute_may_take_no_context(self):
        class Plain(DelegationPattern):
            def execute(self, context=None):
                return "done"

        registry = self.registry(Plain("a.b"))
        self.assertEqual(registry.executor.execute("a.b").output, "done")
        self.assertEqual(registry.get_pattern("a.b").execute(), "done")

    def test_is_asynchronous(self):
        class Slow(DelegationPattern):
            async def execute(self, context):
                return context.text

        registry = self.registry(Slow("a.b"))
        self.assertEqual(registry.executor.execute("a.b", "words").output, "words")

    def test_that_raises_fails_the_run_with_its_exception(self):
        class Broken(DelegationPattern):
            def execute(self, context):
                return {}["missing"]

        registry = self.registry(Broken("a.b"))
        with self.refused(PatternExecutionError, "a.b", "KeyError", "missing") as caught:
            registry.executor.execute("a.b")
        error = caught.exception
        self.assertIsInstance(error.__cause__, KeyError)
        self.assertIn("execute", traceback_names(error.__cause__))
        self.assertEqual(error.result.state, "failed")
        self.assertIs(error.result.exception, error.__cause__)

    def test_runs_its_steps_by_super_execute(self):
        class Wrapped(SequentialDelegationPattern):
            def execute(self, context):
                return ["before", super().execute(context).output]

        pattern = Wrapped("a.b", "wrapped", [("inner", lambda c: c.text)])
        registry = self.registry(pattern)
        result = registry.executor.execute("a.b", "words")
        self.assertEqual(result.output, ["before", "words"])
        self.assertEqual(registry.get_all_pattern_names(), ["a.b"])
        self.assertEqual([c.name for c in registry.select("wrapped").choices], ["a.b"])

    def test_super_execute_needs_steps(self):
        class Empty(DelegationPattern):
            def execute(self, context):
                return super().execute(context)

        registry = self.registry(Empty("a.b"))
        with self.refused(PatternExecutionError, "no steps") as caught:
            registry.executor.execute("a.b")
        self.assertIsInstance(caught.exception.__cause__, PatternExecutionError)

    def test_of_a_subclass_inherits_what_it_defines(self):
        class Base(DelegationPattern):
            def execute(self, context):
                return type(self).__name__

        class Derived(Base):
            pass

        registry = self.registry(Derived("a.b"))
        self.assertEqual(registry.executor.execute("a.b").output, "Derived")

    def test_that_defines_neither_is_the_kind_itself(self):
        class Named(SequentialDelegationPattern):
            colour = "red"

        registry = self.registry(Named("a.b", "named", [("s", lambda c: 1)]))
        self.assertEqual(registry.executor.execute("a.b").output, 1)

    def test_without_super_init_is_refused_in_words(self):
        class Forgetful(DelegationPattern):
            def __init__(self):
                self.colour = "red"

        with self.assertRaises((InvalidPatternError, AttributeError)):
            self.registry().register_pattern(Forgetful())


def traceback_names(error):
    names, step = [], error.__traceback__
    while step is not None:
        names.append(step.tb_frame.f_code.co_name)
        step = step.tb_next
    return names


class Counts(Case):
    def test_begin_unknown(self):
        pattern = sequential("a.b", nothing)
        self.assertEqual(pattern.execution_count, 0)
        self.assertTrue(math.isnan(pattern.success_rate))
        self.assertTrue(0 < pattern.confidence_score < 1)
        self.assertIsInstance(pattern.confidence_level, ConfidenceLevel)

    def test_add_up(self):
        pattern = sequential("a.b", nothing)
        for success in (True, True, False, None):
            pattern.record_execution(success, domain="x", latency_ms=10)
        self.assertEqual(pattern.execution_count, 4)
        self.assertAlmostEqual(pattern.success_rate, 2 / 3)

    def test_change_confidence_and_its_level(self):
        good, bad = sequential("a.good", nothing), sequential("a.bad", nothing)
        for _ in range(50):
            good.record_execution(True)
            bad.record_execution(False)
        self.assertIs(good.confidence_level, ConfidenceLevel.HIGH)
        self.assertIs(bad.confidence_level, ConfidenceLevel.LOW)
        self.assertLess(bad.confidence_score, good.confidence_score)

    def test_are_forgotten(self):
        pattern = sequential("a.b", nothing)
        registry = self.registry(pattern)
        pattern.record_execution(True)
        pattern.reset_stats()
        self.assertEqual(pattern.execution_count, 0)
        self.assertEqual(registry.select("a b").choices[0].executions, 0)

    def test_reach_the_registry(self):
        pattern = sequential("a.b", nothing, description="some work")
        registry = self.registry(pattern)
        for _ in range(3):
            pattern.record_execution(True, domain="x.y")
        self.assertEqual(registry.select("some work").choices[0].executions, 3)

    def test_of_a_wrong_type_are_refused(self):
        pattern = sequential("a.b", nothing)
        registry = self.registry(pattern)
        for arguments in ({"success": "yes"}, {"success": 2}, {"success": True, "domain": 1},
                          {"success": True, "latency_ms": "x"},
                          {"success": True, "latency_ms": math.nan},
                          {"success": True, "latency_ms": -1},
                          {"success": True, "domain": "no domain"},
                          {"success": True, "text": 1}):
            with self.subTest(**arguments), self.assertRaises(InvalidPatternError):
                pattern.record_execution(**arguments)
        registry.select("x")
        self.assertEqual(pattern.execution_count, 0)

    def test_have_a_threshold_of_their_own(self):
        pattern = sequential("a.b", nothing, confidence_threshold=0.9)
        self.assertEqual(pattern.confidence_threshold, 0.9)
        pattern.set_confidence_threshold(0.2)
        self.assertEqual(pattern.confidence_threshold, 0.2)
        pattern.set_confidence_threshold(None)
        self.assertIsNone(pattern.confidence_threshold)
        self.assertNotIn("confidence", pattern.document)

    def test_levels_have_bounds(self):
        for value, level in ((0, "LOW"), (0.4999, "LOW"), (0.5, "MEDIUM"),
                             (0.7999, "MEDIUM"), (0.8, "HIGH"), (1, "HIGH")):
            self.assertEqual(ConfidenceLevel.of(value).name, level)
        self.assertIs(ConfidenceLevel.of(0.3, medium=0.2, high=0.3), ConfidenceLevel.HIGH)


class AnObject(Case):
    def test_shows_what_it_is(self):
        pattern = sequential("a.b", "x", "y")
        self.assertEqual(
            repr(pattern), "<SequentialDelegationPattern 'a.b' 2 steps, 0 executions>")
        pattern.record_execution(True)
        self.assertIn("100% success", repr(pattern))

    def test_belongs_to_no_registry_at_first(self):
        with self.refused(PatternExecutionError, "'a.b'", "register"):
            sequential("a.b", nothing).execute()

    def test_goes_when_nobody_holds_it(self):
        pattern = sequential("a.b", nothing)
        registry = self.registry(pattern)
        reference = weakref.ref(pattern)
        del pattern
        registry.unregister("a.b")
        gc.collect()
        self.assertIsNone(reference())

    def test_keeps_no_registry_alive(self):
        pattern = sequential("a.b", nothing)
        registry = self.registry()
        registry.register_pattern(pattern)
        registry.close()
        with self.assertRaises(PatternError):
            pattern.execute()


if __name__ == "__main__":
    unittest.main()
