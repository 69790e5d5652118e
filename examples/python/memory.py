#!/usr/bin/python3
"""Patterns in little memory: packed, loaded lazily, cached, lent from a pool."""

import functools
import pickle
import tempfile
import zlib

from patterns import PatternPool, PatternStorage, SequentialDelegationPattern


def make(index):
    return SequentialDelegationPattern(
        f"etl.load_{index}", f"Load table {index} into the warehouse",
        steps=[f"extract_{index}", f"check_{index}", f"load_{index}"])


class CompressedPatternStorage(PatternStorage):
    """Packs pickles by itself and keeps them in the same store."""

    def save_pattern(self, pattern):
        data = pickle.dumps(pattern)
        packed = zlib.compress(data, level=6)
        self._save_compressed_data(pattern.name, packed)
        print(f"{pattern.name}: pickled {len(data)}, packed {len(packed)} bytes "
              f"({len(packed) / len(data):.1%})")

    def load_pattern(self, name):
        return pickle.loads(zlib.decompress(self._load_compressed_data(name)))


def packed():
    """NDF's own packing needs no subclass, and no pickle."""
    with PatternStorage() as storage:
        for index in range(3):
            size = storage.save_pattern(make(index))
            print(f"etl.load_{index}: document {size.bytes}, stored "
                  f"{size.stored_bytes} bytes ({size.ratio:.1%})")
    with CompressedPatternStorage() as storage:
        storage.save_pattern(make(0))
        print("and back:", storage.load_pattern("etl.load_0").steps)


def lazy(path):
    """Names cost nothing; a document is read when something of it is used."""
    with PatternStorage(path) as storage:
        for index in range(100):
            storage.save_pattern(make(index))
        patterns = list(storage)
        third = patterns[3]
        print(f"{len(patterns)} patterns, {sum(p.is_loaded for p in patterns)} loaded")
        print(f"{third.name}: {len(third.steps)} steps; now "
              f"{sum(p.is_loaded for p in patterns)} loaded")


def cached(path):
    """functools.lru_cache fits, since a loaded pattern is an object of its
    own."""
    with PatternStorage(path) as storage:
        look_up = functools.lru_cache(maxsize=50)(storage.load_pattern)
        for _ in range(3):
            for index in range(40):
                look_up(f"etl.load_{index}")
        print(look_up.cache_info())


def pooled():
    made = iter(range(1000))
    pool = PatternPool(lambda: make(next(made)), pool_size=10)
    pattern = pool.get_pattern()
    pattern.record_execution(success=True)
    print(pool, pattern)
    pool.return_pattern(pattern)
    print(pool, pattern)


def main():
    packed()
    with tempfile.TemporaryDirectory() as folder:
        lazy(f"{folder}/patterns.db")
        cached(f"{folder}/patterns.db")
    pooled()


if __name__ == "__main__":
    main()
