"""The kinds of patterns: steps, tasks, phases."""

import copy

from ._ndf import InvalidPatternError, PatternExecutionError
from .pattern import DelegationPattern, names_of

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(value):
    """Seconds of a duration as documents write it; None for none."""
    if value is None or isinstance(value, (int, float)):
        return value
    for unit, factor in _UNITS.items():
        if value.endswith(unit) and value[: -len(unit)].replace(".", "", 1).isdigit():
            return float(value[: -len(unit)]) * factor
    return None


def _item(pattern, item, what, calls):
    """One step or task of a caller as documents write it."""
    if isinstance(item, str):
        return item
    if callable(item):
        item = (getattr(item, "__name__", ""), item)
    if isinstance(item, tuple) and len(item) == 2:
        name, body = item
        if not callable(body) and not isinstance(body, dict):
            raise InvalidPatternError(
                f"with {what} {name!r} of {pattern!r} stands a function or a "
                f"dict, not {type(body).__name__}"
            )
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

    _built_in = True
    _part = "steps"
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

    _built_in = True
    _part = "tasks"
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
        names = [needs] if isinstance(needs, str) else names_of(needs, "needs")

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

    _built_in = True
    _part = "phases"
    _any_part = {"phases": [{"any": {"select": True}}]}
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
        rollback_triggers: what ends the phase as failed at once: any of
            "error", "timeout", "violation", "critical"
        resource_allocation: {max_concurrent, cpu, memory}
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
