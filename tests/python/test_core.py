"""The extension module, call by call: what goes in, out, and wrong."""

import gc
import json
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import unittest
import weakref
from pathlib import Path

import ndf
import patterns
from core_support import (
    AGENT, ASKED, NDF_ESYNTAX, NDF_ENOTFOUND, NDF_EEXISTS, Case, context,
    fine, python, wait_until,
)
from patterns import _ndf


class ModuleTest(Case):
    def test_ndf_and_patterns_are_one_module(self):
        self.assertIs(ndf, patterns)

    def test_every_file_of_the_package_is_laid_out(self):
        there = {p.name for p in Path(patterns.__file__).parent.iterdir()}
        source = Path(__file__).parents[2] / "src/python/patterns"
        wanted = {p.name for p in source.iterdir() if p.suffix in (".py", ".pyi")}
        self.assertEqual(wanted - there, set())

    def test_numbers_have_their_names(self):
        self.assertEqual(_ndf.EVENTS[3], "step_done")
        self.assertEqual(_ndf.EVENTS[11], "run_done")
        self.assertEqual(_ndf.STATES[1], "succeeded")
        self.assertEqual(len(_ndf.STATES), 6)

    def test_the_schema_is_json(self):
        self.assertIn("$schema", json.loads(_ndf.schema))

    def test_a_text_is_validated_without_an_engine(self):
        self.assertEqual(_ndf.validate(AGENT + "---\n" + ASKED), 2)
        with self.assertRaises(_ndf.InvalidPatternError) as caught:
            _ndf.validate("agent: [")
        self.assertEqual(caught.exception.code, NDF_ESYNTAX)
        self.assertEqual(caught.exception.line, 2)

    def test_a_domain_fits_a_glob(self):
        self.assertIs(_ndf.domain_matches("web.*", "web.api"), True)
        self.assertIs(_ndf.domain_matches("web.*", "web.api.v1"), False)
        with self.assertRaisesRegex(_ndf.InvalidPatternError, "no domain"):
            _ndf.domain_matches("web..", "web")

    def test_success_is_counted(self):
        mean, lower = _ndf.success(9, 10)
        self.assertTrue(0 < lower < mean < 1)
        for wins, tries in ((2, 1), (-1, 1), (float("nan"), 1)):
            with self.assertRaises(_ndf.InvalidPatternError):
                _ndf.success(wins, tries)

    def test_a_run_cannot_be_made_by_hand(self):
        with self.assertRaises(TypeError):
            _ndf.Run()

    def test_a_subinterpreter_is_refused(self):
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            self.skipTest("this Python has no subinterpreters")
        self.assertIn("main interpreter", python("""
            import sys
            from patterns import _ndf
            import _xxsubinterpreters as interpreters
            one = interpreters.create()
            try:
                interpreters.run_string(one, "import patterns._ndf")
            except interpreters.RunFailedError as error:
                print(error)
            interpreters.destroy(one)
        """))
        del interpreters


