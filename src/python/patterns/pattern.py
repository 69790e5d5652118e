"""Patterns: how work is delegated.

A pattern is a document of NDF (the shape of its files) plus what only Python
can hold: functions, attributes of subclasses, counts. The document is checked
by the core whenever it changes, so a pattern that exists is valid.
"""

import copy
import threading

from . import _json, _ndf
from ._ndf import (
    InvalidPatternError,
    PatternAlreadyExistsError,
    PatternExecutionError,
)
from .stats import ConfidenceLevel, Stats, check_outcome

_STATE_VERSION = 1
# What an instance holds besides the attributes of its user.
_OWN = frozenset(
    ("_spec", "_calls", "_stats", "_homes", "_text", "_uses", "_used_at")
)


def names_of(value, what):
    if not isinstance(value, (list, tuple)) or not all(
        isinstance(name, str) for name in value
    ):
        raise InvalidPatternError(f"{what} is a list of str, not {value!r}")
    return list(value)


_PARTS = ("steps", "tasks", "phases")
# Keys that belong to one of the parts: gone when a subclass does the work.
_PART_KEYS = _PARTS + (
    "max_concurrent", "resource_threshold", "failure_tolerance",
    "rollback_strategy", "complexity_threshold", "strategy",
)
# Behind the name of a pattern that works itself: what its base class would run.
INNER = ".steps"
# (pattern, context) whose law the core has found to hold on this thread.
lawful = threading.local()


def _is_own(cls, method):
    """Whether a class of the user defines that method."""
    for base in cls.__mro__:
        if method in vars(base):
            return "_built_in" not in vars(base)
    return False


