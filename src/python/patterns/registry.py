"""The registry: patterns by name, and the choice among them.

In memory, what is registered is found by name at once, and handed to the core
with all other changes when the core is next asked. With a path each change is
on disk before the call returns.
"""

import contextlib
import threading
import time
import weakref

from . import _check, _json, _ndf
from .calls import Calls
from .choice import Choice, Selection, SimilarPattern
from .config import HINT_LISTS, configured, hinted, lookup_settings, lookup_stats
from .context import as_context
from .lazy import as_pattern
from .listeners import Listeners
from .monitor import track
from .pattern import lawful, names_of, refuse_shared
from .pending import Pending, outcome_text
from .stats import ConfidenceLevel, PatternAnalytics
from .stored import StoredPatterns, cleanup
from ._ndf import (
    ConfidenceThresholdError,
    InvalidPatternError,
    PatternAlreadyExistsError,
    PatternError,
    PatternNotFoundError,
)

_DOMAINS_KEPT = 4096


class PatternRegistry:
    """Patterns by name, found by domain and likeness, chosen for a context.

    path: a store file, shared with the command `ndf` and other processes;
        None: private, in memory
    config: a PatternConfig
    home: the user's data folder (list of trusted folders); None: the usual one

    Thread-safe. Close it, use it in a `with`, or let it go.
    """

    def __init__(self, path=None, config=None, *, home=None):
        self._engine = _ndf.Engine(
            _check.path(path, "path"), home=_check.path(home, "home")
        )
        self._lock = threading.RLock()
        self._patterns = {}
        self._pending = Pending(self._engine)
        self._listeners = Listeners()
        # Whether the core may have patterns that are no objects here.
        self._others = self._engine.path is not None
        self._by_domain = {}  # domain -> list, until the registry changes
        self._self = weakref.ref(self)
        self._stored = StoredPatterns(self._engine, self._self)
        self._calls = Calls(self._engine)
        self._executor = None
        self._active = {}  # run id -> what is under way, of all executors
        self._levels = (0.5, 0.8)
        track(self)
        if config is not None:
            self.configure(config)

    # ---- life -------------------------------------------------------------

    def close(self):
        """Ends what runs and lets the store go. Every later call raises
        PatternError."""
        if not self._calls.is_inside:  # the engine refuses that
            self._calls.close()
        self._engine.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    @property
    def path(self):
        """The store's file; None: in memory."""
        return self._engine.path

    @property
    def executor(self):
        """A PatternExecutor of this registry, made when it is first asked
        for."""
        from .executor import PatternExecutor

        with self._lock:
            if self._executor is None:
                self._executor = PatternExecutor(self)
            return self._executor

    def __len__(self):
        return len(self.get_all_pattern_names())

    def __contains__(self, name):
        known = isinstance(name, str) and name in self._patterns
        if known or not self._others or not isinstance(name, str):
            return known
        return self._stored.has(name)

    def __iter__(self):
        """The patterns, in the order of get_all_pattern_names."""
        for name in self.get_all_pattern_names():
            yield self.get_pattern(name)

    def __repr__(self):
        where = self.path or "in memory"
        if self._engine.closed:
            return f"<PatternRegistry {where}, closed>"
        return f"<PatternRegistry {where}, {len(self)} patterns>"

    # ---- changes ------------------------------------------------------------

    def register_pattern(self, pattern, replace=False):
        """Adds a pattern. Raises PatternAlreadyExistsError when the name is
        taken (unless replace), InvalidPatternError for what is no pattern."""
        pattern = as_pattern(
            pattern, "register_pattern",
            ": make one of your data with DelegationPattern.from_document",
        )
        self._put(pattern, replace)
        if self._listeners:
            self._listeners.tell("registered", pattern.name)

    def _put(self, pattern, replace):
        documents = pattern._documents()
        functions = pattern._functions()
        name = documents[0][0]
        with self._lock:
            old = self._patterns.get(name)
            if old is not None and not replace:
                raise PatternAlreadyExistsError(
                    f"pattern {name!r} is registered already: take another "
                    "name, or register it with replace=True"
                )
            refuse_shared(self._patterns, documents)
            if self._engine.closed:
                raise PatternError("the registry is closed")
            try:
                self._calls.bind_all(functions)
                self._pending.register(documents, replace)
            except BaseException:
                self._calls.unbind_all(functions)
                if old is not None:
                    self._calls.bind_all(old._functions())
                raise
            finally:
                self._stored.cache.discard(name)
            if old is not pattern:
                if old is not None:
                    self._leave(old)
                    self._calls.bind_all(functions)  # some were the old one's, too
                self._patterns[name] = pattern
                self._stored.count_later(pattern)
                living = tuple(home for home in pattern._homes if home() is not None)
                pattern._homes = living + (self._self,)
            self._forget_found()

    def register_patterns(self, patterns):
        """Adds several, in their order; returns how many."""
        count = 0
        for count, pattern in enumerate(patterns, 1):
            self.register_pattern(pattern)
        return count

    def unregister(self, pattern):
        """Takes a pattern (or its name) out; counts stay in the store. Raises
        PatternNotFoundError."""
        name = getattr(pattern, "name", pattern)
        with self._lock:
            self._pending.settle()
            old = self._patterns.get(name) if isinstance(name, str) else None
            if old is None and not (self._others and isinstance(name, str)):
                raise self._unknown(name)
            documents = [(name, "")] if old is None else old._documents()
            self._pending.unregister([each for each, _ in documents], old is not None)
            self._stored.cache.discard(name)
            if old is not None:
                del self._patterns[name]
                self._leave(old)
            self._forget_found()
        if self._listeners:
            self._listeners.tell("unregistered", name)

    unregister_pattern = unregister

    def _leave(self, pattern):
        pattern._homes = tuple(h for h in pattern._homes if h is not self._self)
        self._calls.unbind_all(pattern._functions())

    def _changed(self, pattern):
        """A registered pattern has a new document."""
        with self._lock:
            if self._patterns.get(pattern.name) is pattern:
                self._put(pattern, True)
        if self._listeners:
            self._listeners.tell("changed", pattern.name)

    def _at_hand(self, name):
        """The object of that name, if there is one already."""
        return self._patterns.get(name) or self._stored.cache.peek(name)

    def _unknown(self, name):
        """The error of the core, which knows the nearest name."""
        if not isinstance(name, str):
            return PatternNotFoundError(
                f"a pattern's name is a str, not {type(name).__name__}"
            )
        try:
            self._flush()
            self._engine.stats(name)
        except (PatternError, ValueError) as error:
            if isinstance(error, PatternError):
                return error
        return PatternNotFoundError(f"there is no pattern {name!r}")

    def _flush(self):
        """Hands what waits to the core. With a path nothing waits."""
        if self._pending:
            self._pending.flush()
        elif self._engine.path is not None:
            self._stored.look()

    # ---- finding -------------------------------------------------------------

    def get_pattern(self, name):
        """The pattern of that name; PatternNotFoundError names the nearest.
        Served from memory; with a path, one that is not there is read from the
        store and kept in the lookup cache."""
        try:
            pattern = self._patterns[name]
        except (KeyError, TypeError):
            pattern = self._load(name)
        pattern._uses += 1
        pattern._used_at = time.monotonic()
        return pattern

    def _load(self, name):
        if not self._others or not isinstance(name, str):
            raise self._unknown(name) from None
        try:
            return self._stored.get(name)
        except PatternNotFoundError:
            raise self._unknown(name) from None

    def _all(self, names):
        found = []
        for name in names:
            pattern = self._patterns.get(name)
            if pattern is None and self._others and not self._is_inner(name):
                pattern = self._load(name)
            if pattern is not None:
                found.append(pattern)
        return found

    def _is_inner(self, name):
        return name not in self._patterns and self._stored.is_inner(name)

    def find_patterns_by_domain(self, domain):
        """Those that name the domain, or a glob over it, in their law or taste
        (`domains`, `only_if`, `good_for`), in the order of registration."""
        known = self._by_domain
        try:
            return known[domain].copy()
        except (KeyError, TypeError):
            pass
        _check.text(domain, "a domain")
        self._flush()
        found = self._all(self._engine.find_domain(domain))
        if not self._others:
            if len(known) == _DOMAINS_KEPT:
                known.clear()
            known[domain] = found
            found = found.copy()
        return found

    def find_patterns_by_attribute(self, attribute):
        """Those whose law or taste asks for the attribute."""
        _check.text(attribute, "an attribute's name")
        self._flush()
        return self._all(self._engine.find_attribute(attribute))

    def find_similar_patterns(self, pattern, threshold=0.3, limit=10):
        """Those like a pattern (or its name), as SimilarPattern, best first:
        likeness of words and of predicates, 0..1, at least threshold."""
        name = _check.text(getattr(pattern, "name", pattern), "a pattern's name")
        _check.number(threshold, "threshold", 0, 1)
        _check.count(limit, "limit")
        self._flush()
        pairs = self._engine.find_similar(name, threshold, limit)
        scores = dict(pairs)
        return [
            SimilarPattern(p, scores[p.name])
            for p in self._all([name for name, _ in pairs])
            if p.name in scores
        ]

    def _forget_found(self):
        """What a question under way fills is left to it, and new ones begin
        anew."""
        self._by_domain = {}

    def get_all_pattern_names(self):
        """In the order of registration; with a path, or when something was
        imported, by name, with the agents of the store among them."""
        if not self._others:
            return list(self._patterns)
        self._flush()
        names = [
            item["name"]
            for kind in (1, 2)
            for item in _json.decode(self._engine.list(kind))
        ]
        return sorted(name for name in names if not self._is_inner(name))

    # ---- choosing ----------------------------------------------------------------

    def _ask(self, context):
        """What the core asks of patterns that define `matches`; None when
        there are none."""

        def ask(name):
            pattern = self._patterns.get(name)
            if pattern is None and self._others:
                try:
                    pattern = self._load(name)
                except (InvalidPatternError, PatternNotFoundError):
                    pass  # of a class that is not loaded here, or just gone
            if pattern is None or not pattern._asks:
                return False
            before = getattr(lawful, "found", None)
            lawful.found = (id(pattern), id(context))
            try:
                return pattern.matches(context)
            finally:
                lawful.found = before

        return ask

    def select(self, context, limit=10):
        """Ranks the patterns for a context (a PatternContext, a dict, or the
        task as a str) and says which one would be taken: a Selection."""
        context = as_context(context)
        _check.count(limit, "limit")
        self._flush()
        choices, chosen, reason = self._engine.select(
            context.to_json(), limit, self._ask(context)
        )
        selection = Selection(
            [Choice(*c[:4], ConfidenceLevel(c[4]), c[5]) for c in choices],
            chosen,
            reason,
        )
        if self._listeners:
            self._listeners.tell("selected", chosen)
        return selection

    def find_best_pattern(self, context, min_confidence=None):
        """The pattern that would be taken for the context, or None when none
        is confident enough. min_confidence (0..1): instead of the thresholds
        of patterns and configuration."""
        if min_confidence is not None:
            _check.number(min_confidence, "min_confidence", 0, 1)
        selection = self.select(context, 1)
        name = selection.chosen
        if min_confidence is not None:
            best = selection.choices[0] if selection.choices else None
            name = best.name if best and best.confidence >= min_confidence else None
        return None if name is None else self.get_pattern(name)

    def _choose(self, context):
        """The pattern to run; ConfidenceThresholdError with the reason."""
        selection = self.select(context, 3)
        if selection.chosen is None:
            raise ConfidenceThresholdError(selection.reason)
        return self.get_pattern(selection.chosen)

    def why(self, context, limit=10):
        """Every factor of a selection with its number, as a dict."""
        context = as_context(context)
        _check.count(limit, "limit")
        self._flush()
        return _json.decode(
            self._engine.why(context.to_json(), limit, self._ask(context))
        )

    def why_not(self, context, pattern):
        """Why a pattern is not the choice for the context: the predicate that
        failed with both values, or the evidence that was weaker; as a dict."""
        name = _check.text(getattr(pattern, "name", pattern), "a pattern's name")
        self._flush()
        context = as_context(context)
        return _json.decode(
            self._engine.explain(context.to_json(), name, self._ask(context))
        )

    # ---- settings ---------------------------------------------------------------

    def configure(self, config=None, **settings):
        """Changes settings (a PatternConfig, or its fields by name) and
        returns the whole PatternConfig as it is then."""
        config = configured(self._engine, config, settings)
        self._levels = (config.medium, config.high)
        return config

    def set_pattern_hints(self, hints):
        """Names of patterns that suit a kind of task: a dict of
        sequential_patterns, parallel_patterns and meta_patterns to lists of
        names. They add a little evidence when the context asks for that kind.
        Returns the lists as they are then."""
        now = self.configure(kind_names=hinted(hints, self.configure().kind_names))
        return {k: now.kind_names.get(kind, []) for k, kind in HINT_LISTS.items()}

    def get_pattern_hint(self, context):
        """Which of the lists suits a context: "parallel_patterns" when its
        attribute `concurrent` is true, "meta_patterns" when `complexity` is
        over 5 or it has three domains or more, else "sequential_patterns"."""
        kind = self.why(context, 1)["kind_hint"]
        return next(k for k, v in HINT_LISTS.items() if v == kind)

    def enable_domain_indexing(self):
        """Always on: finding by domain takes a time that does not grow with
        the number of patterns. Returns {"enabled": True, "changed": False}."""
        return {"enabled": True, "changed": False}

    def enable_attribute_indexing(self):
        """Always on, like enable_domain_indexing."""
        return {"enabled": True, "changed": False}

    def compile_patterns(self):
        """Makes ready what selecting needs (regular expressions, words,
        indexes) now rather than at the next question, and keeps it beside the
        store for the next start. Returns {"patterns":
        how many there are, "handed_over": how many were new to the core,
        "milliseconds": how long it took}."""
        start, taken = time.perf_counter(), self._pending.flush()
        self._engine.compile()
        return {
            "patterns": len(self.get_all_pattern_names()),
            "handed_over": taken,
            "milliseconds": (time.perf_counter() - start) * 1000,
        }

    def configure_lookup_cache(self, cache_size=1000, cache_ttl_seconds=3600,
                               preload_frequent=False, enable_similarity_cache=False):
        """Bounds what is kept, by number and age in seconds: of patterns that
        were read from the store (those registered here are always in memory),
        and, in the core, of tasks that were chosen for, until the registry
        changes. A choice is the same whether its task was kept or not, and only
        tasks with a text are: see lookup_stats.

        preload_frequent: reads the fifth of the store's patterns with most
            executions now, and looks up the tasks that recent outcomes tell of
            most often
        enable_similarity_cache: keeps results of find_similar_patterns until
            the registry changes, too

        Returns what it changed: {"cache_size", "cache_ttl_seconds",
        "preloaded": names, "similarity_cache", "dropped": entries that were
        too many}."""
        _check.number(cache_size, "cache_size", 0, 2**31)
        _check.number(cache_ttl_seconds, "cache_ttl_seconds")
        with self._lock:
            before = len(self._stored.cache)
            self._stored.cache.resize(int(cache_size), float(cache_ttl_seconds))
        self._flush()
        self.configure(lookup_cache=lookup_settings(
            cache_size, cache_ttl_seconds, preload_frequent, enable_similarity_cache))
        dropped = before - len(self._stored.cache)
        preloaded = self._preload_frequent() if preload_frequent else []
        return {
            "cache_size": int(cache_size),
            "cache_ttl_seconds": float(cache_ttl_seconds),
            "preloaded": preloaded,
            "similarity_cache": bool(enable_similarity_cache),
            "dropped": dropped,
        }

    def _preload_frequent(self):
        if not self._others:
            return []  # all are objects already
        names = self.get_all_pattern_names()
        return self._stored.preload_frequent([n for n in names if n not in self._patterns])

    def preload_pattern(self, name):
        """Reads a pattern of the store into the lookup cache; returns whether
        it was not there yet. PatternNotFoundError."""
        if name in self._patterns:
            return False
        if not self._others:
            raise self._unknown(name)
        return self._stored.preload(name)

    @property
    def cache_stats(self):
        """{"size", "entries", "hits", "misses", "evictions", "hit_rate"} of
        the lookup cache; hit_rate is NaN before the first look."""
        return self._stored.cache.stats()

    @property
    def lookup_stats(self):
        """What the core keeps of tasks: {"size", "entries", "bytes", "hits",
        "misses", "hit_rate" (NaN before the first look), "busy", "evictions",
        "expired", "too_large", "oldest_ms", "note": what it is used for}."""
        return lookup_stats(self._engine)

    def _loads(self):
        return self._stored.load_count, self._stored.load_ns

    # ---- counts ------------------------------------------------------------------

    def _recorded(self, pattern, success, domain, latency_ms, text):
        self._pending.record(outcome_text(pattern.name, success, domain, latency_ms, text))

    def _reset(self, pattern):
        self._flush()
        self._engine.reset(pattern.name)

    def get_pattern_analytics(self, pattern=None):
        """PatternAnalytics of one pattern (or its name); without one, a dict
        of those of all."""
        if pattern is None:
            return {p.name: self._analytics(p) for p in self}
        if isinstance(pattern, str):
            return self._analytics(self._patterns.get(pattern) or self._load(pattern))
        return self._analytics(as_pattern(pattern, "get_pattern_analytics"))

    def _analytics(self, pattern):
        return PatternAnalytics(
            pattern.name, pattern._stats, pattern._uses, self._levels
        )

    def cleanup_unused_patterns(self, max_age_days=30, min_uses=1, dry_run=False):
        """Unregisters the patterns of this program that were handed out or
        executed fewer than min_uses times, or not for max_age_days (None: age
        does not matter). Returns their names; dry_run only tells."""
        _check.count(min_uses, "min_uses")
        _check.number(0 if max_age_days is None else max_age_days, "max_age_days")
        now = time.monotonic()
        unused = []
        with self._lock:
            for name, pattern in self._patterns.items():
                uses = pattern._uses + pattern.execution_count
                age = (now - pattern._used_at) / 86400 if pattern._used_at else 0
                if uses < min_uses or (max_age_days is not None and age > max_age_days):
                    unused.append(name)
        if not dry_run:
            for name in unused:
                with contextlib.suppress(PatternNotFoundError):
                    self.unregister(name)
        return unused

    def cleanup_old_data(self, max_age_days=90):
        """Removes ended runs and outcomes that are older, and what nothing
        refers to any more; patterns and counts stay. In memory, too, runs are
        kept until then. Returns {"runs", "outcomes", "contents", "bytes", "folders"}: what
        went."""
        return cleanup(self._engine, max_age_days)

    # ---- listeners -----------------------------------------------------------------

    def add_listener(self, callback, events=None):
        """Calls callback(event, name) after a pattern was "registered",
        "changed", "unregistered", "selected" (name None: none was confident)
        or "executed"; events: only these. Returns a Listener to remove it by.
        What it raises goes to sys.unraisablehook, not to who caused it."""
        return self._listeners.add(callback, events)

    def remove_listener(self, listener):
        """By what add_listener returned, or by the callback; returns whether
        there was one."""
        return self._listeners.remove(listener)

    # ---- the store ------------------------------------------------------------------

    def import_path(self, path, source=None, run=None):
        """Imports a file or folder of patterns and agents (NDF's own files,
        and agent files with front matter). run: the argv of agents that say
        none. Returns the report as a dict."""
        path = _check.path(path, "path")
        if source is not None:
            _check.text(source, "source")
        run = None if run is None else names_of(run, "run")
        report = _json.decode(self._engine.import_(path, source, run))
        with self._lock:
            self._others = True
            self._stored.cache.clear()
            self._forget_found()
        return report

    def trust(self, path):
        """Allows the programs of a folder to be run."""
        return self._engine.trust(_check.path(path, "path"), 1)
