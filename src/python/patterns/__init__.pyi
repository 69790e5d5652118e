"""The whole public interface of `patterns` (also `ndf`), with its types.

What a call does stands with it in the modules (`help(patterns)`); here stand
names, parameters and types, and units where a type does not tell them. Rates,
probabilities and confidences are from 0 to 1. Arguments of a wrong type raise
InvalidPatternError. A JSON value is a dict, list, str, int (64 bits), float
(finite), bool or None.
"""

import builtins
import enum
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, Literal, NamedTuple, Self, TypeVar, overload

__version__: Final[str]

__all__ = [
    "Choice",
    "ConfidenceLevel",
    "ConfidenceThresholdError",
    "DelegationPattern",
    "ExecutionEvent",
    "ExecutionResult",
    "InvalidPatternError",
    "LazyPattern",
    "Listener",
    "MetaOrchestrationPattern",
    "ParallelCoordinationPattern",
    "PatternAlreadyExistsError",
    "PatternAnalytics",
    "PatternConfig",
    "PatternContext",
    "PatternError",
    "PatternExecutionError",
    "PatternExecutor",
    "PatternNotFoundError",
    "PatternPool",
    "PatternRegistry",
    "PatternStorage",
    "PerformanceMetrics",
    "PerformanceMonitor",
    "ResourceExhaustionError",
    "ResourceMonitor",
    "ResourceUsage",
    "Selection",
    "SequentialDelegationPattern",
    "SimilarPattern",
    "StepCall",
    "StoredSize",
    "TimeoutError",
]

_T = TypeVar("_T")
_Path = str | os.PathLike[str]
_Names = list[str] | tuple[str, ...]
_Object = dict[str, Any]  # a JSON object
# A context where one is asked for: itself, a dict of its parts, or its text.
_Context = PatternContext | _Object | str
_Pattern = DelegationPattern | LazyPattern
_PatternOrName = _Pattern | str
# What does the work of a step; it returns a JSON value, or an awaitable of one.
_Function = (
    Callable[[], Any]
    | Callable[[PatternContext], Any]
    | Callable[[PatternContext, StepCall], Any]
)
_FunctionT = TypeVar("_FunctionT", bound=Callable[..., Any])
# Its agent's name; a function; (name, function); (name, keys); {name: keys};
# or {"name": ..., "call": function, further keys of a document's step}.
_Step = str | _Function | tuple[str, _Function] | tuple[str, _Object] | _Object
_OnEvent = Callable[[ExecutionEvent], object]
_RegistryEvent = Literal["registered", "changed", "unregistered", "selected", "executed"]
_RegistryEvents = list[_RegistryEvent] | tuple[_RegistryEvent, ...] | set[_RegistryEvent]
_OnChange = Callable[[_RegistryEvent, str | None], object]

# ---- errors ------------------------------------------------------------------

class PatternError(Exception):
    code: int  # of ndf/error.h, negative; 0: Python noticed it
    line: int  # in the text that was given, from 1; 0: unknown
    column: int

class PatternNotFoundError(PatternError, LookupError): ...
class PatternAlreadyExistsError(PatternError): ...
class InvalidPatternError(PatternError, ValueError): ...

class PatternExecutionError(PatternError):
    result: ExecutionResult | None  # None: the run did not begin
    attempts: Sequence[PatternError]  # of execute_with_fallback, the first included

class ConfidenceThresholdError(PatternError): ...
class ResourceExhaustionError(PatternError): ...
class TimeoutError(PatternError, builtins.TimeoutError): ...

# ---- contexts ----------------------------------------------------------------

class PatternContext:
    domain: str | None  # dotted
    agent_type: str | None
    priority: int | None  # 1 (most urgent) to 5
    attributes: _Object | None
    text: str | None
    __match_args__ = ("domain", "agent_type", "priority", "attributes", "text")
    __hash__: None  # type: ignore[assignment]
    def __init__(
        self,
        domain: str | None = None,
        agent_type: str | None = None,
        priority: int | Literal["highest", "high", "medium", "low", "lowest"] | None = None,
        attributes: _Object | None = None,
        text: str | None = None,
    ) -> None: ...
    @classmethod
    def from_dict(cls, data: _Object) -> Self: ...
    def to_dict(self) -> _Object: ...
    def to_json(self) -> str: ...
    def matches_domain(self, pattern: str) -> bool: ...
    def has_attribute(self, name: str, value: object = ...) -> bool: ...
    def merge_attributes(
        self, attributes: _Object | PatternContext | None, overwrite: bool = True
    ) -> list[str]: ...
    def copy(self) -> Self: ...
    def __copy__(self) -> Self: ...
    def __eq__(self, other: object) -> bool: ...