class DelegationPattern:
    """One way to delegate a task; base of all patterns.

    Subclass it and define `matches(context)` (whether it may be taken) or
    `execute(context)` (do the work, return a JSON value), or both: they are
    called inside selection and inside runs.

    name: letters, digits, `_`, `-`, parts divided by dots
    description: what it does, in words that tasks will share
    domains, agent_types: what it is good for (globs like "security.**")
    only_if: law: a dict, or a list of dicts of which one must hold
    good_for: taste: a dict; adds evidence, never excludes
    examples, not_for: tasks that should and should not select it
    confidence_threshold: 0..1, below which it is not taken unattended
    fallback: the pattern to take when it is best but not confident enough
    context_policy: "restore" (default), "enforce" or "record"
    extra: further keys of a pattern's document, as files write them

    Raises InvalidPatternError with the core's sentence.
    """

    _built_in = True
    # The key of a document that makes it one of a kind's, and an example of it.
    _part = None
    _any_part = {"steps": ["any"]}
    # Of a subclass: whether selecting asks its `matches`, running its `execute`.
    _asks = False
    _executes = False

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if "_built_in" not in vars(cls):
            cls._asks = _is_own(cls, "matches")
            cls._executes = _is_own(cls, "execute")

    def __init__(self, name, description="", *, domains=None, agent_types=None,
                 only_if=None, good_for=None, examples=None, not_for=None,
                 version=None, confidence_threshold=None, fallback=None,
                 context_policy=None, extra=None):
        if not isinstance(name, str):
            raise InvalidPatternError(
                f"a pattern's name is a str, not {type(name).__name__}"
            )
        spec = {"pattern": name, "description": description}
        taste = dict(good_for or {})
        if domains is not None:
            taste["domain"] = names_of(domains, "domains")
        if agent_types is not None:
            taste["agent_type"] = names_of(agent_types, "agent_types")
        given = {
            "only_if": only_if, "good_for": taste or None, "version": version,
            "examples": examples, "not_for": not_for, "fallback": fallback,
            "context": context_policy,
        }
        spec.update((key, value) for key, value in given.items() if value is not None)
        if confidence_threshold is not None:
            spec["confidence"] = {"threshold": confidence_threshold}
        spec.update(extra or {})
        self._begin()
        self._set_spec(spec)

    def _begin(self):
        self._calls = {}
        self._stats = Stats()
        self._homes = ()
        self._uses = 0
        self._used_at = 0.0

    # ---- the document ----------------------------------------------------

    def _set_spec(self, spec):
        """Checks and takes a document, and tells the registries."""
        text = self._encode(spec)
        # While parts are missing, the rest is checked with one in their place.
        _ndf.validate(text or self._encode(dict(spec, **self._any_part)))
        if self._executes and any(part in spec for part in _PARTS):
            _ndf.validate(self._encode_steps(spec)[1])
        self._spec = spec
        self._text = text
        for home in self._homes:
            registry = home()
            if registry is not None:
                registry._changed(self)

    def _encode(self, spec, host=None):
        """The text that the core keeps; None while parts are missing."""
        cls = type(self)
        host = dict(host or {})
        if "_built_in" not in vars(cls):
            spec = dict(spec)
            host["class"] = f"{cls.__module__}:{cls.__qualname__}"
        if self._asks:
            spec["ask_host"] = True
        if self._executes:
            parts = {key: spec.pop(key) for key in _PART_KEYS if key in spec}
            if parts:
                host["parts"] = parts
            spec["steps"] = [{"execute": {"agent": self._execute_agent(spec)}}]
        elif not any(part in spec for part in _PARTS):
            return None
        if host:
            spec = dict(spec, host=host)
        return _json.encode(spec, f"pattern {spec['pattern']!r}")

    @staticmethod
    def _execute_agent(spec):
        return f"{spec['pattern']}.execute"

    def _has_parts(self):
        return any(part in self._spec for part in _PARTS)

    def _documents(self):
        """(name, text) of all that a registry hands to the core for it."""
        if self._text is None:
            raise InvalidPatternError(
                f"pattern {self.name!r} has nothing to do yet: {self._missing}"
            )
        documents = [(self._spec["pattern"], self._text)]
        if self._executes and self._has_parts():
            documents.append(self._encode_steps(self._spec))
        return documents

    @staticmethod
    def _encode_steps(spec):
        """What super().execute() runs; never selected."""
        name = spec["pattern"] + INNER
        return name, _json.encode(dict(spec, pattern=name, ask_host=True), name)

    def _functions(self):
        """Functions by the name of the agent that calls them."""
        if not self._executes:
            return self._calls
        return {**self._calls, self._execute_agent(self._spec): self._call_execute}

    def _call_execute(self, context):
        return self.execute(context)

    _missing = "define execute(context) in a subclass, or give it steps"

    @property
    def name(self):
        return self._spec["pattern"]

    @property
    def description(self):
        return self._spec.get("description", "")

    @description.setter
    def description(self, text):
        self._set_spec(dict(self._spec, description=text))

    @property
    def kind(self):
        """"sequential", "parallel" or "meta"."""
        if "tasks" in self._spec:
            return "parallel"
        return "meta" if "phases" in self._spec else "sequential"

    @property
    def domains(self):
        """The domains and globs it is good for."""
        found = self._spec.get("good_for", {}).get("domain", [])
        return [found] if isinstance(found, str) else list(found)

    @property
    def document(self):
        """Its document as a dict, a copy: what a file would say."""
        return copy.deepcopy(self._spec)

    @staticmethod
    def from_document(document):
        """The pattern of a document: a dict or a JSON text.

        A document that a subclass was saved as gives an object of that class,
        which must be loaded: modules are never imported because a document
        names them (PatternError)."""
        if isinstance(document, str):
            try:
                document = _json.decode(document)
            except ValueError as error:
                raise InvalidPatternError(f"no JSON: {error}") from None
        if not isinstance(document, dict) or "pattern" not in document:
            raise InvalidPatternError(
                "a pattern's document is an object with the key 'pattern'"
            )
        return revive(copy.deepcopy(document))

    # ---- choosing and doing ------------------------------------------------

    def matches(self, context):
        """Whether its law (`only_if`) holds for the context. A subclass may
        say otherwise; it is asked after the law."""
        if "only_if" not in self._spec:
            return True
        if getattr(lawful, "found", None) == (id(self), id(context)):
            return True
        spec = {"pattern": "p", "only_if": self._spec["only_if"], "steps": ["s"]}
        engine = _ndf.Engine()
        try:
            engine.register(_json.encode(spec, "only_if"))
            return _json.decode(engine.explain(context.to_json(), "p"))["eligible"]
        finally:
            engine.close()

    def execute(self, context=None):
        """Runs its steps for the context, in the registry it is registered
        in, and returns the ExecutionResult. A subclass does the work itself
        and returns a JSON value, or None."""
        registry = self._home()
        if registry is None:
            raise PatternExecutionError(
                f"pattern {self.name!r} is in no registry: register it, then "
                "execute it"
            )
        name = self.name
        if self._executes:
            name += INNER
            if not self._has_parts():
                raise PatternExecutionError(
                    f"pattern {self.name!r} has no steps that its base class "
                    "could run"
                )
        return registry.executor._execute_name(name, context)

    def _home(self):
        for home in self._homes:
            registry = home()
            if registry is not None:
                return registry
        return None

    # ---- counts ---------------------------------------------------------------

    def record_execution(self, success, domain=None, latency_ms=None, text=None):
        """Counts an execution that happened outside: success is True, False,
        or None when it is not known. Registries that have the pattern learn
        from it."""
        check_outcome(success, domain, latency_ms, text)
        self._stats.add(success, domain, latency_ms)
        for home in self._homes:
            registry = home()
            if registry is not None:
                registry._recorded(self, success, domain, latency_ms, text)

    @property
    def execution_count(self):
        return self._stats.total.executions

    @property
    def success_rate(self):
        """0..1, of the executions whose outcome is known; NaN before any."""
        return self._stats.total.success_rate

    @property
    def confidence_score(self):
        """The probability that it works when it is the right one, 0..1: the
        mean of a Beta posterior over its counts. Selection fades counts with
        time and looks at the domain, too."""
        return self._stats.confidence()[0]

    @property
    def confidence_level(self):
        """ConfidenceLevel of confidence_score."""
        registry = self._home()
        levels = registry._levels if registry is not None else (0.5, 0.8)
        return ConfidenceLevel.of(self.confidence_score, *levels)

    @property
    def confidence_threshold(self):
        """What set_confidence_threshold set; None: the registry's."""
        return self._spec.get("confidence", {}).get("threshold")

    def set_confidence_threshold(self, threshold):
        """Below this confidence (0..1) it is not taken unattended; None: the
        registry's own threshold."""
        rules = dict(self._spec.get("confidence", {}))
        rules.pop("threshold", None)
        if threshold is not None:
            rules["threshold"] = threshold
        spec = dict(self._spec)
        spec.pop("confidence", None)
        if rules:
            spec["confidence"] = rules
        self._set_spec(spec)

    def reset_stats(self):
        """Forgets its counts, here and in the registries that have it."""
        self._stats.clear()
        for home in self._homes:
            registry = home()
            if registry is not None:
                registry._reset(self)

    # ---- copies and pickles -----------------------------------------------------

    def _extra_state(self):
        return {k: v for k, v in self.__dict__.items() if k not in _OWN}

    def __getstate__(self):
        return {
            "version": _STATE_VERSION,
            "spec": self._spec,
            "calls": self._calls,
            "stats": self._stats.to_dict(),
            "state": self._extra_state(),
        }

    def __setstate__(self, state):
        if not isinstance(state, dict) or state.get("version") != _STATE_VERSION:
            raise InvalidPatternError(
                "this pickle holds no pattern of this version of NDF: make it "
                "anew, or load it with the version that wrote it"
            )
        try:
            self._begin()
            self._calls = dict(state["calls"])
            self._stats = Stats.from_dict(state["stats"])
            self.__dict__.update(
                (k, v) for k, v in state["state"].items() if k not in _OWN
            )
            self._set_spec(dict(state["spec"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, InvalidPatternError):
                raise
            raise InvalidPatternError(
                f"this pickle is damaged: {type(error).__name__} {error}"
            ) from None

    def __copy__(self):
        return copy.deepcopy(self)

    def __deepcopy__(self, memo):
        twin = self.__class__.__new__(self.__class__)
        state = self.__getstate__()
        state["calls"] = dict(state["calls"])  # functions are not copied
        calls = state.pop("calls")
        state = copy.deepcopy(state, memo)
        state["calls"] = calls
        twin.__setstate__(state)
        return twin

    def _saved(self):
        """The document with all that a store keeps for it."""
        host = {"stats": self._stats.to_dict()}
        state = self._extra_state()
        if state:
            _json.encode(state, f"the attributes of {self.name!r}")
            host["state"] = state
        text = self._encode(self._spec, host)
        if text is None:
            self._documents()  # raises what is missing
        return text

    @property
    def _is_inner(self):
        return self.name.endswith(INNER) and self._spec.get("ask_host", False)

    def _parts(self):
        return ""

    def __repr__(self):
        rate = self.success_rate
        success = f", {rate:.0%} success" if rate == rate else ""
        return (
            f"<{type(self).__name__} {self.name!r}{self._parts()}, "
            f"{self.execution_count} executions{success}>"
        )


def refuse_shared(patterns, documents):
    """Raises PatternAlreadyExistsError when a document's name is another
    pattern's: those that execute themselves have steps with a name, too."""
    name = documents[0][0]
    for inner, _ in documents[1:]:
        if inner in patterns:
            raise _shared(name, inner)
    owner = name.removesuffix(INNER)
    if owner != name and owner in patterns:
        if name in dict(patterns[owner]._documents()):
            raise _shared(owner, name)


def _shared(owner, inner):
    return PatternAlreadyExistsError(
        f"the steps of pattern {owner!r} are called {inner!r}: take another name"
    )


def _subclasses(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _class_of(document, host):
    name = host.get("class")
    for cls in _subclasses(DelegationPattern):
        if name is None and "_built_in" in vars(cls) and cls._part in document:
            return cls
        if f"{cls.__module__}:{cls.__qualname__}" == name:
            return cls
    if name is None:
        return DelegationPattern
    raise InvalidPatternError(
        f"pattern {document['pattern']!r} is of the class {name}, which is not "
        f"loaded: import {str(name).partition(':')[0]} first"
    )


def revive(document, text=None):
    """The object of a document of the core; takes the dict. text: the same,
    when it is what the core gave."""
    host = document.pop("host", None)
    plain = host is None and text is not None
    host = {} if host is None else host
    if not isinstance(host, dict) or not all(
        isinstance(host.get(key, {}), dict) for key in ("parts", "state")
    ):
        raise InvalidPatternError(
            f"what is kept with pattern {document['pattern']!r} cannot be "
            "understood: save it again"
        )
    cls = _class_of(document, host)
    pattern = cls.__new__(cls)
    pattern._begin()
    if plain:
        pattern._spec = document
        pattern._text = text
        return pattern
    if pattern._asks:
        document.pop("ask_host", None)
    if pattern._executes:
        document.pop("steps", None)
        parts = host.get("parts", {})
        document.update((key, parts[key]) for key in _PART_KEYS if key in parts)
    if "stats" in host:
        pattern._stats = Stats.from_dict(host["stats"])
    # A store can come from anybody: nothing of it takes a method's place.
    pattern.__dict__.update(
        (k, v)
        for k, v in host.get("state", {}).items()
        if k not in _OWN and not hasattr(DelegationPattern, k)
    )
    pattern._set_spec(document)
    return pattern
