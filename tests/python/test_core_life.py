"""The extension module: what only C can get wrong.

Life and death of engines and runs, references, threads, forks, and the end of
Python. What needs a process of its own runs in one.
"""

import gc
import json
import os
import sys
import textwrap
import threading
import time
import traceback
import unittest
import weakref

from core_support import (
    AGENT, ASKED, NDF_EFORKED, NDF_ECLOSED, Case, context, fine, python,
    wait_until,
)
from patterns import _ndf


class LifeTest(Case):
    def test_a_closed_engine_says_so(self):
        engine = self.engine()
        self.assertIs(engine.closed, False)
        engine.close()
        engine.close()
        self.assertIs(engine.closed, True)
        for call in (
            lambda: engine.select(context()), lambda: engine.register(AGENT),
            engine.check, lambda: engine.bind("worker", fine), engine.metrics,
            lambda: engine.start("worker", "{}"),
        ):
            with self.assertRaises(_ndf.PatternError) as caught:
                call()
            self.assertEqual(str(caught.exception), "the engine is closed")
            self.assertEqual(caught.exception.code, NDF_ECLOSED)

    def test_what_was_stored_is_there_again(self):
        path = str(self.folder / "a.db")
        engine = self.engine(path)
        self.assertEqual(engine.path, path)
        engine.register(AGENT)
        engine.close()
        again = self.engine(path, 1)
        self.assertIn("worker", [a["name"] for a in json.loads(again.list(2))])

    def test_an_engine_that_goes_closes_its_store(self):
        path = str(self.folder / "a.db")
        engine = _ndf.Engine(path)
        engine.register(AGENT)
        gone = weakref.ref(engine)
        del engine
        self.assertIsNone(gone())
        self.assertFalse(os.path.exists(path + "-wal"))

    def test_without_a_path_it_is_private(self):
        self.assertIsNone(self.engine().path)

    def test_engines_in_circles_are_collected(self):
        def fill(engine):
            engine.bind("worker", lambda *a: engine and ("1", None))
            run = engine.start("worker", "{}", lambda *a: engine)
            engine.bind("other", lambda *a: run and ("1", None))
            return weakref.ref(engine), weakref.ref(run)

        engine_ref, run_ref = fill(_ndf.Engine(None, 0, self.home))
        gc.collect()
        self.assertIsNone(engine_ref())
        self.assertIsNone(run_ref())

    def test_a_running_circle_is_collected_too(self):
        entered, leave = threading.Event(), threading.Event()

        def build():
            engine = _ndf.Engine(None, 0, self.home)
            engine.bind("other", lambda *a: engine)
            engine.bind("worker", work)
            return weakref.ref(engine), engine.start("worker", "{}").id

        def work(*args):
            entered.set()
            leave.wait(20)
            return "1", None

        ref, _ = build()
        self.assertTrue(entered.wait(20))
        threading.Timer(0.05, leave.set).start()
        gc.collect()
        self.assertIsNone(ref())

    def test_a_run_keeps_its_engine(self):
        engine = _ndf.Engine(None, 0, self.home)
        engine.bind("worker", fine)
        run = engine.start("worker", "{}")
        del engine
        self.assertEqual(_ndf.STATES[run.wait()], "succeeded")

    def test_a_run_goes_on_when_it_is_freed(self):
        done = threading.Event()
        engine, run = self.run_of(fine, lambda kind, *a: kind == 11 and done.set())
        del run
        self.assertTrue(done.wait(20))

    def test_closing_inside_of_a_function_is_refused(self):
        said = []

        def work(*args):
            try:
                engine.close()
            except _ndf.PatternError as error:
                said.append(str(error))
            return "1", None

        engine = self.engine()
        engine.bind("worker", work)
        self.assertEqual(engine.start("worker", "{}").wait(), 1)
        self.assertIn("close() waits for the functions", said[0])

        engine.register(AGENT + "---\n" + ASKED, True)
        with self.assertRaisesRegex(_ndf.PatternError, "close\\(\\) waits"):
            engine.select(context(), 0, lambda name: engine.close())
        self.assertIs(engine.closed, False)

    def test_the_last_reference_may_go_inside_of_a_function(self):
        path = str(self.folder / "a.db")
        held = {"engine": _ndf.Engine(path, 0, self.home)}
        started, gone = threading.Event(), threading.Event()

        def work(*args):
            started.wait(20)
            del held["engine"]
            gone.set()
            return "1", None

        held["engine"].bind("worker", work)
        ref = weakref.ref(held["engine"])
        held["engine"].start("worker", "{}")
        started.set()
        self.assertTrue(gone.wait(20))
        self.assertIsNone(ref())
        wait_until(lambda: not os.path.exists(path + "-wal"))