class ErrorTest(Case):
    def test_classes_are_those_of_python_too(self):
        for kind, base in (
            (_ndf.PatternNotFoundError, LookupError),
            (_ndf.InvalidPatternError, ValueError),
            (_ndf.TimeoutError, TimeoutError),
            (_ndf.TimeoutError, OSError),
        ):
            self.assertTrue(issubclass(kind, base), kind)
        for kind in (
            _ndf.PatternNotFoundError, _ndf.PatternAlreadyExistsError,
            _ndf.InvalidPatternError, _ndf.PatternExecutionError,
            _ndf.ConfidenceThresholdError, _ndf.ResourceExhaustionError,
            _ndf.TimeoutError,
        ):
            self.assertTrue(issubclass(kind, _ndf.PatternError), kind)
            self.assertEqual(kind.__module__, "patterns")
            self.assertTrue(kind.__doc__)
            self.assertIs(getattr(patterns, kind.__name__), kind)

    def test_one_that_python_code_makes_has_a_place_too(self):
        error = _ndf.TimeoutError("too late")
        self.assertEqual((error.code, error.line, error.column), (0, 0, 0))
        self.assertEqual(str(error), "too late")

    def test_errors_pickle(self):
        with self.assertRaises(_ndf.PatternNotFoundError) as caught:
            self.engine().unregister("nobody")
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertIs(type(again), _ndf.PatternNotFoundError)
        self.assertEqual(str(again), str(caught.exception))
        self.assertEqual(again.code, NDF_ENOTFOUND)

    def test_a_code_has_its_class(self):
        engine = self.engine()
        engine.register(AGENT)
        with self.assertRaises(_ndf.PatternAlreadyExistsError) as caught:
            engine.register(AGENT)
        self.assertEqual(caught.exception.code, NDF_EEXISTS)
        engine.register(AGENT, True)
        with self.assertRaises(_ndf.InvalidPatternError):
            engine.register("agent: worker\nsteps: nonsense\n", True)
        with self.assertRaises(_ndf.PatternNotFoundError):
            engine.start("nobody", "{}")
        with self.assertRaises(_ndf.InvalidPatternError):
            engine.start("worker", "not json")
        with self.assertRaises(_ndf.PatternNotFoundError):
            self.engine(str(self.folder / "none.db"), 1)
        engine.register("pattern: p\nsteps: [{s: {agent: nobody}}]\n")
        with self.assertRaises(_ndf.PatternExecutionError):
            engine.start("p", "{}")

    def test_arguments_are_named(self):
        engine = self.engine()
        for call, word in (
            (lambda: engine.register(b"x"), r"register\(\): text must be str"),
            (lambda: engine.register("x", 1), "replace must be bool"),
            (lambda: engine.select("{}", "1"), "limit must be int"),
            (lambda: engine.select("{}", 1, 2), "ask must be callable or None"),
            (lambda: engine.bind("worker", 1), "fn must be callable or None"),
            (lambda: engine.bind(None, fine), "name must be str"),
            (lambda: engine.start("worker", "{}", 1), "event must be callable"),
            (lambda: engine.start("worker"), "takes 2 to 5 arguments, got 1"),
            (lambda: engine.find_similar("a", "b"), "threshold must be float"),
            (lambda: engine.keep("a", "b"), "data must be bytes or None"),
            (lambda: engine.import_("a", None, "b"), "run must be a list"),
            (lambda: engine.import_("a", None, [1]), "a word of run must be str"),
            (lambda: engine.export(None), "write must be callable"),
            (lambda: _ndf.Engine(1), "path must be str or None"),
            (lambda: _ndf.Engine(mode="x"), "."),
        ):
            with self.assertRaisesRegex(TypeError, word):
                call()

    def test_numbers_out_of_range_are_refused(self):
        engine = self.engine()
        with self.assertRaises(ValueError):
            engine.select("{}", -1)
        with self.assertRaises(ValueError):
            engine.list(1 << 80)
        with self.assertRaises(ValueError):
            engine.list(1 << 40)

    def test_a_name_holds_no_nul(self):
        with self.assertRaisesRegex(ValueError, "NUL"):
            self.engine().unregister("a\0b")
        with self.assertRaisesRegex(ValueError, "NUL"):
            _ndf.Engine("a\0b")

    def test_half_a_character_is_no_text(self):
        engine = self.engine()
        for call in (
            lambda: engine.select("\ud800"), lambda: engine.show("\udc80"),
            lambda: _ndf.Engine("\udcff"), lambda: _ndf.validate("\ud800"),
        ):
            with self.assertRaisesRegex(_ndf.InvalidPatternError, "surrogate"):
                call()


