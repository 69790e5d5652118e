#!/usr/bin/python3
"""Optimising a registry: indexes, cache, compilation and hints, with what each
of them changed."""

import time

from patterns import PatternContext, PatternRegistry, SequentialDelegationPattern

HINTS = {
    "sequential_patterns": [
        "data_processing_pipeline", "validation_workflow", "deployment_sequence"],
    "parallel_patterns": [
        "multi_service_deployment", "concurrent_testing", "parallel_data_processing"],
    "meta_patterns": [
        "enterprise_migration", "complex_orchestration", "multi_domain_workflow"],
}
CATEGORIES = [
    {"category": "web_dev", "regex": r"web.*development|frontend|backend"},
    {"category": "data", "regex": r"data.*processing|analytics|etl"},
    {"category": "devops", "regex": r"devops|deployment|infrastructure"},
    {"category": "security", "regex": r"security|audit|vulnerability"},
]


def optimize(registry):
    """What changes, and what is on already, says each call itself."""
    print("domain index     ", registry.enable_domain_indexing())
    print("attribute index  ", registry.enable_attribute_indexing())
    print("lookup cache     ", registry.configure_lookup_cache(
        cache_size=2000, cache_ttl_seconds=7200, preload_frequent=True,
        enable_similarity_cache=True))
    print("compiled         ", registry.compile_patterns())
    registry.set_pattern_hints(HINTS)
    registry.configure(categories=CATEGORIES)


def timed(what, work, rounds=1000):
    start = time.perf_counter()
    for _ in range(rounds):
        result = work()
    print(f"{what:34} {(time.perf_counter() - start) / rounds * 1e6:8.2f} us")
    return result


def main():
    registry = PatternRegistry()
    for names in HINTS.values():
        for name in names:
            registry.register_pattern(SequentialDelegationPattern(
                name, name.replace("_", " "), steps=["prepare", "work"],
                domains=[f"work.{name.split('_')[0]}"]))
    optimize(registry)

    tries: list[dict] = [{"concurrent": True}, {"complexity": 8}, {"complexity": "low"}]
    for attributes in tries:
        context = PatternContext("work.data", attributes=attributes)
        print(f"hint for {attributes}: {registry.get_pattern_hint(context)}")

    context = PatternContext(text="deploy the services to all regions at once",
                             attributes={"concurrent": True})
    print("chosen:", registry.find_best_pattern(context, min_confidence=0))
    timed("get_pattern", lambda: registry.get_pattern("concurrent_testing"))
    timed("find_patterns_by_domain",
          lambda: registry.find_patterns_by_domain("work.data"))
    timed("find_similar_patterns, cached",
          lambda: registry.find_similar_patterns("concurrent_testing", 0.1))
    timed("select", lambda: registry.select(context))


if __name__ == "__main__":
    main()
