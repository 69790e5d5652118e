"""What registries, storages and the machine do, in numbers."""

import math
import os
import threading
import time
import weakref

from . import _check, _json
from ._ndf import InvalidPatternError, PatternError, ResourceExhaustionError

_tracked = weakref.WeakSet()
_lock = threading.Lock()


def track(owner):
    """PerformanceMonitor() looks at every registry and storage there is."""
    with _lock:
        _tracked.add(owner)


class PerformanceMetrics:
    """Measured values; NaN where nothing was measured yet.

    avg_selection_time, p95_selection_time: milliseconds of choosing in the
        core
    avg_memory_access: milliseconds of loading a pattern from a store
    context_preservation: 0..1, mean over the runs that ended
    success_rate: 0..1, of the executions whose outcome is known
    selections, loads, runs, executions: what these are means of
    """

    __slots__ = (
        "avg_selection_time", "p95_selection_time", "avg_memory_access",
        "context_preservation", "success_rate", "selections", "loads", "runs",
        "executions",
    )

    def measured(self, name):
        """Whether a value is there: False while it is NaN."""
        if name not in self.__slots__:
            raise InvalidPatternError(
                f"there is no metric {name!r}: there are {', '.join(self.__slots__)}"
            )
        value = getattr(self, name)
        return value == value

    def to_dict(self):
        return {name: getattr(self, name) for name in self.__slots__}

    def __repr__(self):
        parts = (f"{name}={getattr(self, name):.4g}" for name in self.__slots__)
        return f"<PerformanceMetrics {' '.join(parts)}>"


def _mean(total, count):
    return total / count if count else math.nan


class PerformanceMonitor:
    """Measures what is really done: of one registry or storage, or, without
    one, of all that are open in this process."""

    def __init__(self, registry=None):
        if registry is not None and not hasattr(registry, "_loads"):
            raise InvalidPatternError(
                "a monitor is of a PatternRegistry or a PatternStorage, not "
                f"{type(registry).__name__}"
            )
        self._only = registry

    def _owners(self):
        if self._only is not None:
            return [self._only]
        with _lock:
            return list(_tracked)

    def get_current_metrics(self):
        """PerformanceMetrics since each registry was opened."""
        select, p95, preserved = [0, 0.0], math.nan, [0, 0.0]
        loads = [0, 0]
        known = wins = 0.0
        runs = executions = 0
        for owner in self._owners():
            count, ns = owner._loads()
            loads[0] += count
            loads[1] += ns
            try:
                owner._flush()
                data = _json.decode(owner._engine.metrics())
                counted = _json.decode(owner._engine.stats())
            except PatternError:
                continue  # closed meanwhile
            times, kept = data["select_us"], data["preservation_permille"]
            select[0] += times["count"]
            select[1] += times["count"] * times["mean"]
            if times["count"]:
                p95 = times["p95"] / 1000 if p95 != p95 else max(p95, times["p95"] / 1000)
            preserved[0] += kept["count"]
            preserved[1] += kept["count"] * kept["mean"]
            runs += data["runs_started"]
            for each in counted:
                known += each["tries"]
                wins += each["wins"]
                executions += each["executions"]
        metrics = PerformanceMetrics()
        metrics.avg_selection_time = _mean(select[1], select[0]) / 1000
        metrics.p95_selection_time = p95
        metrics.avg_memory_access = _mean(loads[1], loads[0]) / 1e6
        metrics.context_preservation = _mean(preserved[1], preserved[0]) / 1000
        metrics.success_rate = _mean(wins, known)
        metrics.selections = select[0]
        metrics.loads = loads[0]
        metrics.runs = runs
        metrics.executions = executions
        return metrics

    def measured(self, name):
        """Whether the metric of that name has been measured yet."""
        return self.get_current_metrics().measured(name)


class ResourceUsage:
    """The machine and this process, at one moment.

    cpu_percent: of all usable cores, since the last look (NaN at the first)
    process_cpu_percent: of this process, of one core, likewise
    memory_total, memory_available, process_memory: bytes
    memory_percent: of the total that is not available
    load: runnable processes, mean of a minute; cpu_count: usable cores
    """

    __slots__ = (
        "cpu_percent", "process_cpu_percent", "memory_total",
        "memory_available", "memory_percent", "process_memory", "load",
        "cpu_count",
    )

    def to_dict(self):
        return {name: getattr(self, name) for name in self.__slots__}

    def __repr__(self):
        cpu = self.cpu_percent
        return (
            f"<ResourceUsage cpu {f'{cpu:.0f} %' if cpu == cpu else 'not measured'}, "
            f"memory {self.memory_percent:.0f} %, "
            f"process {self.process_memory >> 20} MB>"
        )


class ResourceMonitor:
    """Reads what the machine has left from /proc."""

    def __init__(self):
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._last = None

    def get_current_usage(self):
        """ResourceUsage of now."""
        usage = ResourceUsage()
        usage.cpu_count = len(os.sched_getaffinity(0))
        usage.load = os.getloadavg()[0]
        memory = _meminfo()
        usage.memory_total = memory["MemTotal"]
        usage.memory_available = memory["MemAvailable"]
        usage.memory_percent = 100 * (1 - usage.memory_available / usage.memory_total)
        with open("/proc/self/statm", encoding="ascii") as file:
            usage.process_memory = int(file.read().split()[1]) * self._page
        busy, total = _cpu_ticks()
        now = (busy, total, time.process_time(), time.monotonic())
        usage.cpu_percent = usage.process_cpu_percent = math.nan
        if self._last is not None:
            before = self._last
            if total > before[1]:
                usage.cpu_percent = 100 * (busy - before[0]) / (total - before[1])
            if now[3] > before[3]:
                usage.process_cpu_percent = (
                    100 * (now[2] - before[2]) / (now[3] - before[3])
                )
        self._last = now
        return usage

    def require(self, memory=0, threshold=0.8):
        """Raises ResourceExhaustionError when `memory` bytes more would use
        more than threshold (0..1) of the machine's."""
        _check.number(memory, "memory")
        _check.number(threshold, "threshold", 0, 1)
        usage = self.get_current_usage()
        left = usage.memory_available - memory
        if left < (1 - threshold) * usage.memory_total:
            raise ResourceExhaustionError(
                f"{memory} bytes of memory would leave {max(left, 0) >> 20} MB of "
                f"{usage.memory_total >> 20} MB, less than the "
                f"{1 - threshold:.0%} that stay free: wait, or raise the threshold"
            )
        return usage


def _meminfo():
    found = {}
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            name, _, rest = line.partition(":")
            found[name] = int(rest.split()[0]) * 1024
            if len(found) > 2 and "MemAvailable" in found:
                break
    return found


def _cpu_ticks():
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)
