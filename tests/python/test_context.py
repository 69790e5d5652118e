"""PatternContext: what is known about a task."""

import copy
import json
import math
import pickle
import unittest
import weakref

from patterns import (
    InvalidPatternError,
    PatternContext,
    ResourceExhaustionError,
)
from support import Case, circle, nothing, sequential

FULL = {
    "domain": "security.review", "agent_type": "analyst", "priority": 2,
    "attributes": {"complexity": "high", "tags": ["a", None, 1.5]}, "text": "look",
}
NO_JSON = {  # attributes -> words that help
    "a set": ({"a": {1}}, ("context.attributes.a", "set")),
    "an object": ({"a": object()}, ("context.attributes.a", "object")),
    "bytes": ({"a": b"x"}, ("context.attributes.a", "bytes")),
    "not a number": ({"a": math.nan}, ("context.attributes.a", "nan")),
    "infinity": ({"a": [0, -math.inf]}, ("context.attributes.a[1]", "inf")),
    "an int beyond 64 bits": ({"a": 2**63}, ("64 bits", "string")),
    "an int below 64 bits": ({"a": -(2**63) - 1}, ("64 bits", "string")),
    "a key that is an int": ({"a": {1: 2}}, ("context.attributes.a", "key 1", "strings")),
    "a key that is None": ({None: 2}, ("context.attributes", "key None")),
    "a list in a circle": ({"a": circle()}, ("deep", "circle")),
}


class APart(Case):
    def test_may_be_unknown(self):
        context = PatternContext()
        for name in ("domain", "agent_type", "priority", "text"):
            self.assertIsNone(getattr(context, name))
        self.assertEqual(context.attributes, {})
        self.assertEqual(context.to_dict(), {})

    def test_is_given_by_place_or_by_name(self):
        self.assertEqual(PatternContext(*FULL.values()), PatternContext(**FULL))

    def test_changes_like_a_plain_attribute(self):
        context = PatternContext(**FULL)
        context.domain = "a.b"
        context.attributes["new"] = 1
        context.attributes = None
        self.assertIsNone(context.attributes)
        self.assertFalse(context.has_attribute("new"))
        self.assertEqual(json.loads(context.to_json())["domain"], "a.b")

    def test_of_a_wrong_type_is_refused_at_once_and_later(self):
        table = {
            "domain": (1, b"x", ["a"]), "agent_type": (0, {}), "text": (b"x", 1.0),
            "priority": (0, 6, 1.0, True, "urgent", [1]), "attributes": ([], "x", 1),
        }
        context = PatternContext(**FULL)
        for name, values in table.items():
            for value in values:
                with self.subTest(name=name, value=value):
                    with self.refused(InvalidPatternError, name):
                        PatternContext(**{name: value})
                    with self.refused(InvalidPatternError, name):
                        setattr(context, name, value)
        self.assertEqual(context, PatternContext(**FULL))

    def test_called_priority_has_words(self):
        words = ("highest", "high", "medium", "low", "lowest")
        for number, word in enumerate(words, 1):
            self.assertEqual(PatternContext(priority=word).priority, number)

    def test_that_is_none_cannot_be_set(self):
        with self.assertRaises(AttributeError):
            PatternContext().colour = "red"


class ADict(Case):
    def test_gives_a_context_and_back(self):
        self.assertEqual(PatternContext.from_dict(FULL).to_dict(), FULL)

    def test_with_another_key_is_refused(self):
        with self.refused(InvalidPatternError, "'colour'", "domain"):
            PatternContext.from_dict({"colour": 1})

    def test_is_asked_for(self):
        with self.refused(InvalidPatternError, "dict", "list"):
            PatternContext.from_dict([])


class ADomain(Case):
    def test_fits_itself_and_globs(self):
        table = {
            ("security.review", "security.review"): True,
            ("security.review", "security.*"): True,
            ("security.review", "security.**"): True,
            ("security", "security.**"): True,
            ("security", "security.*"): False,
            ("security.review.deep", "security.*"): False,
            ("securityx", "security.**"): False,
        }
        for (domain, glob), fits in table.items():
            with self.subTest(domain=domain, glob=glob):
                self.assertIs(PatternContext(domain).matches_domain(glob), fits)

    def test_that_is_unknown_fits_nothing(self):
        self.assertFalse(PatternContext().matches_domain("a.**"))

    def test_glob_that_is_none_is_refused(self):
        with self.refused(InvalidPatternError, "str", "int"):
            PatternContext("a").matches_domain(1)
        with self.assertRaises(InvalidPatternError):
            PatternContext("a").matches_domain("a..b")


