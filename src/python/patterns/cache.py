"""A bounded cache whose entries age, and a pool of objects used again."""

import collections
import threading
import time

from . import _check


class LookupCache:
    """The least recently used entry goes first; an entry older than the time
    to live is not there. Thread-safe."""

    def __init__(self, size, ttl_seconds):
        self._lock = threading.Lock()
        self._entries = collections.OrderedDict()
        self.resize(size, ttl_seconds)
        self.hits = self.misses = self.evictions = 0

    def resize(self, size, ttl_seconds):
        with self._lock:
            self.size = size
            self.ttl_seconds = ttl_seconds
            while len(self._entries) > size:
                self._entries.popitem(last=False)

    def get(self, key):
        """The value, or None."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and time.monotonic() - entry[0] <= self.ttl_seconds:
                self._entries.move_to_end(key)
                self.hits += 1
                return entry[1]
            self.misses += 1
            self._entries.pop(key, None)
            return None

    def peek(self, key):
        """The value, or None; looking changes nothing."""
        with self._lock:
            entry = self._entries.get(key)
            return None if entry is None else entry[1]

    def put(self, key, value):
        with self._lock:
            if self.size <= 0:
                return
            self._entries[key] = (time.monotonic(), value)
            self._entries.move_to_end(key)
            while len(self._entries) > self.size:
                self._entries.popitem(last=False)
                self.evictions += 1

    def discard(self, key):
        with self._lock:
            self._entries.pop(key, None)

    def clear(self):
        with self._lock:
            self._entries.clear()

    def __len__(self):
        return len(self._entries)

    def stats(self):
        return {
            "size": self.size, "entries": len(self), "hits": self.hits,
            "misses": self.misses, "evictions": self.evictions,
            "hit_rate": self.hit_rate,
        }

    @property
    def hit_rate(self):
        """0..1; NaN before the first look."""
        looks = self.hits + self.misses
        return self.hits / looks if looks else float("nan")


class PatternPool:
    """Objects that are costly to make, made once and lent again and again.

    factory: makes one; pool_size: how many are made at once and kept
    reset: called with an object that comes back; None: its reset_stats, when
        it has one
    """

    def __init__(self, factory, pool_size=100, reset=None):
        self._factory = _check.function(factory, "factory")
        self._reset = reset if reset is None else _check.function(reset, "reset")
        self._lock = threading.Lock()
        self.pool_size = _check.count(pool_size, "pool_size")
        self._free = [factory() for _ in range(pool_size)]
        self.made = pool_size
        self.lent = 0

    def get_pattern(self):
        """One of the pool; a new one when all are lent."""
        with self._lock:
            if self._free:
                self.lent += 1
                return self._free.pop()
        pattern = self._factory()
        with self._lock:
            self.lent += 1
            self.made += 1
        return pattern

    def return_pattern(self, pattern):
        """Resets it and keeps it, unless the pool is full."""
        if self._reset is not None:
            self._reset(pattern)
        elif hasattr(pattern, "reset_stats"):
            pattern.reset_stats()
        with self._lock:
            self.lent -= 1
            if len(self._free) < self.pool_size:
                self._free.append(pattern)

    def __len__(self):
        return len(self._free)

    def __repr__(self):
        return f"<PatternPool {len(self._free)} free, {self.lent} lent, {self.made} made>"
