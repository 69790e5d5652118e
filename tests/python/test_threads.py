"""Threads and processes: hammering, forks, Ctrl-C, kills."""

import os
import signal
import threading
import time
import unittest

from patterns import (
    DelegationPattern,
    PatternError,
    PatternExecutionError,
    PatternRegistry,
    PatternStorage,
)
from support import NDF, Case, child, ndf, nothing, python, sequential

THREADS = 8


class Threads(Case):
    def together(self, work, count=THREADS):
        """Runs work(number) on several threads at once; raises what one did."""
        errors, gate = [], threading.Barrier(count)

        def run(number):
            try:
                gate.wait(10)
                work(number)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive())
        if errors:
            raise errors[0]

    def hammer(self, path, rounds):
        registry = self.registry(sequential("a.base", nothing, description="the base"),
                                 path=path)

        def work(number):
            for i in range(rounds):
                name = f"t{number}.p{i % 5}"
                pattern = sequential(name, ("step", lambda: number), description="paint",
                                     domains=[f"d{number}.**"])
                registry.register_pattern(pattern)
                self.assertTrue(registry.select("paint the base").choices)
                self.assertIs(registry.get_pattern(name), pattern)
                self.assertIn(pattern, registry.find_patterns_by_domain(f"d{number}.x"))
                pattern.record_execution(True)
                if i % 4 == 0:
                    self.assertEqual(registry.executor.execute(name).output, number)
                registry.unregister(pattern)

        self.together(work)
        self.assertEqual(registry.get_all_pattern_names(), ["a.base"])
        self.assertEqual([c.name for c in registry.select("paint the base").choices],
                         ["a.base"])

    def test_hammer_one_registry_in_memory(self):
        self.hammer(None, 60)

    def test_hammer_one_registry_with_a_file(self):
        self.hammer(self.folder() / "a.db", 12)

    def test_ask_predicates_of_their_own(self):
        class Mine(DelegationPattern):
            def matches(self, context):
                return context.attributes["n"] == self.number

            def execute(self, context):
                return self.number

        registry = self.registry()
        for number in range(THREADS):
            pattern = Mine(f"a.p{number}", "numbers")
            pattern.number = number
            registry.register_pattern(pattern)

        def work(number):
            for _ in range(50):
                context = {"text": "numbers", "attributes": {"n": number}}
                names = [c.name for c in registry.select(context).choices]
                self.assertEqual(names, [f"a.p{number}"])

        self.together(work)

    def test_share_one_storage(self):
        with PatternStorage() as storage:
            def work(number):
                for i in range(30):
                    name = f"t{number}.p{i}"
                    storage.save_pattern(sequential(name, "x"))
                    self.assertEqual(storage.load_pattern(name).name, name)

            self.together(work)
            self.assertEqual(len(storage), THREADS * 30)

    def test_close_while_others_work(self):
        registry = PatternRegistry()
        registry.register_pattern(sequential("a.b", nothing, description="words"))

        def work(number):
            try:
                for _ in range(200):
                    if number == 0:
                        time.sleep(0.01)
                        registry.close()
                    registry.select("words")
                    registry.executor.execute("a.b")
            except PatternError:
                pass  # closed, or cancelled by closing

        self.together(work)
        self.assertIn("closed", repr(registry))


class AFork(Case):
    def test_leaves_the_child_an_error_and_the_parent_its_registry(self):
        for path in (None, self.folder() / "a.db"):
            registry = self.registry(sequential("a.b", nothing, description="words"), path=path)
            registry.select("words")
            reader, writer = os.pipe()
            pid = os.fork()
            if pid == 0:
                said = []
                for call in (lambda: registry.select("words"),
                             lambda: registry.executor.execute("a.b"),
                             lambda: registry.unregister("a.b")):
                    try:
                        call()
                        said.append("no error")
                    except PatternError as error:
                        said.append(str(error))
                    except BaseException as error:
                        said.append(repr(error))
                os.write(writer, "\n".join(said).encode())
                os._exit(0)
            os.close(writer)
            with os.fdopen(reader) as pipe:
                said = pipe.read().splitlines()
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
            self.assertGreaterEqual(len(said), 2)
            for sentence in said[:2]:
                self.assertIn("process", sentence)
            self.assertEqual(registry.select("words").choices[0].name, "a.b")
            self.assertTrue(registry.executor.execute("a.b").success)

    @unittest.skipIf("tsan" in os.environ.get("LD_PRELOAD", ""),
                     "ThreadSanitizer knows no threads in a forked child")
    def test_may_open_a_registry_of_its_own_in_memory(self):
        self.registry(sequential("a.b", nothing)).select("x")
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with PatternRegistry() as registry:
                    registry.register_pattern(sequential("a.c", nothing))
                    code = 0 if registry.executor.execute("a.c").success else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)


