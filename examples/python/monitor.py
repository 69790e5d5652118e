#!/usr/bin/python3
"""Watching a registry at work: its events, its numbers, the machine's."""

import asyncio
import math

from patterns import (
    DelegationPattern,
    PatternExecutionError,
    PatternRegistry,
    PerformanceMonitor,
    ResourceMonitor,
)


class Primes(DelegationPattern):
    """Its own rule when it may be taken, and its own work."""

    def __init__(self):
        super().__init__("math.primes", "Find the prime numbers below a limit",
                         examples=["which numbers are prime?"],
                         extra={"confidence": {"cold_threshold": 0.2}})

    def matches(self, context):
        return 0 < context.attributes.get("limit", 0) <= 1_000_000

    async def execute(self, context):
        await asyncio.sleep(0)
        limit = context.attributes["limit"]
        return [n for n in range(2, limit)
                if all(n % d for d in range(2, math.isqrt(n) + 1))]


async def main():
    registry = PatternRegistry()
    registry.add_listener(lambda event, name: print(f"  event: {event} {name}"))
    registry.register_pattern(Primes())
    executor = registry.executor
    tasks = [
        executor.execute_async("math.primes", {"attributes": {"limit": limit}})
        for limit in (10, 20, 30)
    ]
    for result in await asyncio.gather(*tasks):
        print(result.output)
        result.rate(good=True)
    try:
        await executor.execute_async("math.primes", {"attributes": {"limit": "x"}})
    except PatternExecutionError as error:
        print(f"{error}\n  because: {error.__cause__!r}")
    print(registry.select({"text": "prime numbers", "attributes": {"limit": 5}}).chosen)

    metrics = PerformanceMonitor(registry).get_current_metrics()
    for name, value in metrics.to_dict().items():
        print(f"{name:22} {value if metrics.measured(name) else 'not measured'}")
    print(ResourceMonitor().get_current_usage())


if __name__ == "__main__":
    asyncio.run(main())
