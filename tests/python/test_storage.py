"""PatternStorage: one by one, packed, lazily, with what was learned."""

import csv
import io
import json
import pickle
import unittest
import zlib

from patterns import (
    DelegationPattern,
    InvalidPatternError,
    LazyPattern,
    MetaOrchestrationPattern,
    ParallelCoordinationPattern,
    PatternContext,
    PatternError,
    PatternNotFoundError,
    PatternRegistry,
    PatternStorage,
    SequentialDelegationPattern,
    StoredSize,
)
from support import NDF, Case, ndf, nothing, python, sequential

try:
    import yaml
except ImportError:
    yaml = None


class Coloured(SequentialDelegationPattern):
    def __init__(self, name, colour):
        super().__init__(name, "a pattern with a colour", steps=["x"])
        self.colour = colour

    def matches(self, context):
        return context.has_attribute("colour", self.colour)


class Working(DelegationPattern):
    def execute(self, context):
        return "worked"


class StorageCase(Case):
    def storage(self, path=None):
        storage = PatternStorage(path)
        self.addCleanup(storage.close)
        return storage


class APattern(StorageCase):
    def test_comes_back_as_it_was(self):
        meta = MetaOrchestrationPattern("a.meta", strategy="careful")
        meta.add_phase("one", ["a.b"])
        patterns = [
            sequential("a.steps", "x", ("y", {"agent": "z"}), domains=["w.**"],
                       timeout_seconds=5, rollback_enabled=False),
            ParallelCoordinationPattern("a.tasks", tasks=["x", {"name": "y", "needs": ["x"]}]),
            meta,
        ]
        for path in (None, self.folder() / "a.db"):
            storage = self.storage(path)
            for pattern in patterns:
                pattern.record_execution(True, "w.x", 5)
                storage.save_pattern(pattern)
                loaded = storage.load_pattern(pattern.name)
                self.assertIs(type(loaded), type(pattern))
                self.assertIsNot(loaded, pattern)
                for name in ("name", "description", "kind", "domains", "execution_count",
                             "success_rate", "confidence_score"):
                    self.assertEqual(getattr(loaded, name), getattr(pattern, name), name)
            self.assertEqual(storage.load_pattern("a.steps").timeout_seconds, 5)
            self.assertFalse(storage.load_pattern("a.steps").rollback_enabled)
            self.assertEqual(storage.load_pattern("a.tasks").dependencies, {"y": ["x"]})
            self.assertEqual(storage.load_pattern("a.meta").phases, ["one"])

    def test_of_a_subclass_keeps_its_attributes(self):
        storage = self.storage()
        storage.save_pattern(Coloured("a.red", "red"))
        loaded = storage.load_pattern("a.red")
        self.assertEqual(loaded.colour, "red")
        self.assertTrue(loaded.matches(PatternContext(attributes={"colour": "red"})))
        storage.save_pattern(Working("a.work"))
        registry = self.registry(storage.load_pattern("a.work"))
        self.assertEqual(registry.executor.execute("a.work").output, "worked")

    def test_with_an_attribute_that_is_no_json_is_refused(self):
        pattern = Coloured("a.red", {"a", "set"})
        with self.refused(InvalidPatternError, "'a.red'", "colour", "set"):
            self.storage().save_pattern(pattern)

    def test_is_replaced_and_removed(self):
        storage = self.storage()
        storage.save_pattern(sequential("a.b", "x"))
        storage.save_pattern(sequential("a.b", "y"))
        self.assertEqual(storage.load_pattern("a.b").steps, ["y"])
        self.assertIn("a.b", storage)
        storage.remove_pattern("a.b")
        self.assertNotIn("a.b", storage)
        self.assertEqual(len(storage), 0)
        with self.refused(PatternNotFoundError, "'a.b'"):
            storage.remove_pattern("a.b")

    def test_that_is_none_is_refused(self):
        storage = self.storage()
        for thing in (None, 1, "a.b", {"pattern": "a.b"}):
            with self.refused(InvalidPatternError, "pattern", type(thing).__name__):
                storage.save_pattern(thing)
        with self.refused(InvalidPatternError, "nothing to do"):
            storage.save_pattern(DelegationPattern("a.b"))
        for name in (None, 1, b"a", ["a"]):
            for call in (storage.load_pattern, storage.remove_pattern, storage.stored_size,
                         storage._load_compressed_data):
                with self.refused(InvalidPatternError, "name", type(name).__name__):
                    call(name)
            self.assertNotIn(name, storage)
        for call in (storage.load_pattern, storage.stored_size):
            with self.refused(PatternNotFoundError, "'a.missing'"):
                call("a.missing")

    def test_says_what_it_takes(self):
        storage = self.storage()
        size = storage.save_pattern(
            sequential("a.b", *(f"step_{i}" for i in range(200)), description="words " * 50))
        self.assertIsInstance(size, StoredSize)
        self.assertTrue(0 < size.stored_bytes < size.bytes)
        self.assertAlmostEqual(size.ratio, size.stored_bytes / size.bytes)
        self.assertEqual(storage.compression_report(), {"a.b": size})
        self.assertEqual(storage.stored_size("a.b"), size)

    def test_of_a_closed_storage_is_refused(self):
        storage = PatternStorage()
        storage.close()
        storage.close()
        for call in (lambda: storage.save_pattern(sequential("a.b", "x")),
                     lambda: storage.load_pattern("a.b"), storage.get_all_pattern_names):
            with self.refused(PatternError, "closed"):
                call()
        self.assertIn("closed", repr(storage))

    def test_is_of_a_class_that_must_be_loaded(self):
        storage = self.storage()

        class Local(SequentialDelegationPattern):
            pass

        storage.save_pattern(Local("a.b", steps=["x"]))
        self.assertIs(type(storage.load_pattern("a.b")), Local)
        path = self.folder() / "a.db"
        with PatternStorage(path) as first:
            first.save_pattern(Coloured("a.red", "red"))


        said = python("""
            import sys
            from patterns import *
            try:
                PatternStorage(sys.argv[1]).load_pattern("a.red")
            except PatternError as error:
                print(type(error).__name__, error)
            print("test_storage" in sys.modules)
            """, path)
        self.assertIn("test_storage", said)
        self.assertTrue(said.startswith("InvalidPatternError"), said)
        self.assertTrue(said.endswith("False\n"), said)


