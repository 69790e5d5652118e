"""Patterns: how work is delegated.

A pattern is a document of NDF (the shape of its files) plus what only Python
can hold: functions, attributes of subclasses, counts. The document is checked
by the core whenever it changes, so a pattern that exists is valid.
"""

import copy
import threading

from . import _json, _ndf
from ._ndf import InvalidPatternError, PatternExecutionError
from .stats import ConfidenceLevel, Stats

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_STATE_VERSION = 1
# What an instance holds besides the attributes of its user.
_OWN = frozenset(
    ("_spec", "_calls", "_stats", "_homes", "_text", "_uses", "_used_at")
)


def _seconds(value):
    """Seconds of a duration as documents write it; None for none."""
    if value is None or isinstance(value, (int, float)):
        return value
    for unit, factor in _UNITS.items():
        if value.endswith(unit) and value[: -len(unit)].replace(".", "", 1).isdigit():
            return float(value[: -len(unit)]) * factor
    return None


def _names(value, what):
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
# (pattern, context) whose law the core has found to hold on this thread.
_lawful = threading.local()


def _is_own(cls, method):
    """Whether a class of the user defines that method."""
    for base in cls.__mro__:
        if method in vars(base):
            return base not in _BUILT_IN
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

    # Of a subclass: whether selecting asks its `matches`, running its `execute`.
    _asks = False
    _executes = False

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if cls.__module__ != __name__:
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
            taste["domain"] = _names(domains, "domains")
        if agent_types is not None:
            taste["agent_type"] = _names(agent_types, "agent_types")
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
        if text is not None:
            _ndf.validate(text)
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
        if cls not in _BUILT_IN:
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
            # What super().execute() runs; never selected.
            spec = dict(self._spec, pattern=f"{self.name}.steps", ask_host=True)
            documents.append((spec["pattern"], _json.encode(spec, self.name)))
        return documents

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
        return _revive(copy.deepcopy(document))

    # ---- choosing and doing ------------------------------------------------

    def matches(self, context):
        """Whether its law (`only_if`) holds for the context. A subclass may
        say otherwise; it is asked after the law."""
        if "only_if" not in self._spec:
            return True
        if getattr(_lawful, "found", None) == (id(self), id(context)):
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
            name += ".steps"
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
        if success not in (True, False, None):
            raise InvalidPatternError(
                f"success is True, False or None, not {success!r}"
            )
        if domain is not None and not isinstance(domain, str):
            raise InvalidPatternError(
                f"a domain is a str, not {type(domain).__name__}"
            )
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
        except (KeyError, TypeError, ValueError) as error:
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

    def _parts(self):
        return ""

    def __repr__(self):
        rate = self.success_rate
        success = f", {rate:.0%} success" if rate == rate else ""
        return (
            f"<{type(self).__name__} {self.name!r}{self._parts()}, "
            f"{self.execution_count} executions{success}>"
        )


def _item(pattern, item, what, calls):
    """One step or task of a caller as documents write it."""
    if isinstance(item, str):
        return item
    if callable(item):
        item = (getattr(item, "__name__", ""), item)
    if isinstance(item, tuple) and len(item) == 2:
        name, body = item
        item = {"name": name, "call": body} if callable(body) else {name: body}
    if not isinstance(item, dict):
        raise InvalidPatternError(
            f"a {what} of {pattern!r} is a name, a dict or a function, not "
            f"{type(item).__name__}"
        )
    if "name" not in item:
        return dict(item)
    body = dict(item)
    name = body.pop("name")
    call = body.pop("call", None)
    if call is not None:
        if not callable(call):
            raise InvalidPatternError(
                f"`call` of {what} {name!r} of {pattern!r} is a function, not "
                f"{type(call).__name__}"
            )
        body["agent"] = f"{pattern}.{name}"
        calls[body["agent"]] = call
    return {name: body}


def _items(pattern, items, what, calls):
    if isinstance(items, (str, dict)) or not hasattr(items, "__iter__"):
        raise InvalidPatternError(
            f"the {what}s of {pattern!r} are a list, not {type(items).__name__}"
        )
    return [_item(pattern, item, what, calls) for item in items]


def _item_name(item):
    return item if isinstance(item, str) else next(iter(item), "")