# ---- patterns ----------------------------------------------------------------

class ConfidenceLevel(enum.Enum):
    LOW = 0
    MEDIUM = 1
    HIGH = 2
    @classmethod
    def of(cls, confidence: float, medium: float = 0.5, high: float = 0.8) -> ConfidenceLevel: ...

class DelegationPattern:
    def __init__(
        self,
        name: str,
        description: str = "",
        *,
        domains: _Names | None = None,
        agent_types: _Names | None = None,
        only_if: _Object | list[_Object] | None = None,
        good_for: _Object | None = None,
        examples: list[str] | None = None,
        not_for: list[str] | None = None,
        version: str | int | None = None,
        confidence_threshold: float | None = None,
        fallback: str | None = None,
        context_policy: Literal["restore", "enforce", "record"] | None = None,
        extra: _Object | None = None,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @description.setter
    def description(self, text: str) -> None: ...
    @property
    def kind(self) -> Literal["sequential", "parallel", "meta"]: ...
    @property
    def domains(self) -> list[str]: ...
    @property
    def document(self) -> _Object: ...
    @staticmethod
    def from_document(document: _Object | str) -> DelegationPattern: ...
    def matches(self, context: PatternContext) -> bool: ...
    # Of a subclass: a JSON value, or an awaitable of one.
    def execute(self, context: PatternContext | None = None) -> Any: ...
    def record_execution(
        self,
        success: bool | None,
        domain: str | None = None,
        latency_ms: float | None = None,
        text: str | None = None,
    ) -> None: ...
    @property
    def execution_count(self) -> int: ...
    @property
    def success_rate(self) -> float: ...  # NaN before any outcome is known
    @property
    def confidence_score(self) -> float: ...
    @property
    def confidence_level(self) -> ConfidenceLevel: ...
    @property
    def confidence_threshold(self) -> float | None: ...
    def set_confidence_threshold(self, threshold: float | None) -> None: ...
    def reset_stats(self) -> None: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...

class SequentialDelegationPattern(DelegationPattern):
    # options: the keywords of DelegationPattern.
    def __init__(
        self,
        name: str,
        description: str = "",
        steps: Iterable[_Step] = (),
        timeout_seconds: float | None = None,
        rollback_enabled: bool = True,
        **options: Any,
    ) -> None: ...
    @property
    def steps(self) -> list[str]: ...
    @property
    def timeout_seconds(self) -> float | None: ...
    @property
    def rollback_enabled(self) -> bool: ...

class ParallelCoordinationPattern(DelegationPattern):
    def __init__(
        self,
        name: str,
        description: str = "",
        tasks: Iterable[_Step] = (),
        max_concurrent: int | None = None,
        resource_threshold: float = 0.8,
        failure_tolerance: float = 0.0,
        **options: Any,
    ) -> None: ...
    @property
    def tasks(self) -> list[str]: ...
    @property
    def max_concurrent(self) -> int | None: ...
    @property
    def resource_threshold(self) -> float: ...
    @property
    def failure_tolerance(self) -> float: ...
    @property
    def dependencies(self) -> dict[str, list[str]]: ...
    def add_task_dependency(self, task: str, needs: str | _Names) -> None: ...
    # cpu: cores; memory: bytes, or with a unit like "512MB"
    def set_task_resource_requirement(
        self, task: str, cpu: float | None = None, memory: int | str | None = None
    ) -> None: ...

class MetaOrchestrationPattern(DelegationPattern):
    def __init__(
        self,
        name: str,
        description: str = "",
        strategy: str | None = None,
        complexity_threshold: float | None = None,
        rollback_strategy: Literal["pattern", "phase", "complete"] | None = None,
        **options: Any,
    ) -> None: ...
    @property
    def kind(self) -> Literal["meta"]: ...
    @property
    def phases(self) -> list[str]: ...
    @property
    def strategy(self) -> str: ...
    @property
    def complexity_threshold(self) -> float | None: ...
    def add_phase(
        self,
        name: str,
        patterns: Iterable[_PatternOrName] = (),
        select: bool = False,
        coordination: Literal["sequential", "parallel"] | None = None,
        success_criteria: _Object | None = None,
        rollback_triggers: list[str] | None = None,
        resource_allocation: _Object | None = None,
    ) -> None: ...
    # max_latency: seconds, or with a unit like "90s"
    def set_phase_success_criteria(
        self,
        name: str,
        min_success_rate: float | None = None,
        max_error_count: int | None = None,
        max_latency: float | str | None = None,
    ) -> None: ...
    def trigger_rollback(self, reason: str = "") -> list[str]: ...  # ids of runs

# ---- finding and choosing ----------------------------------------------------

class Choice(NamedTuple):
    name: str
    fit: float
    success: float
    confidence: float  # fit x success
    level: ConfidenceLevel
    executions: int

class Selection(NamedTuple):
    choices: list[Choice]  # best first
    chosen: str | None
    reason: str

class SimilarPattern(NamedTuple):
    pattern: DelegationPattern
    similarity: float

class PatternConfig:
    threshold: float | None
    cold_threshold: float | None
    min_executions: int | None
    half_life: str | None  # like "30d"
    medium: float | None
    high: float | None
    kind_names: dict[str, list[str]] | None  # sequential, parallel, meta
    categories: list[dict[str, str]] | None  # {"category": ..., "regex": ...}
    vectors: str | None  # path of a file of word vectors
    lookup_cache: _Object | None  # what is kept of tasks that come again
    __hash__: None  # type: ignore[assignment]
    def __init__(
        self,
        threshold: float | None = None,
        cold_threshold: float | None = None,
        min_executions: int | None = None,
        half_life: str | None = None,
        medium: float | None = None,
        high: float | None = None,
        kind_names: Mapping[str, list[str]] | None = None,
        categories: list[dict[str, str]] | None = None,
        vectors: str | None = None,
        lookup_cache: _Object | None = None,
    ) -> None: ...
    def to_dict(self) -> _Object: ...
    @classmethod
    def from_dict(cls, data: _Object) -> Self: ...
    def to_json(self) -> str: ...
    def __eq__(self, other: object) -> bool: ...

class PatternAnalytics:
    name: str
    execution_count: int
    success_count: int
    failure_count: int
    success_rate: float  # NaN before any outcome is known
    confidence_score: float
    confidence_lower: float  # at least, with 95 % certainty
    confidence_level: ConfidenceLevel
    avg_latency_ms: float  # NaN before any
    domains: dict[str, dict[str, float]]  # execution_count, success_rate
    uses: int
    last_execution: float | None  # seconds since 1970
    def to_dict(self) -> _Object: ...

class Listener:
    callback: _OnChange
    events: tuple[_RegistryEvent, ...]
    def remove(self) -> bool: ...

class PatternRegistry:
    def __init__(
        self, path: _Path | None = None, config: PatternConfig | None = None, *,
        home: _Path | None = None,
    ) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    @property
    def path(self) -> str | None: ...
    @property
    def executor(self) -> PatternExecutor: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: object) -> bool: ...
    def __iter__(self) -> Iterator[DelegationPattern]: ...
    def register_pattern(self, pattern: _Pattern, replace: bool = False) -> None: ...
    def register_patterns(self, patterns: Iterable[_Pattern]) -> int: ...
    def unregister(self, pattern: _PatternOrName) -> None: ...
    def unregister_pattern(self, pattern: _PatternOrName) -> None: ...
    def get_pattern(self, name: str) -> DelegationPattern: ...
    def get_all_pattern_names(self) -> list[str]: ...
    def find_patterns_by_domain(self, domain: str) -> list[DelegationPattern]: ...
    def find_patterns_by_attribute(self, attribute: str) -> list[DelegationPattern]: ...
    def find_similar_patterns(
        self, pattern: _PatternOrName, threshold: float = 0.3, limit: int = 10
    ) -> list[SimilarPattern]: ...
    def select(self, context: _Context, limit: int = 10) -> Selection: ...
    def find_best_pattern(
        self, context: _Context, min_confidence: float | None = None
    ) -> DelegationPattern | None: ...
    def why(self, context: _Context, limit: int = 10) -> _Object: ...
    def why_not(self, context: _Context, pattern: _PatternOrName) -> _Object: ...
    # settings: the fields of PatternConfig
    def configure(self, config: PatternConfig | None = None, **settings: Any) -> PatternConfig: ...
    def set_pattern_hints(self, hints: Mapping[str, Iterable[str]]) -> dict[str, list[str]]: ...
    def get_pattern_hint(self, context: _Context) -> str: ...
    def enable_domain_indexing(self) -> dict[str, bool]: ...
    def enable_attribute_indexing(self) -> dict[str, bool]: ...
    def compile_patterns(self) -> dict[str, float]: ...
    def configure_lookup_cache(
        self,
        cache_size: int = 1000,
        cache_ttl_seconds: float = 3600,
        preload_frequent: bool = False,
        enable_similarity_cache: bool = False,
    ) -> _Object: ...
    def preload_pattern(self, name: str) -> bool: ...
    @property
    def cache_stats(self) -> dict[str, float]: ...
    @property
    def lookup_stats(self) -> _Object: ...
    @overload
    def get_pattern_analytics(self, pattern: None = None) -> dict[str, PatternAnalytics]: ...
    @overload
    def get_pattern_analytics(self, pattern: _PatternOrName) -> PatternAnalytics: ...
    def cleanup_unused_patterns(
        self, max_age_days: float | None = 30, min_uses: int = 1, dry_run: bool = False
    ) -> list[str]: ...
    def cleanup_old_data(self, max_age_days: float = 90) -> dict[str, int]: ...
    def add_listener(
        self, callback: _OnChange, events: _RegistryEvents | None = None
    ) -> Listener: ...
    def remove_listener(self, listener: Listener | _OnChange) -> bool: ...
    def import_path(
        self, path: _Path, source: str | None = None, run: _Names | None = None
    ) -> _Object: ...
    def trust(self, path: _Path) -> bool: ...