class ALazyPattern(StorageCase):
    def test_is_read_at_its_first_use(self):
        storage = self.storage()
        storage.save_pattern(sequential("a.b", "x", description="words"))
        lazy = storage.load_pattern("a.b", lazy=True)
        self.assertIsInstance(lazy, LazyPattern)
        self.assertEqual((lazy.name, lazy.is_loaded), ("a.b", False))
        self.assertIn("LazyPattern 'a.b'", repr(lazy))
        self.assertFalse(lazy.is_loaded)
        self.assertEqual(lazy.steps, ["x"])
        self.assertTrue(lazy.is_loaded)
        lazy.description = "other"
        self.assertEqual(lazy.load().description, "other")
        self.assertIs(lazy.load(), lazy.load())

    def test_of_nothing_says_so_then(self):
        lazy = self.storage().load_pattern("a.missing", lazy=True)
        with self.refused(PatternNotFoundError, "'a.missing'"):
            lazy.steps

    def test_pickles_as_what_it_stands_for(self):
        storage = self.storage()
        storage.save_pattern(sequential("a.b", "x"))
        twin = pickle.loads(pickle.dumps(storage.load_pattern("a.b", lazy=True)))
        self.assertIsInstance(twin, SequentialDelegationPattern)

    def test_is_taken_where_a_pattern_is(self):
        storage, other = self.storage(), self.storage()
        storage.save_pattern(sequential("a.b", ("x", nothing)))
        registry = self.registry()
        for lazy in storage:
            registry.register_pattern(lazy)
        registry.executor.bind("a.b.x", nothing)
        lazy = storage.load_pattern("a.b", lazy=True)
        other.save_pattern(lazy)
        self.assertIn("a.b", other)
        self.assertTrue(registry.executor.execute("a.b").success)
        self.assertEqual(registry.get_pattern_analytics(lazy).name, "a.b")

    def test_comes_from_iterating(self):
        storage = self.storage()
        for index in range(20):
            storage.save_pattern(sequential(f"a.p{index}", "x"))
        lazies = list(storage)
        self.assertEqual(len(lazies), 20)
        self.assertFalse(any(each.is_loaded for each in lazies))
        self.assertEqual({each.name for each in lazies}, set(storage.get_all_pattern_names()))


class OwnBytes(StorageCase):
    class Packed(PatternStorage):
        def save_pattern(self, pattern):
            self._save_compressed_data(pattern.name, zlib.compress(pickle.dumps(pattern)))

        def load_pattern(self, name):
            return pickle.loads(zlib.decompress(self._load_compressed_data(name)))

    def test_of_a_subclass_come_back(self):
        for path in (None, self.folder() / "a.db"):
            with self.Packed(path) as storage:
                storage.save_pattern(sequential("a.b", "x", "y"))
                self.assertEqual(storage.load_pattern("a.b").steps, ["x", "y"])
        with self.Packed(path) as storage:
            self.assertEqual(storage.load_pattern("a.b").steps, ["x", "y"])

    def test_are_any_bytes(self):
        storage = self.storage()
        for data in (b"", b"\0\xff", bytes(range(256)) * 4096):
            storage._save_compressed_data("name", data)
            self.assertEqual(storage._load_compressed_data("name"), data)

    def test_that_are_none_are_refused(self):
        storage = self.storage()
        with self.refused(InvalidPatternError, "'name'", "bytes", "str"):
            storage._save_compressed_data("name", "text")
        with self.refused(PatternNotFoundError, "'name'"):
            storage._load_compressed_data("name")