class SequentialDelegationPattern(DelegationPattern):
    """Steps, one after the other.

    steps: each the name of an agent or of a function that an executor binds;
        or a function; or a dict {"name": ..., "call": function, ...} or
        {name: {...}} with the keys of a document's step (agent, with, timeout,
        retry, undo, expect, idempotent, writes)
    timeout_seconds: of the whole run; None: no limit
    rollback_enabled: undo completed steps when a later one fails
    """

    _missing = "give it steps"

    def __init__(self, name, description="", steps=(), timeout_seconds=None,
                 rollback_enabled=True, **options):
        extra = dict(options.pop("extra", None) or {})
        calls = {}
        extra["steps"] = _items(name, steps, "step", calls)
        if timeout_seconds is not None:
            extra["timeout"] = timeout_seconds
        if not rollback_enabled:
            extra["rollback"] = False
        super().__init__(name, description, extra=extra, **options)
        self._calls = calls

    @property
    def steps(self):
        """The names of the steps, in order."""
        return [_item_name(item) for item in self._spec.get("steps", [])]

    @property
    def timeout_seconds(self):
        return _seconds(self._spec.get("timeout"))

    @property
    def rollback_enabled(self):
        return self._spec.get("rollback", True)

    def _parts(self):
        return f" {len(self._spec.get('steps', []))} steps"


class ParallelCoordinationPattern(DelegationPattern):
    """Tasks that run at once as far as their dependencies and the machine
    allow.

    tasks: as the steps of a SequentialDelegationPattern, with `needs` and
        `resources` besides
    max_concurrent: at most so many at once; None: as many as are admitted
    resource_threshold: 0..1, of cpu and memory that may be in use
    failure_tolerance: 0..1, the share of tasks that may fail
    """

    _missing = "give it tasks"

    def __init__(self, name, description="", tasks=(), max_concurrent=None,
                 resource_threshold=0.8, failure_tolerance=0.0, **options):
        extra = dict(options.pop("extra", None) or {})
        calls = {}
        extra["tasks"] = _items(name, tasks, "task", calls)
        extra["resource_threshold"] = resource_threshold
        extra["failure_tolerance"] = failure_tolerance
        if max_concurrent is not None:
            extra["max_concurrent"] = max_concurrent
        super().__init__(name, description, extra=extra, **options)
        self._calls = calls

    @property
    def tasks(self):
        """The names of the tasks."""
        return [_item_name(item) for item in self._spec.get("tasks", [])]

    @property
    def max_concurrent(self):
        return self._spec.get("max_concurrent")

    @property
    def resource_threshold(self):
        return self._spec.get("resource_threshold", 0.8)

    @property
    def failure_tolerance(self):
        return self._spec.get("failure_tolerance", 0.0)

    @property
    def dependencies(self):
        """Of each task that needs others: their names."""
        found = {}
        for item in self._spec.get("tasks", []):
            if not isinstance(item, str):
                name, body = next(iter(item.items()))
                if body and body.get("needs"):
                    found[name] = list(body["needs"])
        return found

    def _change_task(self, task, change):
        tasks = copy.deepcopy(self._spec["tasks"])
        for index, item in enumerate(tasks):
            if _item_name(item) == task:
                body = {} if isinstance(item, str) else dict(item[task] or {})
                change(body)
                tasks[index] = {task: body}
                self._set_spec(dict(self._spec, tasks=tasks))
                return
        raise InvalidPatternError(
            f"pattern {self.name!r} has no task {task!r}: it has "
            f"{', '.join(self.tasks)}"
        )

    def add_task_dependency(self, task, needs):
        """`task` starts only when `needs` (a name or several) are done.
        InvalidPatternError when there is no such task, or when it would wait
        for itself."""
        names = [needs] if isinstance(needs, str) else _names(needs, "needs")

        def change(body):
            known = list(body.get("needs", []))
            body["needs"] = known + [name for name in names if name not in known]

        self._change_task(task, change)

    def set_task_resource_requirement(self, task, cpu=None, memory=None):
        """What the task takes: cpu in cores, memory in bytes (or "512MB");
        None takes the declaration back."""

        def change(body):
            given = {"cpu": cpu, "memory": memory}
            resources = {k: v for k, v in given.items() if v is not None}
            body.pop("resources", None)
            if resources:
                body["resources"] = resources

        self._change_task(task, change)

    def _parts(self):
        return f" {len(self._spec.get('tasks', []))} tasks"


