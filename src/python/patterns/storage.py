"""Patterns in a store, one by one, packed and loaded when they are needed."""

import csv
import io
import time
from typing import NamedTuple

from . import _check, _json, _ndf
from .lazy import LazyPattern, as_pattern
from .monitor import track
from .pattern import revive
from .stats import Stats
from .stored import cleanup
from ._ndf import InvalidPatternError, PatternNotFoundError

_COLUMNS = (
    "pattern", "domain", "executions", "successes", "failures", "success_rate",
    "confidence", "confidence_lower", "last_ms",
)
_KEPT = "pattern/"  # names under which _save_compressed_data keeps bytes


class StoredSize(NamedTuple):
    """Bytes of a pattern's document, and packed as the store keeps it; ratio:
    packed to unpacked."""

    bytes: int
    stored_bytes: int

    @property
    def ratio(self):
        return self.stored_bytes / self.bytes if self.bytes else 1.0


class PatternStorage:
    """Saves patterns with their counts and loads them.

    path: an SQLite file, which the command `ndf` and PatternRegistry(path)
        can read too; None: private, in memory

    Documents are packed with zstd and a dictionary. Subclasses may pack by
    themselves and keep bytes with _save_compressed_data and
    _load_compressed_data. Thread-safe.
    """

    def __init__(self, path=None):
        self._engine = _ndf.Engine(_check.path(path, "path"))
        self._load_count = self._load_ns = 0
        track(self)

    def _flush(self):
        """Nothing waits: each save is done when it returns."""

    def _loads(self):
        return self._load_count, self._load_ns

    def close(self):
        self._engine.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    @property
    def path(self):
        """The file; None: in memory."""
        return self._engine.path

    # ---- saving and loading ------------------------------------------------

    def save_pattern(self, pattern):
        """Keeps a pattern with its counts and, of a subclass, its attributes
        (which must be JSON values); replaces. Returns its StoredSize."""
        pattern = as_pattern(pattern, "save_pattern")
        self._engine.register(pattern._saved(), True)
        return self.stored_size(pattern.name)

    def load_pattern(self, name, lazy=False):
        """A new object of the saved pattern; PatternNotFoundError. lazy: a
        LazyPattern, which is read at its first use."""
        _check.text(name, "a pattern's name")
        if lazy:
            return LazyPattern(self, name)
        start = time.perf_counter_ns()
        text = self._engine.load(name)[0]
        document = _json.decode(text)
        if "pattern" not in document:
            raise PatternNotFoundError(f"{name!r} is an agent, not a pattern")
        pattern = revive(document, text)
        self._load_count += 1
        self._load_ns += time.perf_counter_ns() - start
        return pattern

    def remove_pattern(self, name):
        """PatternNotFoundError."""
        self._engine.unregister(_check.text(name, "a pattern's name"))

    def get_all_pattern_names(self):
        return [item["name"] for item in _json.decode(self._engine.list(1))]

    def __contains__(self, name):
        try:
            return isinstance(name, str) and bool(self._engine.load(name))
        except PatternNotFoundError:
            return False

    def __len__(self):
        return len(self.get_all_pattern_names())

    def __iter__(self):
        """All, as LazyPattern."""
        for name in self.get_all_pattern_names():
            yield LazyPattern(self, name)

    def stored_size(self, name):
        """The StoredSize of a pattern."""
        _check.text(name, "a pattern's name")
        return StoredSize(*self._engine.load(name)[1:3])

    def compression_report(self):
        """Of all patterns: {name: StoredSize}."""
        return {name: self.stored_size(name) for name in self.get_all_pattern_names()}

    def _save_compressed_data(self, name, data):
        """Keeps the bytes of a subclass under a pattern's name, as they
        are."""
        if not isinstance(data, bytes):
            raise InvalidPatternError(
                f"what is kept for {name!r} is bytes, not {type(data).__name__}"
            )
        self._engine.keep(_KEPT + _check.text(name, "a pattern's name"), data)

    def _load_compressed_data(self, name):
        """Those bytes; PatternNotFoundError."""
        try:
            return self._engine.kept(_KEPT + _check.text(name, "a pattern's name"))
        except PatternNotFoundError:
            raise PatternNotFoundError(
                f"nothing is kept for the pattern {name!r}"
            ) from None

    # ---- what was learned ----------------------------------------------------

    def _learned(self):
        """Rows of what is counted: a pattern's own, then by domain. Counts
        that were saved with a pattern stand before those of its runs here."""
        counted = {c["name"]: c for c in _json.decode(self._engine.stats())}
        names = self.get_all_pattern_names()
        for name in names + sorted(counted.keys() - set(names)):
            if name in names:
                stats = self._saved_stats(name)
                if stats.total.executions:
                    yield _row(name, "", stats.total, stats.last_ms)
                    for domain, counts in sorted(stats.domains.items()):
                        yield _row(name, domain, counts, stats.last_ms)
                    continue
            if name in counted:
                each = counted[name]
                yield _row_of_core(name, "", each, each["last_ms"])
                for domain in each["domains"]:
                    yield _row_of_core(name, domain["domain"], domain, each["last_ms"])

    def _saved_stats(self, name):
        """Without an object, whose class may not be loaded here."""
        kept = _json.decode(self._engine.load(name)[0]).get("host", {})
        return Stats.from_dict(kept["stats"]) if "stats" in kept else Stats()

    def export_learning_data(self, path=None, format=None):
        """What was counted, one row a pattern (domain "") and one a pattern
        and domain: pattern, domain, executions, successes, failures,
        success_rate (null: unknown), confidence, confidence_lower (0..1),
        last_ms (wall time of the last one).

        path: a file to write, or None; format: "json", "csv" or "yaml"; None:
        by the path's ending, else json. Returns the text."""
        if format is None:
            format = str(path).rpartition(".")[2] if path is not None else "json"
            format = "yaml" if format == "yml" else format
        writers = {"json": _as_json, "csv": _as_csv, "yaml": _as_yaml}
        if format not in writers:
            raise InvalidPatternError(
                f"learning data is written as json, csv or yaml, not {format!r}"
            )
        text = writers[format](list(self._learned()))
        if path is not None:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        return text

    def cleanup_old_data(self, max_age_days=90):
        """Removes ended runs and outcomes that are older, and what nothing
        refers to any more. Saved patterns and counts stay. Returns {"runs",
        "outcomes", "contents", "bytes", "folders"}: what went."""
        return cleanup(self._engine, max_age_days)

    def __repr__(self):
        where = self.path or "in memory"
        return f"<PatternStorage {where}{', closed' if self._engine.closed else ''}>"


def _row(name, domain, counts, last_ms):
    mean, lower = _ndf.success(counts.wins, counts.known)
    rate = counts.wins / counts.known if counts.known else None
    return dict(zip(_COLUMNS, (
        name, domain, counts.executions, counts.wins, counts.known - counts.wins,
        rate, mean, lower, last_ms,
    )))


def _row_of_core(name, domain, counted, last_ms):
    wins, tries = counted["wins"], counted["tries"]
    return dict(zip(_COLUMNS, (
        name, domain, counted["executions"], wins, tries - wins,
        wins / tries if tries else None, counted["success"],
        counted["success_lower"], last_ms,
    )))


def _as_json(rows):
    return _json.encode(rows, "learning data") + "\n"


def _as_csv(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _as_yaml(rows):
    """A block sequence of maps; scalars as JSON writes them, which is YAML."""
    lines = []
    for row in rows:
        for index, (key, value) in enumerate(row.items()):
            lines.append(f"{'  ' if index else '- '}{key}: {_json.encode(value, key)}\n")
    return "".join(lines) or "[]\n"