# ---- running -----------------------------------------------------------------

class StepCall(NamedTuple):
    run: str
    step: str
    key: str  # "run/step", the same at every attempt
    attempt: int  # from 1
    task: str | None
    inputs: _Object
    output: Any = None  # of the step, for its undo and its verifier

class ExecutionEvent:
    kind: Literal[
        "run_started", "step_started", "step_done", "step_failed", "step_retry",
        "step_skipped", "undo_started", "undo_done", "undo_failed", "violation",
        "run_done", "approval_asked", "approved", "denied", "verify_started",
    ]
    run: str
    step: str  # "" for the run's own events
    detail: str
    attempt: int  # from 1; 0 for the run's own events
    steps_done: int
    steps_total: int
    at: float  # seconds since 1970
    elapsed_ms: int
    tokens: int | None  # of the run so far; None: nobody said
    cost: float | None
    step_tokens: int | None  # of that, of the call that this tells of
    step_cost: float | None

class ExecutionResult:
    success: bool
    state: Literal["succeeded", "failed", "cancelled", "in_doubt", "undo_failed"]
    outcome: Literal["success", "failure", "unknown"]
    run_id: str
    pattern: str
    outputs: _Object  # by the names of steps
    output: Any
    context: PatternContext
    preservation: float
    violations: list[_Object]
    error: str | None
    exception: BaseException | None
    elapsed_ms: int
    steps_done: int
    steps_total: int
    def rate(self, good: bool | None, should: _PatternOrName | None = None) -> None: ...
    def __bool__(self) -> bool: ...

