"""Pickles, copies and weak references of patterns and errors."""

import copy
import gc
import pickle
import unittest
import weakref

import patterns
from patterns import (
    DelegationPattern,
    InvalidPatternError,
    MetaOrchestrationPattern,
    ParallelCoordinationPattern,
    PatternAlreadyExistsError,
    PatternConfig,
    PatternContext,
    PatternError,
    SequentialDelegationPattern,
)
from support import Case, nothing, python, sequential


class Owned(SequentialDelegationPattern):
    def __init__(self, name, owner):
        super().__init__(name, steps=["x", ("y", nothing)])
        self.owner = owner

    def execute(self, context):
        return self.owner


def made():
    meta = MetaOrchestrationPattern("a.meta")
    meta.add_phase("one", ["a.b"])
    return [
        sequential("a.steps", "x", ("y", nothing), domains=["w.**"]),
        ParallelCoordinationPattern("a.tasks", tasks=["x", {"name": "y", "needs": ["x"]}]),
        meta, Owned("a.owned", {"name": ["me"]}),
    ]


class APickle(Case):
    def test_brings_back_all(self):
        for pattern in made():
            pattern.record_execution(True, "w.x", 3)
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
                twin = pickle.loads(pickle.dumps(pattern, protocol))
                self.assertIs(type(twin), type(pattern))
                self.assertEqual(twin.document, pattern.document)
                self.assertEqual(twin.execution_count, 1)
                self.assertEqual(twin.confidence_score, pattern.confidence_score)

    def test_brings_functions_by_name(self):
        twin = pickle.loads(pickle.dumps(sequential("a.b", ("step", nothing))))
        registry = self.registry(twin)
        self.assertTrue(registry.executor.execute("a.b").success)
        with self.assertRaises((pickle.PicklingError, AttributeError)):
            pickle.dumps(sequential("a.b", ("step", lambda: 1)))

    def test_brings_attributes_of_a_subclass(self):
        twin = pickle.loads(pickle.dumps(Owned("a.owned", {"name": ["me"]})))
        self.assertEqual(twin.owner, {"name": ["me"]})
        registry = self.registry(twin)
        self.assertEqual(registry.executor.execute("a.owned").output, {"name": ["me"]})

    def test_belongs_to_no_registry(self):
        pattern = sequential("a.b", nothing)
        registry = self.registry(pattern)
        twin = pickle.loads(pickle.dumps(pattern))
        with self.refused(PatternAlreadyExistsError, "a.b"):
            registry.register_pattern(twin)
        registry.register_pattern(twin, replace=True)
        self.assertIs(registry.get_pattern("a.b"), twin)

    def test_of_another_version_or_thing_is_refused(self):
        for state in (None, 1, [], {}, {"version": 2}, {"version": "1"}):
            pattern = SequentialDelegationPattern.__new__(SequentialDelegationPattern)
            with self.subTest(state), self.refused(InvalidPatternError, "version"):
                pattern.__setstate__(state)

    def test_that_is_damaged_is_refused(self):
        good = sequential("a.b", "x").__getstate__()
        table = ({"spec": None}, {"spec": {}}, {"spec": {"pattern": "a b", "steps": ["x"]}},
                 {"spec": {"pattern": "a.b", "steps": {1}}}, {"calls": 1}, {"stats": {}},
                 {"stats": None}, {"state": 1}, {"state": None}, {"spec": [1]})
        for change in table:
            pattern = SequentialDelegationPattern.__new__(SequentialDelegationPattern)
            with self.subTest(**change), self.refused(InvalidPatternError):
                pattern.__setstate__({**good, **change})
        for key in ("spec", "calls", "stats", "state"):
            state = dict(good)
            del state[key]
            pattern = SequentialDelegationPattern.__new__(SequentialDelegationPattern)
            with self.refused(InvalidPatternError, "damaged", key):
                pattern.__setstate__(state)

    def test_whose_bytes_are_damaged_never_crashes(self):
        data = pickle.dumps(sequential("a.b", "x", domains=["w.**"]))
        for at in range(0, len(data), 3):
            broken = bytearray(data)
            broken[at] ^= 0x15
            try:
                found = pickle.loads(bytes(broken))
            except Exception:
                continue  # pickle itself says what is wrong with it
            if isinstance(found, DelegationPattern):
                self.assertTrue(found.name)

    def test_is_read_by_another_process(self):
        path = self.folder() / "p.pickle"
        path.write_bytes(pickle.dumps(sequential("a.b", "x", description="words")))
        said = python("""
            import pickle, sys
            pattern = pickle.load(open(sys.argv[1], "rb"))
            print(pattern.name, pattern.steps, pattern.description)
            """, path)
        self.assertEqual(said, "a.b ['x'] words\n")


class ACopy(Case):
    def test_is_independent(self):
        for pattern in made():
            pattern.record_execution(True)
            for twin in (copy.copy(pattern), copy.deepcopy(pattern)):
                self.assertIs(type(twin), type(pattern))
                self.assertEqual(twin.document, pattern.document)
                twin.record_execution(True)
                twin.description = "new"
                self.assertEqual(pattern.execution_count, 1)
                self.assertNotEqual(pattern.description, "new")

    def test_shares_functions_and_no_attributes(self):
        pattern = Owned("a.owned", {"name": ["me"]})
        twin = copy.deepcopy(pattern)
        twin.owner["name"].append("you")
        self.assertEqual(pattern.owner, {"name": ["me"]})
        work = sequential("a.b", ("step", lambda: "same"))
        registry = self.registry(copy.deepcopy(work))
        self.assertEqual(registry.executor.execute("a.b").output, "same")

    def test_of_a_registered_pattern_is_not_registered(self):
        pattern = sequential("a.b", nothing, description="old")
        registry = self.registry(pattern)
        twin = copy.copy(pattern)
        twin.description = "new"
        self.assertEqual(registry.get_pattern("a.b").description, "old")


class AWeakReference(Case):
    def test_goes_with_its_object(self):
        for thing in (sequential("a.b", nothing), PatternContext(), patterns.PatternStorage(),
                      patterns.PatternRegistry()):
            reference = weakref.ref(thing)
            self.assertIs(reference(), thing)
        del thing
        gc.collect()
        self.assertIsNone(reference())


class Values(Case):
    def test_that_finding_gives_pickle(self):
        registry = self.registry(sequential("a.b", "x", description="words"),
                                 sequential("a.c", "x", description="words"))
        selection = registry.select("words")
        self.assertEqual(pickle.loads(pickle.dumps(selection)), selection)
        similar = registry.find_similar_patterns("a.b", 0.1)
        self.assertEqual(pickle.loads(pickle.dumps(similar))[0].similarity,
                         similar[0].similarity)
        config = PatternConfig(threshold=0.5)
        self.assertEqual(pickle.loads(pickle.dumps(config)), config)

    def test_that_hold_an_engine_do_not(self):
        for thing in (self.registry(), self.registry().executor, patterns.PatternStorage()):
            with self.assertRaises(TypeError):
                pickle.dumps(thing)


class AnError(Case):
    def test_pickles_with_its_place(self):
        try:
            DelegationPattern.from_document({"pattern": "a.b", "steps": [], "colour": 1})
        except PatternError as error:
            twin = pickle.loads(pickle.dumps(error))
            self.assertIs(type(twin), InvalidPatternError)
            self.assertEqual(str(twin), str(error))
            self.assertEqual((twin.code, twin.line), (error.code, error.line))
        else:
            self.fail("it was not raised")


if __name__ == "__main__":
    unittest.main()
