"""Changes that wait to be handed to the core together."""

import threading

from . import _json
from ._ndf import PatternNotFoundError

_BATCH = 10000  # documents or outcomes handed over at once


def outcome_text(name, success, domain, latency_ms, text):
    """One outcome as the core reads it."""
    outcome = {
        "pattern": name,
        "result": {True: "success", False: "failure", None: "unknown"}[success],
        "evidence": "host",
    }
    given = {
        "domain": domain, "text": text,
        "latency_ms": None if latency_ms is None else round(latency_ms),
    }
    outcome.update((k, v) for k, v in given.items() if v is not None)
    return _json.encode(outcome, f"the outcome of {name!r}")


class Pending:
    """In the order in which they came, documents before outcomes; what the
    core refuses stays. Thread-safe."""

    def __init__(self, engine):
        self._engine = engine
        self._lock = threading.RLock()
        self._documents = {}  # name -> text, or None to take it out
        self._outcomes = []

    def __bool__(self):
        return bool(self._documents or self._outcomes)

    def register(self, documents, replace):
        """(name, text) each; at once when the store is a file."""
        if self._engine.path is not None:
            self._engine.register("[" + ",".join(t for _, t in documents) + "]", replace)
            return
        for name, text in documents:
            self.put(name, text)

    def unregister(self, names, known):
        """known: as far as this program knows they are there; then it is fine
        when another process was first."""
        for name in names:
            if self._engine.path is None and known:
                self.put(name, None)
                continue
            try:
                self._engine.unregister(name)
            except PatternNotFoundError:
                if not known:
                    raise

    def put(self, name, text):
        """text None: it is to go."""
        with self._lock:
            self._documents.pop(name, None)
            self._documents[name] = text

    def record(self, outcome):
        if self._engine.path is not None:
            self._engine.record(outcome)
            return
        with self._lock:
            self._outcomes.append(outcome)
            if len(self._outcomes) >= _BATCH:
                self.flush()

    def settle(self):
        """Before a pattern goes: outcomes count for one that is there."""
        if self._outcomes:
            self.flush()

    def flush(self):
        """Returns how many documents the core took in."""
        taken = 0
        with self._lock:
            while self._documents:
                taken += self._flush_some()
            if self._outcomes:
                self._record_all()
                self._outcomes.clear()
        return taken

    def _record_all(self):
        try:
            self._engine.record("[" + ",".join(self._outcomes) + "]")
        except PatternNotFoundError:
            for outcome in self._outcomes:
                try:
                    self._engine.record(outcome)
                except PatternNotFoundError:
                    pass  # its pattern went while it was counted

    def _flush_some(self):
        """One batch of the same kind from the front."""
        adding = next(iter(self._documents.values())) is not None
        batch = []
        for name, text in self._documents.items():
            if (text is not None) != adding or len(batch) == _BATCH:
                break
            batch.append((name, text))
        if adding:
            self._engine.register("[" + ",".join(text for _, text in batch) + "]", True)
        for name, _ in batch:
            if not adding:
                try:
                    self._engine.unregister(name)
                except PatternNotFoundError:
                    pass  # it came and went between two questions
            del self._documents[name]
        return len(batch) if adding else 0
