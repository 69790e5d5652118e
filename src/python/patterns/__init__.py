"""NDF, the Natural Delegation Framework, for Python.

Given a task in plain words, NDF selects the delegation pattern that fits, runs
it over real agents and functions so that no crash loses or repeats work, keeps
the context intact, and learns from the outcome.

    from patterns import PatternContext, PatternRegistry, SequentialDelegationPattern

    registry = PatternRegistry()
    registry.register_pattern(SequentialDelegationPattern(
        "report.weekly", "Collect the numbers of the week and write a report",
        steps=[collect, write], domains=["reporting.**"]))
    result = registry.executor.execute_best_pattern("write this week's report")

`import ndf` is the same module. Names, types and units of everything stand in
`patterns/__init__.pyi`; errors are the exceptions below PatternError.
"""

from . import _ndf
from ._ndf import (
    ConfidenceThresholdError,
    InvalidPatternError,
    PatternAlreadyExistsError,
    PatternError,
    PatternExecutionError,
    PatternNotFoundError,
    ResourceExhaustionError,
    TimeoutError,
)
from .cache import PatternPool
from .calls import StepCall
from .choice import Choice, Selection, SimilarPattern
from .config import PatternConfig
from .context import PatternContext
from .executor import ExecutionEvent, ExecutionResult, PatternExecutor
from .lazy import LazyPattern
from .listeners import Listener
from .monitor import (
    PerformanceMetrics,
    PerformanceMonitor,
    ResourceMonitor,
    ResourceUsage,
)
from .kinds import (
    MetaOrchestrationPattern,
    ParallelCoordinationPattern,
    SequentialDelegationPattern,
)
from .pattern import DelegationPattern
from .registry import PatternRegistry
from .stats import ConfidenceLevel, PatternAnalytics
from .storage import PatternStorage, StoredSize

__version__ = _ndf.version

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

# People see, and pickles name, the module that they import from.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
del _name