class RunTest(Case):
    def test_a_bound_function_does_the_work(self):
        seen = []

        def work(run, step, key, attempt, request):
            seen.append((run, step, key, attempt, json.loads(request)["task"]))
            return '{"x": [1, null]}', '{"attributes": {"done": true}}'

        engine = self.engine()
        engine.bind("worker", work)
        run = engine.start("worker", context("Go."))
        self.assertEqual(_ndf.STATES[run.wait()], "succeeded")
        self.assertEqual(
            seen, [(run.id, "worker", f"{run.id}/worker", 1, "Go.")])
        result = json.loads(engine.result(run.id))
        self.assertEqual(result["outputs"], {"worker": {"x": [1, None]}})

    def test_what_a_function_raises_is_in_the_journal(self):
        def work(*args):
            raise ValueError("boom \ud800")

        events = []
        engine, run = self.run_of(work, lambda *a: events.append(a))
        self.assertEqual(_ndf.STATES[run.wait()], "failed")
        failed = [e for e in events if e[0] == 4]
        self.assertRegex(failed[0][3],
            r"ValueError: boom \\ud800 \(test_core\.py, line \d+, in work\)")

    def test_what_a_function_returns_is_looked_at(self):
        for answer, word in (
            (None, r"must return \(output, patch\)"),
            (("1",), r"must return \(output, patch\)"),
            ((1, None), "the output of a bound function must be a JSON text"),
            (("1", 2), "the patch of a bound function must be a JSON text"),
            (("{", None), "the output of a bound function was refused"),
            (("1", "[]"), "the patch of a bound function was refused"),
            (("\ud800", None), "UnicodeEncodeError"),
        ):
            events = []
            engine, run = self.run_of(
                lambda *a, answer=answer: answer, lambda *a: events.append(a))
            self.assertEqual(_ndf.STATES[run.wait()], "failed", answer)
            self.assertRegex([e[3] for e in events if e[0] == 4][0], word)
            engine.close()

    def test_an_exception_without_a_text_is_one_too(self):
        class Bad(Exception):
            def __str__(self):
                raise KeyError("worse")

        def work(*args):
            raise Bad

        events = []
        engine, run = self.run_of(work, lambda *a: events.append(a))
        self.assertEqual(_ndf.STATES[run.wait()], "failed")
        self.assertIn("an exception that has no text",
            [e[3] for e in events if e[0] == 4][0])

    def test_events_come_in_order(self):
        events = []
        engine, run = self.run_of(fine, lambda *a: events.append(a))
        self.assertEqual(run.wait(), 1)
        self.assertEqual([e[0] for e in events], [1, 2, 3, 11])
        self.assertEqual({e[1] for e in events}, {run.id})
        self.assertEqual(events[-1][5:7], (1, 1))

    def test_what_an_event_function_raises_is_reported(self):
        caught = []
        self.addCleanup(setattr, sys, "unraisablehook", sys.unraisablehook)
        sys.unraisablehook = lambda u: caught.append(repr(u.exc_value))

        def event(*args):
            raise RuntimeError("no")

        engine, run = self.run_of(fine, event)
        self.assertEqual(_ndf.STATES[run.wait()], "succeeded")
        self.assertEqual(caught, ["RuntimeError('no')"] * 4)

    def test_an_event_function_is_dropped_after_the_last_event(self):
        class Listener:
            def __call__(self, *args):
                pass

        listener = Listener()
        ref = weakref.ref(listener)
        engine, run = self.run_of(fine, listener)
        del listener
        run.wait()
        wait_until(lambda: ref() is None)
        listener = Listener()
        ref = weakref.ref(listener)
        again = engine.resume(run.id, listener)
        del listener
        self.assertIsNone(ref(), "an ended run has no events")
        self.assertEqual(again.wait(), 1)

    def test_a_function_is_replaced_and_unbound(self):
        class Work:
            def __call__(self, *args):
                return "1", None

        engine = self.engine()
        work = Work()
        ref = weakref.ref(work)
        engine.bind("worker", work)
        del work
        self.assertIsNotNone(ref())
        engine.bind("worker", fine)
        self.assertIsNone(ref())
        self.assertEqual(engine.start("worker", "{}").wait(), 1)
        engine.bind("worker", None)
        engine.bind("nobody", None)
        with self.assertRaises(_ndf.PatternNotFoundError):
            engine.start("worker", "{}")

    def test_a_refused_name_leaves_nothing_bound(self):
        work = lambda *a: ("1", None)
        before = sys.getrefcount(work)
        with self.assertRaises(_ndf.InvalidPatternError):
            self.engine().bind("no name", work)
        self.assertEqual(sys.getrefcount(work), before)

    def test_a_function_that_is_unbound_while_it_runs_stays(self):
        entered, leave = threading.Event(), threading.Event()

        class Work:
            def __call__(self, *args):
                entered.set()
                leave.wait(20)
                return self.answer, None

            answer = "1"

        work = Work()
        engine, run = self.run_of(work)
        self.assertTrue(entered.wait(20))
        del work
        engine.bind("worker", None)
        gc.collect()
        leave.set()
        self.assertEqual(run.wait(), 1)

    def test_waiting_has_an_end(self):
        leave = threading.Event()
        engine, run = self.run_of(lambda *a: leave.wait(20) and ("1", None))
        self.assertIsNone(run.wait(0))
        start = time.monotonic()
        self.assertIsNone(run.wait(120))
        self.assertGreaterEqual(time.monotonic() - start, 0.119)
        leave.set()
        self.assertEqual(run.wait(20000), 1)

    def test_a_run_is_cancelled(self):
        entered, leave = threading.Event(), threading.Event()

        def work(*args):
            entered.set()
            leave.wait(20)
            return "1", None

        engine, run = self.run_of(work)
        self.assertTrue(entered.wait(20))
        run.cancel()
        self.assertEqual(_ndf.STATES[run.wait()], "cancelled")
        leave.set()

    def test_interrupting_ends_the_waiting_not_the_run(self):
        entered, leave = threading.Event(), threading.Event()

        def work(*args):
            entered.set()
            leave.wait(20)
            return "1", None

        engine, run = self.run_of(work)
        self.assertTrue(entered.wait(20))
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        with self.assertRaises(KeyboardInterrupt):
            run.wait()
        leave.set()
        self.assertEqual(run.wait(), 1)


