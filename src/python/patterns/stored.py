"""Patterns of a store that this program did not register: read when they are
asked for, and kept for a while."""

import contextlib
import functools
import time

from . import _check, _json
from .cache import LookupCache
from .pattern import INNER, revive
from .stats import Counts, LaterStats
from ._ndf import PatternError, PatternNotFoundError

_LOOK_SECONDS = 0.1
_HOST = "host/"  # before the name of one of this program, where names clash


class StoredPatterns:
    """home: the weak reference of the registry that the objects belong to."""

    def __init__(self, engine, home):
        self._engine = engine
        self._home = home
        self.cache = LookupCache(1000, 3600.0)
        self.load_count = self.load_ns = 0
        self._looked = time.monotonic()

    def look(self):
        """Selecting reads no file; what other processes changed is noticed by
        what does, so that is done now and then."""
        now = time.monotonic()
        if now - self._looked > _LOOK_SECONDS:
            self._looked = now
            self._engine.list(3, 1)

    def get(self, name):
        """Raises what the core says of a name that is not there."""
        home = self._home()
        if home is not None and name.startswith(_HOST):
            mine = home._patterns.get(name[len(_HOST):])
            if mine is not None:
                return mine
        pattern = self.cache.get(name)
        if pattern is None:
            pattern = self._load(name)
            self.cache.put(name, pattern)
        return pattern

    def is_inner(self, name):
        """Whether it is what a pattern that works itself keeps as its steps."""
        try:
            return name.endswith(INNER) and self.get(name)._is_inner
        except PatternError:
            return False

    def has(self, name):
        try:
            self._engine.load(name)
        except PatternNotFoundError:
            return False
        return True

    def preload(self, name):
        """Whether it was not there yet."""
        before = self.load_count
        self.get(name)
        return self.load_count > before

    def preload_frequent(self, names):
        """Reads the fifth of the names that was executed most; their names."""
        known = set(names)
        counted = [
            c for c in _json.decode(self._engine.stats())
            if c["name"] in known and c["executions"]
        ]
        counted.sort(key=lambda c: (-c["executions"], c["name"]))
        room = min(-(-len(names) // 5), self.cache.size)
        return [c["name"] for c in counted[:room] if self.preload(c["name"])]

    def _load(self, name):
        start = time.perf_counter_ns()
        text = self._engine.load(name)[0]
        document = _json.decode(text)
        if "pattern" not in document:
            # A single agent is a pattern of one step.
            document = {
                "pattern": document["agent"],
                "description": document.get("description", ""),
                "steps": [document["agent"]],
            }
            text = _json.encode(document, name)
        pattern = revive(document, text)
        pattern._homes = (self._home,)
        self.load_count += 1
        self.load_ns += time.perf_counter_ns() - start
        if not pattern._stats.total.executions:
            self._take_counts(name, pattern._stats)
        return pattern

    def count_later(self, pattern):
        """What other processes, or an earlier one of this program, counted of a
        pattern that is registered now."""
        if self._engine.path is not None and not pattern._stats.total.executions:
            pattern._stats = LaterStats(functools.partial(self._look_up, pattern.name))

    def _look_up(self, name, stats):
        with contextlib.suppress(PatternError):  # closed, or gone
            self._take_counts(name, stats)

    def _take_counts(self, name, stats):
        """Those of the store, when the document brings none."""
        counted = _json.decode(self._engine.stats(name))
        if counted["executions"]:
            stats.total = _whole(counted)
            stats.last_ms = counted["last_ms"]
            for domain in counted["domains"]:
                stats.domains[domain["domain"]] = _whole(domain)


def _whole(counted):
    """Counts of the store, where they fade, as whole numbers."""
    known = min(round(counted["tries"]), counted["executions"])
    return Counts(counted["executions"], known, min(round(counted["wins"]), known))


def cleanup(engine, max_age_days):
    """What cleanup_old_data does, of a registry and of a storage."""
    _check.number(max_age_days, "max_age_days", 0, 1e6)
    before = int((time.time() - max_age_days * 86400) * 1000)
    return _json.decode(engine.cleanup(before))
