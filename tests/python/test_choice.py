"""Selecting: ranks, reasons, thresholds, and why (not)."""

import unittest

from patterns import (
    Choice,
    ConfidenceLevel,
    ConfidenceThresholdError,
    DelegationPattern,
    InvalidPatternError,
    PatternContext,
    Selection,
)
from support import Case, nothing, sequential


def garden():
    return [
        sequential("garden.fence", ("step", lambda: "painted"),
                   description="paint the wooden fence of the garden",
                   examples=["the fence needs colour"]),
        sequential("garden.lawn", ("step", lambda: "mowed"),
                   description="mow the lawn and water the grass",
                   domains=["garden.**"], agent_types=["gardener"]),
        sequential("house.roof", ("step", lambda: "mended"), only_if={
            "domain": "house.**", "attributes": {"height": {"le": 10}}},
                   description="mend the leaking roof of a house",
                   not_for=["write a novel about a roof"]),
    ]


class ASelection(Case):
    def setUp(self):
        self.garden = self.registry(*garden())

    def test_ranks_by_confidence(self):
        selection = self.garden.select("please paint our fence")
        self.assertIsInstance(selection, Selection)
        self.assertEqual(selection.chosen, "garden.fence")
        self.assertIn("garden.fence", selection.reason)
        best = selection.choices[0]
        self.assertIsInstance(best, Choice)
        self.assertAlmostEqual(best.confidence, best.fit * best.success)
        self.assertIsInstance(best.level, ConfidenceLevel)
        confidences = [choice.confidence for choice in selection.choices]
        self.assertEqual(confidences, sorted(confidences, reverse=True))

    def test_is_the_same_for_the_same_question(self):
        first = self.garden.select("water the grass")
        for _ in range(5):
            self.assertEqual(self.garden.select("water the grass"), first)

    def test_is_bounded(self):
        self.assertEqual(len(self.garden.select("garden", limit=1).choices), 1)
        for limit in (-1, "x", 1.5, None, True, 2**40):
            with self.subTest(limit), self.refused(InvalidPatternError, "limit"):
                self.garden.select("garden", limit)

    def test_keeps_the_law(self):
        roof = {"domain": "house.old", "text": "mend the roof"}
        for height, eligible in ((9, True), (11, False), ("9", False)):
            context = dict(roof, attributes={"height": height})
            names = [c.name for c in self.garden.select(context).choices]
            self.assertEqual("house.roof" in names, eligible)
        self.assertNotIn("house.roof", [c.name for c in self.garden.select(roof).choices])

    def test_of_nothing_is_none_with_a_reason(self):
        for registry, words in ((self.registry(), "anything"),
                                (self.garden, "compile the kernel for a new board")):
            selection = registry.select(words)
            self.assertIsNone(selection.chosen)
            self.assertTrue(selection.reason)
            self.assertIsNone(registry.find_best_pattern(words))
            with self.refused(ConfidenceThresholdError, selection.reason):
                registry.executor.execute_best_pattern(words)

    def test_learns(self):
        good, bad = self.garden.get_pattern("garden.fence"), "garden.lawn"
        for _ in range(40):
            good.record_execution(True)
            self.garden.get_pattern(bad).record_execution(False)
        by_name = {c.name: c for c in self.garden.select("garden fence lawn").choices}
        self.assertGreater(by_name["garden.fence"].success, 0.8)
        self.assertLess(by_name[bad].success, 0.2)
        self.assertEqual(by_name[bad].executions, 40)


