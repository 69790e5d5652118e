"""A program with types throughout: mypy --strict reads it, test_types runs it.

Each call of `reveal` names the type that a caller counts on.
"""

import asyncio
import tempfile

from patterns import (
    Choice,
    ConfidenceLevel,
    DelegationPattern,
    ExecutionEvent,
    ExecutionResult,
    LazyPattern,
    Listener,
    MetaOrchestrationPattern,
    ParallelCoordinationPattern,
    PatternAnalytics,
    PatternConfig,
    PatternContext,
    PatternError,
    PatternExecutionError,
    PatternPool,
    PatternRegistry,
    PatternStorage,
    PerformanceMetrics,
    PerformanceMonitor,
    ResourceMonitor,
    Selection,
    SequentialDelegationPattern,
    SimilarPattern,
    StepCall,
    StoredSize,
)


def collect(context: PatternContext) -> list[str]:
    assert context.attributes is not None
    return [str(context.attributes["path"])]


async def count(context: PatternContext, call: StepCall) -> int:
    found: list[str] = call.inputs["found"]
    await asyncio.sleep(0)
    return len(found)


class Guarded(DelegationPattern):
    def matches(self, context: PatternContext) -> bool:
        return context.has_attribute("allowed", True)

    def execute(self, context: PatternContext | None = None) -> dict[str, int]:
        return {"answer": 42}


def make() -> list[DelegationPattern]:
    parallel = ParallelCoordinationPattern("work.tasks", "Tasks", tasks=["a", "b"])
    parallel.add_task_dependency("b", "a")
    parallel.set_task_resource_requirement("a", cpu=1, memory="64MB")
    meta = MetaOrchestrationPattern("work.phases", "Phases", strategy="careful")
    meta.add_phase("first", ["work.count"], success_criteria={"min_success_rate": 0.9})
    meta.set_phase_success_criteria("first", max_latency="90s")
    steps = SequentialDelegationPattern(
        "work.count", "Count the files of a folder",
        steps=[collect, {"name": "count", "call": count,
                         "with": {"found": "${steps.collect.output}"}}],
        timeout_seconds=60, domains=["files.**"])
    return [steps, parallel, meta, Guarded("work.guarded", "Guarded work")]


def choose(registry: PatternRegistry) -> None:
    selection: Selection = registry.select("count the files", limit=3)
    best: Choice = selection.choices[0]
    level: ConfidenceLevel = best.level
    assert level in ConfidenceLevel and 0 <= best.confidence <= 1
    similar: list[SimilarPattern] = registry.find_similar_patterns("work.count", 0.0)
    assert all(each.pattern.name != "work.count" for each in similar)
    pattern: DelegationPattern | None = registry.find_best_pattern(
        {"domain": "files.text"}, min_confidence=0.0)
    assert pattern is not None
    of_all: dict[str, PatternAnalytics] = registry.get_pattern_analytics()
    of_one: PatternAnalytics = registry.get_pattern_analytics("work.count")
    assert of_all[of_one.name].execution_count == of_one.execution_count
    config: PatternConfig = registry.configure(threshold=0.6)
    assert config.threshold == 0.6


def run(registry: PatternRegistry) -> None:
    executor = registry.executor
    events: list[ExecutionEvent] = []

    @executor.bind("a")
    def work() -> str:
        return "done"

    assert work() == "done"
    context = PatternContext("files.text", attributes={"path": "/etc", "allowed": True})
    result: ExecutionResult = executor.execute(
        "work.count", context, timeout=30.0, on_event=events.append)
    assert result.output == 1 and events
    print(result)
    mixed: list[ExecutionResult | PatternError] = executor.batch_execute(
        [("work.count", context), ("work.guarded", context)], return_exceptions=True)
    assert all(not isinstance(each, PatternError) for each in mixed)
    results: list[ExecutionResult] = executor.batch_execute([("work.guarded", context)])
    assert results[0].output == {"answer": 42}
    try:
        executor.execute("work.count", {"attributes": {}})
    except PatternExecutionError as error:
        failed: ExecutionResult | None = error.result
        assert failed is not None and isinstance(failed.exception, KeyError)
    later: ExecutionResult = asyncio.run(executor.execute_async("work.count", context))
    later.rate(True)


def store() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with PatternStorage(f"{folder}/patterns.db") as storage:
            size: StoredSize = storage.save_pattern(make()[0])
            assert 0 < size.ratio
            pattern: DelegationPattern = storage.load_pattern("work.guarded") \
                if "work.guarded" in storage else make()[3]
            lazy: LazyPattern = storage.load_pattern("work.count", lazy=True)
            assert pattern.name and lazy.load().kind == "sequential"
            report: dict[str, int] = storage.cleanup_old_data(1.5)
            assert report["runs"] == 0


def watch(registry: PatternRegistry) -> None:
    metrics: PerformanceMetrics = PerformanceMonitor(registry).get_current_metrics()
    assert metrics.measured("avg_selection_time")
    assert ResourceMonitor().get_current_usage().memory_total > 0
    pool = PatternPool(lambda: make()[0], pool_size=1)
    pattern = pool.get_pattern()
    pattern.record_execution(True, latency_ms=1.5)
    pool.return_pattern(pattern)


def main() -> None:
    with PatternRegistry() as registry:
        told: list[str | None] = []
        listener: Listener = registry.add_listener(
            lambda event, name: told.append(name), events=["registered"])
        registry.register_patterns(make()[:1] + make()[3:])
        assert told == ["work.count", "work.guarded"] and listener.remove()
        choose(registry)
        run(registry)
        watch(registry)
    store()


if __name__ == "__main__":
    main()