class ThreadTest(Case):
    def all_of(self, *works):
        failed = []

        def guarded(work):
            try:
                work()
            except BaseException:
                failed.append(traceback.format_exc())

        threads = [threading.Thread(target=guarded, args=(w,)) for w in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive())
        self.assertEqual(failed, [])

    def test_eight_threads_select_and_register(self):
        engine = self.engine()
        engine.register(AGENT)

        def work(number):
            for i in range(15):
                engine.register(
                    f"agent: a{number}-{i}\ndescription: Does thing {i}.\n")
                choices, chosen, reason = engine.select(context(f"thing {i}"))
                self.assertTrue(choices)
                self.assertTrue(chosen is None or isinstance(chosen, str))
                json.loads(engine.why(context("thing")))

        self.all_of(*[lambda n=n: work(n) for n in range(8)])
        self.assertEqual(len(json.loads(engine.list(2))), 8 * 15 + 1)

    def test_closing_while_others_call(self):
        engine = self.engine()
        engine.register(AGENT)
        at_work = threading.Barrier(5)

        def work():
            at_work.wait()
            while True:
                try:
                    engine.select(context())
                except _ndf.PatternError as error:
                    self.assertEqual(error.code, NDF_ECLOSED)
                    return

        def close():
            at_work.wait()
            time.sleep(0.05)
            engine.close()
            self.assertIs(engine.closed, True)

        self.all_of(work, work, work, close, close)

    def test_closing_ends_what_waits(self):
        entered = threading.Event()

        def work(*args):
            entered.set()
            time.sleep(0.2)
            return "1", None

        engine, run = self.run_of(work)
        self.assertTrue(entered.wait(20))

        def wait():
            with self.assertRaisesRegex(_ndf.PatternError, "closed"):
                run.wait()

        self.all_of(wait, engine.close)
        with self.assertRaisesRegex(_ndf.PatternError, "closed"):
            run.cancel()
        self.assertTrue(run.id)

    def test_threads_open_and_drop_engines(self):
        def work():
            for _ in range(5):
                engine = _ndf.Engine(None, 0, self.home)
                engine.bind("worker", fine)
                self.assertEqual(engine.start("worker", "{}").wait(), 1)

        self.all_of(*[work] * 4)

    def test_others_run_while_one_waits(self):
        leave = threading.Event()

        def work(*args):
            leave.wait(20)
            return "1", None

        engine, run = self.run_of(work)
        threading.Timer(0.05, leave.set).start()
        self.assertEqual(run.wait(), 1)


class ProcessTest(Case):
    FORK = """
        import os, sys
        from patterns import _ndf
        engine = _ndf.Engine(sys.argv[1])
        engine.bind("worker", lambda *a: ("1", None))
        run = engine.start("worker", "{}", print if False else None)
        run.wait()
        child = os.fork()
        if child == 0:
            for call in (engine.check, run.wait, run.cancel,
                    lambda: engine.bind("x", len), lambda: engine.select("{}")):
                try:
                    call()
                except _ndf.PatternError as error:
                    print(error.code, flush=True)
            ENDING
        _, status = os.waitpid(child, 0)
        print("child", os.waitstatus_to_exitcode(status))
        print("parent", engine.start("worker", "{}").wait(),
            '"ok":true' in engine.check())
    """

    def forked(self, ending):
        script = textwrap.dedent(self.FORK).replace("ENDING", ending)
        out = python(script, str(self.folder / "a.db")).split("\n")
        self.assertEqual(
            out, [str(NDF_EFORKED)] * 5 + ["child 0", "parent 1 True", ""])

    def test_a_forked_child_is_told_and_ends(self):
        self.forked("sys.exit(0)")

    def test_a_forked_child_may_drop_everything(self):
        self.forked("del run; del engine; import gc; gc.collect(); sys.exit(0)")

    def test_a_forked_child_may_close(self):
        self.forked("engine.close(); assert engine.closed; sys.exit(0)")

    def test_a_child_forked_while_threads_call_ends(self):
        python("""
            import os, sys, threading
            from patterns import _ndf
            engine = _ndf.Engine(sys.argv[1])
            engine.register("agent: a\\ndescription: b\\n")
            ended = False
            def work():
                while not ended:
                    engine.select('{"text": "b"}')
            threads = [threading.Thread(target=work) for _ in range(3)]
            for thread in threads: thread.start()
            for _ in range(20):
                child = os.fork()
                if child == 0:
                    try:
                        engine.select("{}")
                    except _ndf.PatternError:
                        del engine
                        sys.exit(3)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
            ended = True
            for thread in threads: thread.join()
        """, str(self.folder / "a.db"))

    def test_python_ends_while_a_run_is_at_work(self):
        out = python("""
            import sys, threading, time
            from patterns import _ndf
            engine = _ndf.Engine(sys.argv[1])
            entered = threading.Event()
            def work(*args):
                entered.set()
                time.sleep(0.2)
                print("worked", flush=True)
                return "1", None
            engine.bind("worker", work)
            run = engine.start("worker", "{}", lambda *a: a)
            entered.wait()
        """, str(self.folder / "a.db"))
        self.assertEqual(out, "worked\n")
        runs = json.loads(self.engine(str(self.folder / "a.db")).list(3))
        self.assertEqual(runs[0]["state"], "cancelled")

    def test_python_ends_while_daemon_threads_call(self):
        python("""
            import threading, time
            from patterns import _ndf
            engine = _ndf.Engine()
            engine.bind("worker", lambda *a: ("1", None))
            def work():
                while True:
                    try:
                        engine.start("worker", "{}").wait()
                    except _ndf.PatternError:
                        return
            for _ in range(4):
                threading.Thread(target=work, daemon=True).start()
            time.sleep(0.1)
        """)

    def test_nothing_is_opened_when_python_ends(self):
        out = python("""
            import atexit
            def late():
                try:
                    _ndf.Engine()
                except _ndf.PatternError as error:
                    print(error)
            atexit.register(late)
            from patterns import _ndf
        """)
        self.assertIn("Python is ending", out)

    def test_an_engine_in_a_module_goes_with_python(self):
        python("""
            import sys
            from patterns import _ndf
            _ndf.engine = _ndf.Engine()
            _ndf.engine.bind("worker", lambda *a: (_ndf, None))
            sys.engine = _ndf.engine
        """)