class LearningData(StorageCase):
    def setUp(self):
        self.store = self.storage()
        pattern = sequential("a.b", "x")
        for success in (True, True, False, None):
            pattern.record_execution(success, "w.x")
        self.store.save_pattern(pattern)

    def test_is_written_as_json(self):
        rows = json.loads(self.store.export_learning_data())
        self.assertEqual([(r["pattern"], r["domain"]) for r in rows],
                         [("a.b", ""), ("a.b", "w.x")])
        self.assertEqual((rows[0]["executions"], rows[0]["successes"], rows[0]["failures"]),
                         (4, 2, 1))
        self.assertAlmostEqual(rows[0]["success_rate"], 2 / 3)
        self.assertLess(rows[0]["confidence_lower"], rows[0]["confidence"])

    def test_is_written_as_csv_by_the_ending(self):
        path = self.folder() / "out.csv"
        text = self.store.export_learning_data(path)
        self.assertEqual(path.read_text(), text)
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([r["executions"] for r in rows], ["4", "4"])

    @unittest.skipUnless(yaml, "python3-yaml is not there")
    def test_is_written_as_yaml(self):
        for path in (self.folder() / "out.yml", self.folder() / "out.yaml"):
            text = self.store.export_learning_data(path)
            self.assertEqual(yaml.safe_load(text), json.loads(self.store.export_learning_data()))
        self.assertEqual(yaml.safe_load(self.storage().export_learning_data(format="yaml")), [])

    def test_in_another_format_is_refused(self):
        for given in ({"format": "xml"}, {"path": "out.txt"}, {"format": 1}):
            with self.refused(InvalidPatternError, "json, csv or yaml"):
                self.store.export_learning_data(**given)

    def test_of_runs_is_there_too(self):
        path = self.folder() / "a.db"
        with PatternRegistry(path) as registry:
            registry.register_pattern(sequential("a.b", nothing))
            registry.executor.execute("a.b", {"domain": "w.x"}).rate(True)
        rows = json.loads(self.storage(path).export_learning_data())
        self.assertEqual([r["executions"] for r in rows], [1, 1])

    def test_is_cleaned_up_by_age(self):
        path = self.folder() / "a.db"
        with PatternRegistry(path) as registry:
            registry.register_pattern(sequential("a.b", nothing))
            run = registry.executor.execute("a.b").run_id
            storage = self.storage(path)
            self.assertEqual(storage.cleanup_old_data(1)["runs"], 0)
            # It ended in this very millisecond, and its owner is just letting go.
            while (report := storage.cleanup_old_data(0))["runs"] == 0:
                pass
            self.assertEqual(report["runs"], 1)
            self.assertEqual(set(report), {"runs", "outcomes", "contents", "bytes", "folders"})
            with self.assertRaises(PatternNotFoundError):
                registry.executor.result(run)
            self.assertIn("a.b", storage)
        for age in (-1, "x", None, True, float("nan")):
            with self.subTest(age), self.refused(InvalidPatternError, "max_age_days"):
                storage.cleanup_old_data(age)


class AFile(StorageCase):
    def test_is_read_by_a_registry(self):
        path = self.folder() / "a.db"
        with PatternStorage(path) as storage:
            pattern = sequential("a.b", "x", description="some work")
            pattern.record_execution(True)
            storage.save_pattern(pattern)
            self.assertEqual(storage.path, str(path))
        registry = self.registry(path=path)
        self.assertEqual(registry.get_pattern("a.b").execution_count, 1)
        self.assertEqual(registry.select("some work").choices[0].name, "a.b")

    @unittest.skipUnless(NDF, "NDF does not name the command")
    def test_is_read_by_the_command(self):
        path = self.folder() / "a.db"
        with PatternStorage(path) as storage:
            storage.save_pattern(Coloured("a.red", "red"))
            storage.save_pattern(sequential("a.b", "x"))
        self.assertIn("a.b", ndf("--store", path, "ls", "--json"))
        self.assertIn("a.red", ndf("--store", path, "show", "a.red", "--json"))


if __name__ == "__main__":
    unittest.main()
