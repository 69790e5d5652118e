"""What is counted of a pattern, and how sure that makes us."""

import enum
import math
import time

from . import _ndf
from ._ndf import InvalidPatternError, ResourceExhaustionError

TEXT_MAX = 256 * 1024  # characters, so that it fits the core's limit of bytes


class ConfidenceLevel(enum.Enum):
    """LOW < 0.5 <= MEDIUM < 0.8 <= HIGH, unless PatternConfig says
    otherwise."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2

    @classmethod
    def of(cls, confidence, medium=0.5, high=0.8):
        """The level of a confidence, 0..1."""
        if confidence >= high:
            return cls.HIGH
        return cls.MEDIUM if confidence >= medium else cls.LOW


class Counts:
    """Executions, of how many the outcome is known, and how many succeeded."""

    __slots__ = ("executions", "known", "wins")

    def __init__(self, executions=0, known=0, wins=0):
        self.executions = executions
        self.known = known
        self.wins = wins

    def add(self, success):
        self.executions += 1
        if success is not None:
            self.known += 1
            self.wins += bool(success)

    @property
    def success_rate(self):
        return self.wins / self.known if self.known else math.nan

    def to_list(self):
        return [self.executions, self.known, self.wins]


class Stats:
    """Counts of one pattern in all, and by domain; with times."""

    __slots__ = ("total", "domains", "latency_ms", "timed", "last_ms")

    def __init__(self):
        self.clear()

    def clear(self):
        self.total = Counts()
        self.domains = {}
        self.latency_ms = 0.0
        self.timed = 0
        self.last_ms = 0

    def add(self, success, domain=None, latency_ms=None):
        self.total.add(success)
        if domain:
            self.domains.setdefault(domain, Counts()).add(success)
        if latency_ms is not None:
            self.latency_ms += latency_ms
            self.timed += 1
        self.last_ms = int(time.time() * 1000)

    @property
    def avg_latency_ms(self):
        return self.latency_ms / self.timed if self.timed else math.nan

    def confidence(self):
        """(mean, lower bound) of the probability that it works."""
        return _ndf.success(self.total.wins, self.total.known)

    def to_dict(self):
        return {
            "total": self.total.to_list(),
            "domains": {name: c.to_list() for name, c in self.domains.items()},
            "latency_ms": self.latency_ms,
            "timed": self.timed,
            "last_ms": self.last_ms,
        }

    @classmethod
    def from_dict(cls, data):
        """Raises InvalidPatternError for what to_dict would not have made."""
        stats = cls()
        try:
            stats.total = _counts(data["total"])
            stats.domains = {n: _counts(c) for n, c in data["domains"].items()}
            stats.latency_ms = float(data["latency_ms"])
            stats.timed = int(data["timed"])
            stats.last_ms = int(data["last_ms"])
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise InvalidPatternError(
                "the counts kept with this pattern cannot be understood"
            ) from None
        return stats


class LaterStats(Stats):
    """Those that read(stats) fills in when they are first looked at."""

    __slots__ = ("_read",)

    def __init__(self, read):
        self._read = read

    def __getattr__(self, name):
        if name not in Stats.__slots__:
            raise AttributeError(name)
        self.clear()
        self._read(self)
        return getattr(self, name)


def _counts(numbers):
    executions, known, wins = map(int, numbers)
    if not 0 <= wins <= known <= executions < 2**53:
        raise ValueError
    return Counts(executions, known, wins)


def check_outcome(success, domain, latency_ms, text):
    """Raises InvalidPatternError for what the core would not take later."""
    if success not in (True, False, None):
        raise InvalidPatternError(f"success is True, False or None, not {success!r}")
    for what, value in (("domain", domain), ("text", text)):
        if value is not None and not isinstance(value, str):
            raise InvalidPatternError(
                f"the {what} of an execution is a str, not {type(value).__name__}"
            )
    if domain is not None:
        _ndf.domain_matches("any", domain)  # says it when it is none
    if latency_ms is not None:
        number = isinstance(latency_ms, (int, float)) and not isinstance(latency_ms, bool)
        if not number or not 0 <= latency_ms < 2**53:
            raise InvalidPatternError(
                f"latency_ms is a number of milliseconds from 0, not {latency_ms!r}"
            )
    if text is not None and len(text) > TEXT_MAX:
        raise ResourceExhaustionError(
            f"the text of an execution has {len(text)} characters, at most "
            f"{TEXT_MAX} are taken"
        )


class PatternAnalytics:
    """What is known of one pattern, at one moment.

    name: the pattern's
    execution_count, success_count, failure_count: executions; those of
        unknown outcome are in the first only
    success_rate: successes among the known ones, 0..1; NaN before any
    confidence_score: probability that it works, 0..1: the mean of a Beta
        posterior; confidence_lower: what it is at least, 95 % sure
    confidence_level: ConfidenceLevel of the score
    avg_latency_ms: of the executions that told; NaN before any
    domains: dict of domain to {execution_count, success_rate}
    uses: how often the registry handed it out
    last_execution: seconds since 1970, or None
    """

    __slots__ = (
        "name", "execution_count", "success_count", "failure_count",
        "success_rate", "confidence_score", "confidence_lower",
        "confidence_level", "avg_latency_ms", "domains", "uses",
        "last_execution",
    )

    def __init__(self, name, stats, uses, levels=(0.5, 0.8)):
        total = stats.total
        self.name = name
        self.execution_count = total.executions
        self.success_count = total.wins
        self.failure_count = total.known - total.wins
        self.success_rate = total.success_rate
        self.confidence_score, self.confidence_lower = stats.confidence()
        self.confidence_level = ConfidenceLevel.of(self.confidence_score, *levels)
        self.avg_latency_ms = stats.avg_latency_ms
        self.domains = {
            domain: {
                "execution_count": counts.executions,
                "success_rate": counts.success_rate,
            }
            for domain, counts in stats.domains.items()
        }
        self.uses = uses
        self.last_execution = stats.last_ms / 1000 if stats.last_ms else None

    def to_dict(self):
        """As a dict of JSON values; NaN stays NaN."""
        data = {name: getattr(self, name) for name in self.__slots__}
        data["confidence_level"] = self.confidence_level.name
        return data

    def __repr__(self):
        return (
            f"<PatternAnalytics {self.name!r} {self.execution_count} executions, "
            f"success {self.success_rate:.1%}, confidence "
            f"{self.confidence_score:.2f} {self.confidence_level.name}>"
        )
