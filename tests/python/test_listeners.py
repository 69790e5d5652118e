"""Who is told what happens in a registry."""

import sys
import unittest

from patterns import InvalidPatternError, Listener
from support import Case, nothing, sequential


class AListener(Case):
    def setUp(self):
        self.told = []
        self.events = self.registry()

    def tell(self, event, name):
        self.told.append((event, name))

    def test_is_told_what_happens(self):
        listener = self.events.add_listener(self.tell)
        self.assertIsInstance(listener, Listener)
        pattern = sequential("a.b", nothing, description="words")
        self.events.register_pattern(pattern)
        pattern.description = "other words"
        self.events.select("other words")
        self.events.select({"domain": "none", "text": "quite different task"})
        self.events.executor.execute(pattern)
        self.events.unregister(pattern)
        kinds = ["registered", "changed", "selected", "selected", "executed", "unregistered"]
        self.assertEqual([event for event, _ in self.told], kinds)
        self.assertEqual(self.told[3], ("selected", None))
        self.assertEqual({name for _, name in self.told}, {"a.b", None})

    def test_is_told_of_chosen_events_only(self):
        self.events.add_listener(self.tell, events=["unregistered"])
        self.events.register_pattern(sequential("a.b", nothing))
        self.events.unregister("a.b")
        self.assertEqual(self.told, [("unregistered", "a.b")])

    def test_is_removed_by_itself_or_by_its_function(self):
        function = self.tell
        one, _ = self.events.add_listener(function), self.events.add_listener(function)
        self.assertTrue(one.remove())
        self.assertFalse(one.remove())
        self.assertTrue(self.events.remove_listener(function))
        self.assertFalse(self.events.remove_listener(function))
        self.events.register_pattern(sequential("a.b", nothing))
        self.assertEqual(self.told, [])

    def test_that_is_a_method_is_removed_by_an_equal_one(self):
        self.events.add_listener(self.tell)
        self.assertTrue(self.events.remove_listener(self.tell))

    def test_that_raises_stops_nothing(self):
        said = []
        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = said.append

        def boom(event, name):
            raise ValueError("in a listener")

        self.events.add_listener(boom)
        self.events.add_listener(self.tell)
        self.events.register_pattern(sequential("a.b", nothing))
        self.assertEqual(self.told, [("registered", "a.b")])
        self.assertEqual(str(said[0].exc_value), "in a listener")
        self.assertIs(said[0].object, boom)

    def test_that_is_none_is_refused(self):
        for thing in (None, 1, "tell"):
            with self.refused(InvalidPatternError, "function", type(thing).__name__):
                self.events.add_listener(thing)
        for events, word in ((["colour"], "'colour'"), ("registered", "list"), (7, "list"),
                             ([7], "7"), (0, "list")):
            with self.subTest(events=events), self.refused(InvalidPatternError, word):
                self.events.add_listener(self.tell, events=events)

    def test_may_change_the_registry(self):
        def once(event, name):
            if name == "a.b":
                self.events.register_pattern(sequential("a.c", nothing))

        self.events.add_listener(once, events=("registered",))
        self.events.register_pattern(sequential("a.b", nothing))
        self.assertIn("a.c", self.events)


if __name__ == "__main__":
    unittest.main()
