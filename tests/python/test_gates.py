"""Steps that are passed over, verified, or wait for a person."""

import threading
import unittest

from patterns import InvalidPatternError, PatternError, PatternExecutionError
from support import Case, sequential


class AStep(Case):
    def test_is_passed_over_when_its_condition_does_not_hold(self):
        registry = self.registry(sequential(
            "a.b", ("one", lambda: 7),
            {"name": "two", "call": lambda: "many", "if": "${steps.one.output} > 5"},
            {"name": "three", "call": lambda: "few", "if": "${steps.one.output} <= 5"}))
        events = []
        result = registry.executor.execute("a.b", on_event=lambda e: events.append(e.kind))
        self.assertEqual(result.outputs, {"one": 7, "two": "many"})
        self.assertEqual((result.output, result.steps_done), ("many", 3))
        self.assertEqual(events.count("step_skipped"), 1)

    def test_is_verified_by_a_function(self):
        seen = []

        def judge(context, call):
            seen.append(call.output)
            return call.output == "second"

        tries = iter(["first", "second"])
        registry = self.registry(sequential(
            "a.b", {"name": "draft", "call": lambda: next(tries), "verify": "judge",
                    "retry": {"attempts": 2, "backoff": 0}}))
        registry.executor.bind("judge", judge)
        events = []
        result = registry.executor.execute("a.b", on_event=lambda e: events.append(e.kind))
        self.assertEqual(seen, ["first", "second"])
        self.assertEqual((result.output, result.outcome), ("second", "success"))
        self.assertEqual(events.count("verify_started"), 2)

    def test_that_is_refused_fails(self):
        registry = self.registry(sequential(
            "a.b", {"name": "draft", "call": lambda: "words", "verify": "judge"}))
        registry.executor.bind("judge", lambda: {"ok": False, "reason": "too short"})
        with self.assertRaisesRegex(PatternExecutionError, "'judge' does not accept it: too short"):
            registry.executor.execute("a.b")

    def test_waits_for_a_person(self):
        for approved in (True, False):
            registry = self.registry(sequential(
                "a.b", ("build", lambda: "built"),
                {"name": "deploy", "call": lambda: "deployed", "approval": True}))
            asked = threading.Event()
            runs = []

            def hear(event):
                if event.kind == "approval_asked":
                    runs.append((event.run, event.step))
                    asked.set()

            def answer():
                asked.wait(60)
                with self.assertRaises(PatternError):
                    registry.executor.approve(runs[0][0], "build")
                registry.executor.approve(runs[0][0], approved=approved, reason="it is late")

            thread = threading.Thread(target=answer)
            thread.start()
            if approved:
                self.assertEqual(registry.executor.execute("a.b", on_event=hear).output, "deployed")
            else:
                with self.assertRaisesRegex(PatternExecutionError, "was denied: it is late"):
                    registry.executor.execute("a.b", on_event=hear)
            thread.join()
            self.assertEqual([step for _, step in runs], ["deploy"])

    def test_needs_an_answer_that_is_one(self):
        executor = self.registry().executor
        with self.assertRaises(InvalidPatternError):
            executor.approve("run", approved="yes")
        with self.assertRaises(InvalidPatternError):
            executor.approve("run", 3)
        with self.assertRaises(PatternError):
            executor.approve("nosuchrun", "")


if __name__ == "__main__":
    unittest.main()