class TheBest(Case):
    def setUp(self):
        self.garden = self.registry(*garden())

    def test_is_an_object(self):
        best = self.garden.find_best_pattern("paint the fence")
        self.assertIs(best, self.garden.get_pattern("garden.fence"))

    def test_may_be_asked_for_with_another_bound(self):
        words = PatternContext("garden.x", text="something with a lawn")
        self.assertIsNone(self.garden.find_best_pattern(words, min_confidence=1))
        best = self.garden.find_best_pattern(words, min_confidence=0)
        self.assertEqual(best.name, "garden.lawn")
        for bound in (-1, 2, "x", True):
            with self.subTest(bound), self.refused(InvalidPatternError, "min_confidence"):
                self.garden.find_best_pattern(words, bound)

    def test_needs_its_own_confidence(self):
        fence = self.garden.get_pattern("garden.fence")
        fence.set_confidence_threshold(1)
        for _ in range(10):
            fence.record_execution(False)
        self.assertIsNone(self.garden.select("paint the fence").chosen)

    def test_falls_back_to_what_it_names(self):
        registry = self.registry(
            sequential("a.risky", ("step", nothing), description="paint the fence fast",
                       confidence_threshold=1, fallback="a.safe"),
            sequential("a.safe", ("step", lambda: "safe"), description="call a painter"))
        for _ in range(10):
            registry.get_pattern("a.risky").record_execution(False)
        self.assertEqual(registry.select("paint the fence fast").chosen, "a.safe")
        result = registry.executor.execute_best_pattern("paint the fence fast")
        self.assertEqual(result.output, "safe")


class Why(Case):
    def setUp(self):
        self.garden = self.registry(*garden())

    def test_gives_each_factor(self):
        why = self.garden.why("paint the fence", limit=2)
        self.assertEqual(why["chosen"], "garden.fence")
        self.assertIn("kind_hint", why)
        self.assertIn("garden.fence", str(why))

    def test_not_gives_the_predicate_that_failed(self):
        context = {"domain": "house.old", "attributes": {"height": 99}, "text": "roof"}
        told = self.garden.why_not(context, "house.roof")
        self.assertFalse(told["eligible"])
        self.assertIn("99", str(told["failed"]))
        told = self.garden.why_not("paint", self.garden.get_pattern("garden.lawn"))
        self.assertTrue(told["eligible"])

    def test_not_of_what_is_none_is_refused(self):
        for thing in (None, 1, ["x"]):
            with self.refused(InvalidPatternError, "name", type(thing).__name__):
                self.garden.why_not("words", thing)


class OwnRules(Case):
    def test_are_asked_in_every_way_of_choosing(self):
        class Even(DelegationPattern):
            def matches(self, context):
                return context.attributes.get("n", 1) % 2 == 0

            def execute(self, context):
                return "even"

        registry = self.registry(Even("a.even", "numbers", confidence_threshold=0))
        even, odd = ({"text": "numbers", "attributes": {"n": n}} for n in (2, 3))
        self.assertEqual(registry.select(even).choices[0].name, "a.even")
        self.assertEqual(registry.select(odd).choices, [])
        self.assertIsNone(registry.find_best_pattern(odd, 0))
        self.assertEqual(registry.find_best_pattern(even, 0).name, "a.even")
        self.assertEqual(registry.executor.execute_best_pattern(even).output, "even")
        with self.assertRaises(ConfidenceThresholdError):
            registry.executor.execute_best_pattern(odd)
        self.assertIn("a.even", str(registry.why(even)))

    def test_may_give_any_truth(self):
        class Truthy(DelegationPattern):
            answer = None

            def matches(self, context):
                return self.answer

            def execute(self, context):
                return 1

        pattern = Truthy("a.b", "words")
        registry = self.registry(pattern)
        for answer, taken in ((None, False), (0, False), ([], False), ("yes", True), (2, True)):
            pattern.answer = answer
            self.assertEqual(bool(registry.select("words").choices), taken)

    def test_may_ask_the_registry(self):
        class Curious(DelegationPattern):
            def matches(self, context):
                return "a.c" in registry and registry.get_pattern("a.c").execution_count == 0

            def execute(self, context):
                return 1

        registry = self.registry(Curious("a.b", "words"), sequential("a.c", "x"))
        self.assertIn("a.b", [c.name for c in registry.select("words").choices])


if __name__ == "__main__":
    unittest.main()