class MetaOrchestrationPattern(DelegationPattern):
    """Phases, each of patterns by name or of those that selection finds.

    strategy: free text for people and agents
    complexity_threshold: 0..1 or None, above which it suits a task
    rollback_strategy: "pattern", "phase" or "complete" (default)
    """

    _missing = "add a phase with add_phase"

    def __init__(self, name, description="", strategy=None,
                 complexity_threshold=None, rollback_strategy=None, **options):
        extra = dict(options.pop("extra", None) or {})
        given = {
            "strategy": strategy, "complexity_threshold": complexity_threshold,
            "rollback_strategy": rollback_strategy,
        }
        extra.update((k, v) for k, v in given.items() if v is not None)
        super().__init__(name, description, extra=extra, **options)

    @property
    def kind(self):
        return "meta"

    @property
    def phases(self):
        """The names of the phases, in order."""
        return [_item_name(item) for item in self._spec.get("phases", [])]

    @property
    def strategy(self):
        return self._spec.get("strategy", "")

    @property
    def complexity_threshold(self):
        return self._spec.get("complexity_threshold")

    def add_phase(self, name, patterns=(), select=False, coordination=None,
                  success_criteria=None, rollback_triggers=None,
                  resource_allocation=None):
        """Adds a phase behind the others.

        patterns: names, or patterns; none with select=True: chosen when the
            phase is reached
        coordination: "sequential" (default) or "parallel"
        success_criteria: {min_success_rate, max_error_count, max_latency}
        """
        names = [getattr(p, "name", p) for p in patterns]
        given = {
            "patterns": names or None, "select": select or None,
            "coordination": coordination, "success_criteria": success_criteria,
            "rollback_triggers": rollback_triggers,
            "resource_allocation": resource_allocation,
        }
        body = {k: v for k, v in given.items() if v is not None}
        phases = copy.deepcopy(self._spec.get("phases", []))
        self._set_spec(dict(self._spec, phases=phases + [{name: body}]))

    def set_phase_success_criteria(self, name, min_success_rate=None,
                                   max_error_count=None, max_latency=None):
        """When the phase counts as done well: rate 0..1, errors, and latency
        in seconds or as "90s"."""
        given = {
            "min_success_rate": min_success_rate,
            "max_error_count": max_error_count, "max_latency": max_latency,
        }
        phases = copy.deepcopy(self._spec.get("phases", []))
        for phase in phases:
            if _item_name(phase) == name:
                phase[name]["success_criteria"] = {
                    k: v for k, v in given.items() if v is not None
                }
                self._set_spec(dict(self._spec, phases=phases))
                return
        raise InvalidPatternError(
            f"pattern {self.name!r} has no phase {name!r}: it has "
            f"{', '.join(self.phases) or 'none yet'}"
        )

    def trigger_rollback(self, reason=""):
        """Ends the runs of this pattern that are under way and undoes their
        completed steps. Returns the ids of the runs;
        PatternExecutionError when none is under way."""
        registry = self._home()
        runs = registry.executor._cancel_pattern(self.name) if registry else []
        if not runs:
            raise PatternExecutionError(
                f"no run of {self.name!r} is under way: there is nothing to "
                "roll back"
            )
        return runs

    def _parts(self):
        return f" {len(self._spec.get('phases', []))} phases"


_BUILT_IN = (
    DelegationPattern, SequentialDelegationPattern,
    ParallelCoordinationPattern, MetaOrchestrationPattern,
)
_KINDS = {
    "steps": SequentialDelegationPattern,
    "tasks": ParallelCoordinationPattern,
    "phases": MetaOrchestrationPattern,
}


def _subclasses(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _class_of(document, host):
    name = host.get("class")
    if name is None:
        for part, cls in _KINDS.items():
            if part in document:
                return cls
        return DelegationPattern
    for cls in _subclasses(DelegationPattern):
        if f"{cls.__module__}:{cls.__qualname__}" == name:
            return cls
    raise InvalidPatternError(
        f"pattern {document['pattern']!r} is of the class {name}, which is not "
        f"loaded: import {str(name).partition(':')[0]} first"
    )


def _revive(document, text=None):
    """The object of a document of the core; takes the dict. text: the same,
    when it is what the core gave."""
    host = document.pop("host", None)
    cls = _class_of(document, host or {})
    pattern = cls.__new__(cls)
    pattern._begin()
    if host is None and text is not None:
        pattern._spec = document
        pattern._text = text
        return pattern
    host = host or {}
    if not isinstance(host.get("parts", {}), dict) or not isinstance(
        host.get("state", {}), dict
    ):
        raise InvalidPatternError(
            f"what is kept with pattern {document['pattern']!r} cannot be "
            "understood: save it again"
        )
    if pattern._asks:
        document.pop("ask_host", None)
    if pattern._executes:
        document.pop("steps", None)
        document.update(host.get("parts", {}))
    if "stats" in host:
        pattern._stats = Stats.from_dict(host["stats"])
    pattern.__dict__.update(
        (k, v) for k, v in host.get("state", {}).items() if k not in _OWN
    )
    pattern._set_spec(document)
    return pattern