class CtrlC(Case):
    SCRIPT = """
        import sys, threading, time
        from patterns import *

        def wait(context):
            print("started", flush=True)
            {waiting}

        registry = PatternRegistry()
        registry.register_pattern(SequentialDelegationPattern("a.b", steps=[
            {{"name": "one", "call": lambda c: 1, "undo": {{"agent": "back"}}}},
            ("two", wait)]))
        registry.executor.bind("back", lambda: print("undone", flush=True))
        try:
            {run}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        registry.register_pattern(SequentialDelegationPattern("a.c", steps=[("x", lambda: 5)]))
        print(registry.executor.execute("a.c").output)
        """

    def interrupted(self, run, waiting="time.sleep(1.5)"):
        with child(self.SCRIPT.format(run=run, waiting=waiting)) as process:
            self.assertEqual(process.stdout.readline(), "started\n")
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, err), (0, ""))
        return out.split()

    def test_ends_a_run_and_undoes_it(self):
        said = self.interrupted('registry.executor.execute("a.b")')
        self.assertEqual(said, ["undone", "interrupted", "5"])

    def test_ends_a_batch(self):
        said = self.interrupted('registry.executor.batch_execute([("a.b", None)])')
        self.assertEqual(said, ["undone", "interrupted", "5"])

    def test_ends_what_runs_by_the_pattern_itself(self):
        said = self.interrupted('registry.get_pattern("a.b").execute()')
        self.assertEqual(said, ["undone", "interrupted", "5"])


class AKill(Case):
    """kill -9 in the middle of a run."""

    SCRIPT = """
        import sys, time
        from patterns import *

        path, log, mode = sys.argv[1:]

        def note(word):
            with open(log, "a") as file:
                file.write(word + "\\n")

        def one(context):
            note("one")
            return "first"

        def two(context, call):
            note("two")
            if mode == "hang":
                print(call.run, flush=True)
                time.sleep(60)
            return call.inputs["before"] + " second"

        registry = PatternRegistry(path)
        pattern = SequentialDelegationPattern("a.b", steps=[
            ("one", one),
            {"name": "two", "call": two, "idempotent": True,
             "with": {"before": "${steps.one.output}"}}])
        registry.register_pattern(pattern, replace=True)
        if mode == "hang":
            registry.executor.execute("a.b")
        else:
            print(registry.executor.resume(mode).output)
        """

    def killed(self):
        folder = self.folder()
        path, log = folder / "a.db", folder / "log"
        with child(self.SCRIPT, path, log, "hang") as process:
            run = process.stdout.readline().strip()
            process.kill()
        self.assertTrue(run)
        return path, log, run

    def test_repeats_no_finished_step(self):
        path, log, run = self.killed()
        self.assertEqual(python(self.SCRIPT, path, log, run), "first second\n")
        self.assertEqual(log.read_text().split(), ["one", "two", "two"])

    def test_of_a_step_that_is_not_idempotent_leaves_it_in_doubt(self):
        script = self.SCRIPT.replace('"idempotent": True', '"idempotent": False')
        folder = self.folder()
        path, log = folder / "a.db", folder / "log"
        with child(script, path, log, "hang") as process:
            run = process.stdout.readline().strip()
            process.kill()
        registry = self.registry(path=path)
        with self.refused(PatternExecutionError, "'a.b.two'", "bind it"):
            registry.executor.resume(run)
        for name in ("a.b.one", "a.b.two"):
            registry.executor.bind(name, nothing)
        with self.refused(PatternExecutionError, "doubt") as caught:
            registry.executor.resume(run)
        self.assertEqual(caught.exception.result.state, "in_doubt")
        self.assertEqual(log.read_text().split(), ["one", "two"])

    @unittest.skipUnless(NDF, "NDF does not name the command")
    def test_is_seen_by_the_command(self):
        path, _, run = self.killed()
        self.assertIn(run, ndf("--store", path, "ls", "runs", "--json"))


if __name__ == "__main__":
    unittest.main()