class PatternExecutor:
    registry: PatternRegistry
    cwd: str | None
    def __init__(
        self, registry: PatternRegistry | None = None, cwd: _Path | None = None
    ) -> None: ...
    @overload
    def bind(self, name: str, fn: None = None) -> Callable[[_FunctionT], _FunctionT]: ...
    @overload
    def bind(self, name: str, fn: _FunctionT) -> _FunctionT: ...
    def unbind(self, name: str) -> None: ...
    # timeout: seconds
    def execute(
        self,
        pattern: _PatternOrName,
        context: _Context | None = None,
        timeout: float | None = None,
        on_event: _OnEvent | None = None,
    ) -> ExecutionResult: ...
    async def execute_async(
        self,
        pattern: _PatternOrName,
        context: _Context | None = None,
        timeout: float | None = None,
        on_event: _OnEvent | None = None,
    ) -> ExecutionResult: ...
    def execute_best_pattern(
        self, context: _Context, timeout: float | None = None, on_event: _OnEvent | None = None
    ) -> ExecutionResult: ...
    def execute_with_fallback(
        self,
        pattern: _PatternOrName,
        fallbacks: _PatternOrName | Iterable[_PatternOrName] | None = None,
        context: _Context | None = None,
        timeout: float | None = None,
    ) -> ExecutionResult: ...
    @overload
    def batch_execute(
        self,
        items: Iterable[tuple[_PatternOrName, _Context | None] | _Context],
        max_concurrent: int | None = None,
        return_exceptions: Literal[False] = False,
    ) -> list[ExecutionResult]: ...
    @overload
    def batch_execute(
        self,
        items: Iterable[tuple[_PatternOrName, _Context | None] | _Context],
        max_concurrent: int | None = None,
        *,
        return_exceptions: Literal[True],
    ) -> list[ExecutionResult | PatternError]: ...
    def plan(
        self, pattern: _PatternOrName, context: _Context | None = None
    ) -> dict[str, Any]: ...
    def follow(self, run_id: str, timeout: float | None = None) -> Iterator[dict[str, Any]]: ...
    def changes(self, run_id: str) -> dict[str, Any]: ...
    def result(self, run_id: str) -> ExecutionResult: ...
    def resume(self, run_id: str) -> ExecutionResult: ...
    def approve(
        self, run_id: str, step: str | None = None, approved: bool = True, reason: str = ""
    ) -> None: ...

