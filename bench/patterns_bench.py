#!/usr/bin/python3
"""patterns_bench.py - what the Python module costs.

    PYTHONPATH=build/python bench/patterns_bench.py [--rounds N] [--json]

Times are medians of repeated loops, in microseconds a call unless the name
says otherwise; the loop's own cost is measured and taken off.
"""

import argparse
import gc
import json
import statistics
import tempfile
import time

from patterns import (
    PatternContext,
    PatternRegistry,
    PatternStorage,
    SequentialDelegationPattern,
)

PATTERNS = 10_000
DOMAINS = PATTERNS // 10  # ten patterns each


def make(index):
    return SequentialDelegationPattern(
        name=f"test_pattern_{index}",
        description=f"Test pattern {index}",
        steps=[f"step_{index}_1", f"step_{index}_2"],
        domains=[f"area.part_{index % DOMAINS}"],
    )


def each_us(work, arguments, repeats=9):
    """Median microseconds of work(argument), over all arguments."""

    def nothing(_):
        pass

    def loop(fn):
        start = time.perf_counter_ns()
        for argument in arguments:
            fn(argument)
        return (time.perf_counter_ns() - start) / len(arguments) / 1000

    empty = min(loop(nothing) for _ in range(repeats))
    return statistics.median(loop(work) for _ in range(repeats)) - empty


def resident_kb():
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise RuntimeError("no VmRSS in /proc/self/status")


def finding(results):
    registry = PatternRegistry()
    for index in range(PATTERNS):
        registry.register_pattern(make(index))
    ready = registry.compile_patterns()
    results["compile_10k_ms"] = ready["milliseconds"]
    names = registry.get_all_pattern_names()
    results["get_pattern_us"] = each_us(registry.get_pattern, names)
    domains = [f"area.part_{index}" for index in range(DOMAINS)]
    results["find_patterns_by_domain_10_first_us"] = each_us(
        registry.find_patterns_by_domain, domains, 1)
    assert all(len(registry.find_patterns_by_domain(d)) == 10 for d in domains)
    results["find_patterns_by_domain_10_us"] = each_us(
        registry.find_patterns_by_domain, domains)
    contexts = [PatternContext(text=f"test pattern {i}") for i in range(100)]
    results["select_10k_us"] = each_us(registry.select, contexts, 3)
    registry.close()


def storing(results):
    with tempfile.TemporaryDirectory() as folder:
        for name, path in (("memory", None), ("file", f"{folder}/patterns.db")):
            storage = PatternStorage(path)
            patterns = [make(index) for index in range(1000)]
            start = time.perf_counter()
            sizes = [storage.save_pattern(pattern) for pattern in patterns]
            results[f"save_pattern_{name}_us"] = (
                (time.perf_counter() - start) / len(patterns) * 1e6)
            names = [pattern.name for pattern in patterns]
            results[f"load_pattern_{name}_us"] = each_us(storage.load_pattern, names, 3)
            storage.close()
        results["stored_ratio"] = statistics.mean(size.ratio for size in sizes)


def registering(results, count=100_000):
    start = time.perf_counter()
    patterns = [make(index) for index in range(count)]
    results["construct_us"] = (time.perf_counter() - start) / count * 1e6
    registry = PatternRegistry()
    gc.collect()
    start = time.perf_counter()
    for pattern in patterns:
        registry.register_pattern(pattern)
    results["register_100k_s"] = time.perf_counter() - start
    start = time.perf_counter()
    registry.compile_patterns()
    results["compile_100k_s"] = time.perf_counter() - start
    registry.close()


def rounds(results, count):
    """Register, select, unregister, each time another pattern, among 20."""
    registry = PatternRegistry()
    for index in range(20):
        registry.register_pattern(make(index))
    context = PatternContext("area.part_3", text="test pattern 3")
    warm = max(1, count // 10)
    start = time.perf_counter()
    for index in range(count):
        pattern = make(1000 + index)
        registry.register_pattern(pattern)
        registry.select(context)
        registry.unregister(pattern)
        if index + 1 == warm:
            gc.collect()
            before = resident_kb()
    gc.collect()
    results["rounds"] = count
    results["round_us"] = (time.perf_counter() - start) / count * 1e6
    results["rounds_growth_kb"] = resident_kb() - before
    registry.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10_000,
                        help="rounds of register, select, unregister")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = {}
    finding(results)
    storing(results)
    registering(results)
    rounds(results, arguments.rounds)
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    for name, value in results.items():
        print(f"{name:36} {value:12.3f}" if isinstance(value, float)
              else f"{name:36} {value:12}")


if __name__ == "__main__":
    main()