class AnAttribute(Case):
    def test_is_looked_for_with_its_value(self):
        context = PatternContext(attributes={"a": None, "b": 1})
        self.assertTrue(context.has_attribute("a"))
        self.assertTrue(context.has_attribute("a", None))
        self.assertTrue(context.has_attribute("b", 1))
        self.assertFalse(context.has_attribute("b", 2))
        self.assertFalse(context.has_attribute("c"))
        self.assertFalse(context.has_attribute("c", None))

    def test_is_taken_over(self):
        context = PatternContext(attributes={"a": 1, "b": 1})
        self.assertEqual(context.merge_attributes({"b": 2, "c": 3}), ["b", "c"])
        self.assertEqual(context.attributes, {"a": 1, "b": 2, "c": 3})

    def test_stays_when_it_is_not_to_be_overwritten(self):
        context = PatternContext(attributes={"a": 1})
        other = PatternContext(attributes={"a": 2, "b": 2})
        self.assertEqual(context.merge_attributes(other, overwrite=False), ["b"])
        self.assertEqual(context.attributes, {"a": 1, "b": 2})

    def test_is_taken_over_by_a_context_that_knew_none(self):
        context = PatternContext()
        context.attributes = None
        self.assertEqual(context.merge_attributes({"a": 1}), ["a"])
        self.assertEqual(context.merge_attributes(None), [])
        with self.refused(InvalidPatternError, "attributes", "dict"):
            context.merge_attributes([("a", 1)])

    def test_that_is_no_json_is_refused_where_it_is_used(self):
        registry = self.registry(sequential("a.b", nothing))
        for what, (attributes, words) in NO_JSON.items():
            context = PatternContext(attributes=attributes)
            for use in (lambda c: c.to_json(), registry.select, registry.why,
                        registry.find_best_pattern,
                        lambda c: registry.executor.execute("a.b", c)):
                with self.subTest(what), self.refused(InvalidPatternError, *words):
                    use(context)

    def test_may_be_a_subclass_of_a_json_type(self):
        class Name(str):
            pass

        context = PatternContext(attributes={Name("a"): Name("b"), "t": (1, 2)})
        self.assertEqual(json.loads(context.to_json())["attributes"], {"a": "b", "t": [1, 2]})

    def test_over_a_limit_is_refused(self):
        registry = self.registry(sequential("a.b", nothing))
        table = {
            "attributes": ({"big": "x" * (9 << 20)}, "8"),
            "text": ("x" * ((1 << 20) + 1), "task"),
            "domain": ("a" * 257, "domain"),
            "agent_type": ("a" * 257, "agent_type"),
        }
        for name, (value, word) in table.items():
            context = PatternContext(**{name: value})
            with self.subTest(name):
                with self.refused(ResourceExhaustionError, word):
                    registry.select(context)
                with self.refused(ResourceExhaustionError, word):
                    registry.executor.execute("a.b", context)

    def test_at_a_limit_is_taken(self):
        registry = self.registry(sequential("a.b", nothing))
        for parts in ({"text": "x" * (1 << 20)}, {"domain": "a" * 256},
                      {"attributes": {"big": "x" * (7 << 20)}}):
            registry.select(parts)

    def test_of_64_bits_is_kept_exactly(self):
        registry = self.registry(sequential("a.b", echo))
        numbers = {"min": -(2**63), "max": 2**63 - 1, "odd": 2**53 + 1, "half": 0.5}
        result = registry.executor.execute("a.b", {"attributes": numbers})
        self.assertEqual(result.output, numbers)
        self.assertEqual(result.context.attributes, numbers)


def echo(context):
    return context.attributes


class AContext(Case):
    def test_copies_deep_and_shallow(self):
        context = PatternContext(**FULL)
        deep, shallow = context.copy(), copy.copy(context)
        context.attributes["tags"].append("x")
        context.attributes["only"] = 1
        self.assertEqual(len(deep.attributes["tags"]), 3)
        self.assertEqual(len(shallow.attributes["tags"]), 4)
        self.assertNotIn("only", shallow.attributes)
        self.assertEqual(copy.deepcopy(context), context)

    def test_pickles(self):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            context = PatternContext(**FULL)
            self.assertEqual(pickle.loads(pickle.dumps(context, protocol)), context)

    def test_refuses_a_pickle_of_something_else(self):
        for state in (None, {}, {"domain": "x"}, [1]):
            with self.refused(InvalidPatternError, "pickle"):
                PatternContext.__new__(PatternContext).__setstate__(state)
        bad = dict(FULL, priority=9)
        with self.refused(InvalidPatternError, "priority"):
            PatternContext.__new__(PatternContext).__setstate__(bad)

    def test_is_equal_by_value_and_has_no_hash(self):
        self.assertEqual(PatternContext("a"), PatternContext("a"))
        self.assertNotEqual(PatternContext("a"), PatternContext("b"))
        self.assertNotEqual(PatternContext("a"), "a")
        with self.assertRaises(TypeError):
            hash(PatternContext())

    def test_can_be_matched_and_referenced_weakly(self):
        match PatternContext("a", "b"):
            case PatternContext(domain, agent_type):
                self.assertEqual((domain, agent_type), ("a", "b"))
        context = PatternContext()
        reference = weakref.ref(context)
        del context
        self.assertIsNone(reference())

    def test_shows_what_it_knows(self):
        self.assertEqual(
            repr(PatternContext("a", priority=1)), "PatternContext(domain='a', priority=1)")

    def test_may_be_subclassed(self):
        class Mine(PatternContext):
            def __init__(self, **parts):
                super().__init__(**parts)
                self.note = "mine"

        mine = Mine(domain="a")
        self.assertEqual(mine.copy().note, "mine")
        self.assertEqual(copy.copy(mine).note, "mine")
        self.assertIsInstance(Mine.from_dict({"domain": "a"}), Mine)

    def test_is_given_as_object_dict_or_text(self):
        registry = self.registry(sequential("a.b", echo, description="echo the words"))
        for context in (PatternContext(text="echo"), {"text": "echo"}, "echo"):
            self.assertEqual(registry.select(context).choices[0].name, "a.b")
        for context in (1, None, ["echo"], object()):
            if context is None:
                continue
            with self.refused(InvalidPatternError, "context", type(context).__name__):
                registry.select(context)


if __name__ == "__main__":
    unittest.main()