class MemoryTest(Case):
    """Loops after which nothing more is held than before."""

    def flat(self, work, rounds=60):
        """What Python keeps for the next time comes once, a leak comes again."""
        for _ in range(5):
            gc.collect()
            before = sys.getallocatedblocks(), len(gc.get_objects())
            for _ in range(rounds):
                work()
            gc.collect()
            after = sys.getallocatedblocks(), len(gc.get_objects())
            more = max(now - then for then, now in zip(before, after))
            if more < rounds / 3:
                return
        self.fail(f"{rounds} rounds hold {more} objects more")

    def test_calls_hold_nothing(self):
        engine = self.engine()
        engine.register(AGENT + "---\n" + ASKED)

        def work():
            engine.select(context(), 0, lambda name: True)
            engine.why(context())
            engine.find_domain("web")
            engine.show("worker")
            engine.metrics()
            engine.list(2)
            for call in (
                lambda: engine.unregister("nobody"),
                lambda: engine.register("agent: ["),
                lambda: engine.select("\ud800"),
                lambda: engine.select(context(), 0, lambda name: 1 / 0),
                lambda: engine.import_(".", None, ["a", 1]),
            ):
                try:
                    call()
                except Exception:
                    pass

        self.flat(work)

    def test_engines_and_runs_hold_nothing(self):
        def work():
            engine = _ndf.Engine(None, 0, self.home)
            engine.bind("worker", lambda *a: ("1", None) if engine else None)
            run = engine.start("worker", "{}", lambda *a: engine)
            run.wait()
            try:
                _ndf.Engine(self.home, 1)
            except _ndf.PatternError:
                pass

        self.flat(work, 30)

    def test_runs_of_one_engine_hold_nothing(self):
        engine = self.engine()

        def work():
            engine.bind("worker", lambda *a: ("1", None))
            engine.start("worker", "{}", lambda *a: None).wait()

            def bad(*args):
                raise ValueError("no")

            engine.bind("worker", bad)
            engine.start("worker", "{}").wait()
            try:
                engine.start("nobody", "{}", lambda *a: None)
            except _ndf.PatternError:
                pass

        self.flat(work, 40)

    def test_each_allocation_may_fail(self):
        try:
            import _testcapi
        except ImportError:
            self.skipTest("this Python has no _testcapi")
        engine = self.engine()
        engine.register(AGENT + "---\n" + ASKED)
        text, names = context(), ["a", "b"]
        yes = lambda name: True
        calls = (
            lambda: engine.select(text),
            lambda: engine.select(text, 0, yes),
            lambda: engine.why(text),
            lambda: engine.find_similar("asked", 0.0),
            lambda: engine.bind("worker", yes),
            lambda: engine.register("agent: ["),
            lambda: engine.select("\ud800"),
            lambda: engine.select(3),
            lambda: engine.import_("/nowhere", None, names),
            lambda: engine.export(yes),
            lambda: _ndf.Engine().close(),
        )
        for number, call in enumerate(calls):
            failed = 0
            for nth in range(1, 40):
                _testcapi.set_nomemory(nth, 0)
                try:
                    call()
                except MemoryError:
                    failed += 1
                except (_ndf.PatternError, TypeError):
                    pass
                finally:
                    _testcapi.remove_mem_hooks()
            self.assertLess(failed, 39, f"call {number}")
        self.assertTrue(engine.select(text)[0])

    def test_references_are_given_back(self):
        engine = self.engine()
        work, event = (lambda *a: ("1", None)), (lambda *a: None)
        counts = lambda: [sys.getrefcount(o) for o in (work, event, engine)]
        before = counts()
        engine.bind("worker", work)
        for _ in range(20):
            engine.start("worker", "{}", event).wait()
        engine.bind("worker", None)
        engine.bind("worker", work)
        engine.close()
        self.assertEqual(counts(), before)


if __name__ == "__main__":
    unittest.main()