class ChooseTest(Case):
    def asked(self):
        engine = self.engine()
        engine.register(AGENT + "---\n" + ASKED)
        return engine

    def test_choices_are_plain_values(self):
        engine = self.engine()
        engine.register(AGENT)
        choices, chosen, reason = engine.select(context("does the work"), 5)
        name, fit, success, confidence, level, executions = choices[0]
        self.assertEqual(name, "worker")
        self.assertTrue(0 < confidence <= fit <= 1)
        self.assertIn(level, (0, 1, 2))
        self.assertEqual(executions, 0)
        self.assertIsInstance(reason, str)
        self.assertIn("worker", engine.why(context("does the work")))
        self.assertIn("worker", engine.explain(context("sleep"), "worker"))

    def test_the_host_is_asked(self):
        engine = self.asked()
        asked = []
        names = lambda ask: [c[0] for c in engine.select(context(), 0, ask)[0]]
        self.assertNotIn("asked", names(None))
        self.assertNotIn("asked", names(lambda name: False))
        self.assertIn("asked", names(lambda name: asked.append(name) or 1))
        self.assertEqual(set(asked), {"asked"})

    def test_what_ask_raises_comes_out_whole(self):
        engine = self.asked()
        boom = ZeroDivisionError("boom")

        def ask(name):
            raise boom

        for call in (engine.select, engine.why):
            try:
                call(context(), 0, ask)
            except ZeroDivisionError as caught:
                self.assertIs(caught, boom)
                frames = traceback.extract_tb(caught.__traceback__)
                self.assertEqual(frames[-1].name, "ask")
            else:
                self.fail("nothing was raised")
        with self.assertRaises(KeyError):
            engine.select(context(), 0, lambda name: {}["x"])

        class Doubtful:
            def __bool__(self):
                raise OverflowError

        with self.assertRaises(OverflowError):
            engine.select(context(), 0, lambda name: Doubtful())
        self.assertTrue(engine.select(context())[0])

    def test_ask_may_call_the_engine(self):
        engine = self.asked()
        inner = []

        def ask(name):
            inner.append(engine.select(context())[0][0][0])
            return True

        engine.select(context(), 0, ask)
        self.assertEqual(set(inner), {"worker"})

    def test_what_is_found_is_found_whole(self):
        engine = self.engine()
        engine.register("---\n".join(
            f"pattern: {'p' * 60}-{i}\nonly_if: {{domain: web, "
            f"attributes: {{size: {{ge: 1}}}}}}\nsteps: [worker]\n"
            for i in range(400)) + "---\n" + AGENT)
        self.assertEqual(len(set(engine.find_domain("web"))), 400)
        self.assertEqual(len(set(engine.find_attribute("size"))), 400)
        self.assertEqual(engine.find_domain("nothing.such"), [])
        alike = engine.find_similar("p" * 60 + "-1", 0.0, 300)
        self.assertEqual(len(alike), 300)
        self.assertTrue(all(0 <= score <= 1 for _, score in alike))
        with self.assertRaises(_ndf.PatternNotFoundError):
            engine.find_similar("nobody", 0.5)

    def test_what_decides_is_configured(self):
        engine = self.engine()
        self.assertIn("threshold", json.loads(engine.configure()))
        self.assertEqual(
            json.loads(engine.configure('{"threshold": 0.75}'))["threshold"],
            0.75)
        with self.assertRaises(_ndf.InvalidPatternError):
            engine.configure('{"no such key": 1}')