# ---- storing -----------------------------------------------------------------

class StoredSize(NamedTuple):
    bytes: int
    stored_bytes: int
    @property
    def ratio(self) -> float: ...  # stored_bytes / bytes

class LazyPattern:
    @property
    def name(self) -> str: ...
    @property
    def is_loaded(self) -> bool: ...
    def load(self) -> DelegationPattern: ...
    # Everything else is the loaded pattern's.
    def __getattr__(self, attribute: str) -> Any: ...
    def __setattr__(self, attribute: str, value: Any) -> None: ...

class PatternStorage:
    def __init__(self, path: _Path | None = None) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    @property
    def path(self) -> str | None: ...
    def save_pattern(self, pattern: _Pattern) -> StoredSize: ...
    @overload
    def load_pattern(self, name: str, lazy: Literal[False] = False) -> DelegationPattern: ...
    @overload
    def load_pattern(self, name: str, lazy: Literal[True]) -> LazyPattern: ...
    def remove_pattern(self, name: str) -> None: ...
    def get_all_pattern_names(self) -> list[str]: ...
    def __contains__(self, name: object) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[LazyPattern]: ...
    def stored_size(self, name: str) -> StoredSize: ...
    def compression_report(self) -> dict[str, StoredSize]: ...
    # For subclasses that pack by themselves.
    def _save_compressed_data(self, name: str, data: bytes) -> None: ...
    def _load_compressed_data(self, name: str) -> bytes: ...
    def export_learning_data(
        self, path: _Path | None = None, format: Literal["json", "csv", "yaml"] | None = None
    ) -> str: ...
    def cleanup_old_data(self, max_age_days: float = 90) -> dict[str, int]: ...

class PatternPool(Generic[_T]):
    pool_size: int
    made: int
    lent: int
    def __init__(
        self,
        factory: Callable[[], _T],
        pool_size: int = 100,
        reset: Callable[[_T], object] | None = None,
    ) -> None: ...
    def get_pattern(self) -> _T: ...
    def return_pattern(self, pattern: _T) -> None: ...
    def __len__(self) -> int: ...

# ---- watching ----------------------------------------------------------------

class PerformanceMetrics:
    avg_selection_time: float  # milliseconds; this and the next four: NaN
    p95_selection_time: float  # milliseconds  until something was measured
    avg_memory_access: float  # milliseconds
    context_preservation: float
    success_rate: float
    selections: int
    loads: int
    runs: int
    executions: float
    def measured(self, name: str) -> bool: ...
    def to_dict(self) -> dict[str, float]: ...

class PerformanceMonitor:
    def __init__(self, registry: PatternRegistry | PatternStorage | None = None) -> None: ...
    def get_current_metrics(self) -> PerformanceMetrics: ...
    def measured(self, name: str) -> bool: ...

class ResourceUsage:
    cpu_percent: float  # of all usable cores; NaN at the first look
    process_cpu_percent: float  # of one core; NaN at the first look
    memory_total: int  # bytes
    memory_available: int  # bytes
    memory_percent: float
    process_memory: int  # bytes
    load: float  # runnable processes, mean of a minute
    cpu_count: int
    def to_dict(self) -> dict[str, float]: ...

class ResourceMonitor:
    # memory: bytes
    def get_current_usage(self) -> ResourceUsage: ...
    def require(self, memory: int = 0, threshold: float = 0.8) -> ResourceUsage: ...