class KeepTest(Case):
    def test_bytes_are_kept(self):
        path = str(self.folder / "a.db")
        engine = self.engine(path)
        data = bytes(range(256))
        engine.keep("a/b", data)
        engine.keep("empty", b"")
        self.assertEqual(engine.kept("a/b"), data)
        self.assertEqual(engine.kept("empty"), b"")
        self.assertEqual(json.loads(engine.kept_names()), ["a/b", "empty"])
        engine.keep("empty", None)
        with self.assertRaises(_ndf.PatternNotFoundError):
            engine.kept("empty")
        engine.close()
        self.assertEqual(self.engine(path).kept("a/b"), data)

    def test_a_store_is_carried_over_line_by_line(self):
        engine = self.engine()
        engine.register(AGENT)
        pieces = []
        engine.export(pieces.append)
        self.assertTrue(all(isinstance(piece, bytes) for piece in pieces))
        other = self.engine()
        for line in b"".join(pieces).decode().splitlines():
            other.import_line(line)
        self.assertIn("worker", other.show("worker"))

    def test_what_write_raises_comes_out(self):
        engine = self.engine()
        engine.register(AGENT)
        with self.assertRaises(ZeroDivisionError):
            engine.export(lambda piece: 1 / 0)

    def test_documents_are_loaded_one_by_one(self):
        engine = self.engine()
        engine.register(AGENT)
        document, size, stored, updated_ms = engine.load("worker")
        self.assertEqual(json.loads(document)["agent"], "worker")
        self.assertEqual(size, len(document.encode()))
        self.assertGreater(stored, 0)
        self.assertGreater(updated_ms, 1_600_000_000_000)

    def test_the_rest_answers(self):
        engine = self.engine()
        engine.register(AGENT)
        engine.bind("worker", fine)
        run = engine.start("worker", "{}")
        self.assertEqual(run.wait(), 1)
        engine.rate(run.id, 1)
        engine.record('{"pattern": "worker", "result": "success"}')
        self.assertIn("executions", engine.stats("worker"))
        self.assertTrue(json.loads(engine.stats()))
        engine.reset("worker")
        self.assertTrue(json.loads(engine.metrics()))
        self.assertTrue(json.loads(engine.check())["ok"])
        self.assertIn("runs", json.loads(engine.cleanup(1 << 50)))
        engine.backup(str(self.folder / "b.db"))
        self.assertTrue(json.loads(engine.import_(
            str(self.make_file()), "files", ["true", "${agent.name}"])))
        self.assertEqual(json.loads(engine.refresh()), [])
        self.assertIs(engine.trust(str(self.folder)), False)
        self.assertIs(engine.trust(str(self.folder), 1), True)
        engine.unregister("host/worker")

    def make_file(self):
        path = self.folder / "agents" / "one.yaml"
        path.parent.mkdir()
        path.write_text("agent: one\ndescription: The one.\n")
        return path.parent


if __name__ == "__main__":
    unittest.main()
