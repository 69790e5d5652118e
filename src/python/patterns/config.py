"""What decides where a pattern does not say."""

import math
from collections.abc import Mapping

from . import _json
from ._ndf import InvalidPatternError


class PatternConfig:
    """Settings of a registry; None leaves what it has.

    threshold: confidence from which a pattern is taken unattended, 0..1
    cold_threshold: fit that suffices while it has few executions, 0..1
    min_executions: how many those are
    half_life: in which counts fade by half, like "30d"
    medium, high: where the confidence levels begin, 0..1
    kind_names: {"sequential": [name...], "parallel": [...], "meta": [...]}:
        names of patterns that suit a kind of task
    categories: [{"category": ..., "regex": ...}, ...]: words that tell a
        domain, the first that matches
    vectors: path of a file of word vectors, as text in the format of GloVe or
        word2vec; "": none
    lookup_cache: {"size": 1000, "ttl": "1h", "preload_frequent": False,
        "similarity": False}: what is kept of tasks that come again
    """

    __slots__ = (
        "threshold", "cold_threshold", "min_executions", "half_life", "medium",
        "high", "kind_names", "categories", "vectors", "lookup_cache",
    )

    def __init__(self, threshold=None, cold_threshold=None, min_executions=None,
                 half_life=None, medium=None, high=None, kind_names=None,
                 categories=None, vectors=None, lookup_cache=None):
        self.threshold = threshold
        self.cold_threshold = cold_threshold
        self.min_executions = min_executions
        self.half_life = half_life
        self.medium = medium
        self.high = high
        self.kind_names = kind_names
        self.categories = categories
        self.vectors = vectors
        self.lookup_cache = lookup_cache

    def to_dict(self):
        """The shape of the core: only what is set."""
        data = {
            name: getattr(self, name)
            for name in self.__slots__
            if name not in ("medium", "high") and getattr(self, name) is not None
        }
        levels = {
            name: getattr(self, name)
            for name in ("medium", "high")
            if getattr(self, name) is not None
        }
        if levels:
            data["levels"] = levels
        return data

    @classmethod
    def from_dict(cls, data):
        data = dict(data)
        data.update(data.pop("levels", {}))
        unknown = data.keys() - set(cls.__slots__)
        if unknown:
            raise InvalidPatternError(
                f"there is no setting {sorted(map(str, unknown))[0]!r}: there are "
                f"{', '.join(cls.__slots__)}"
            )
        return cls(**data)

    def to_json(self):
        return _json.encode(self.to_dict(), "the configuration")

    def __eq__(self, other):
        if not isinstance(other, PatternConfig):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None

    def __repr__(self):
        parts = (f"{n}={getattr(self, n)!r}" for n in self.__slots__
                 if getattr(self, n) is not None)
        return f"PatternConfig({', '.join(parts)})"


def configured(engine, config, settings):
    """Gives an engine settings, as `configure` takes them; all of them then."""
    if config is not None and not isinstance(config, PatternConfig):
        raise InvalidPatternError(
            f"configure takes a PatternConfig, not {type(config).__name__}: give "
            "single settings by name"
        )
    data = {} if config is None else config.to_dict()
    data.update(PatternConfig(**settings).to_dict())
    now = _json.decode(engine.configure())
    if "levels" in data:
        data["levels"] = {**now.get("levels", {}), **data["levels"]}
    if data:
        now = _json.decode(engine.configure(_json.encode(data, "the configuration")))
    return PatternConfig.from_dict(now)


_LOOKUPS_MAX = 1_000_000
_TTL_MAX_S = 10 * 365 * 86400


def lookup_settings(size, ttl_seconds, preload_frequent, similarity):
    """The lookup_cache of a PatternConfig; without any time, nothing is kept."""
    milliseconds = int(min(ttl_seconds, _TTL_MAX_S) * 1000)
    return {
        "size": min(int(size), _LOOKUPS_MAX) if milliseconds > 0 else 0,
        "ttl": f"{max(milliseconds, 1)}ms",
        "preload_frequent": bool(preload_frequent),
        "similarity": bool(similarity),
    }


def lookup_stats(engine):
    """What an engine's lookup cache did."""
    stats = _json.decode(engine.metrics())["lookup_cache"]
    if stats["hit_rate"] is None:
        stats["hit_rate"] = math.nan
    return stats


HINT_LISTS = {
    "sequential_patterns": "sequential",
    "parallel_patterns": "parallel",
    "meta_patterns": "meta",
}


def hinted(hints, kind_names):
    """kind_names with the lists of hints in the places of theirs."""
    if not isinstance(hints, Mapping):
        raise InvalidPatternError(
            f"hints are a dict of lists of names, not {type(hints).__name__}"
        )
    unknown = hints.keys() - HINT_LISTS.keys()
    if unknown:
        raise InvalidPatternError(
            f"there is no list {sorted(map(str, unknown))[0]!r}: there are "
            f"{', '.join(HINT_LISTS)}"
        )
    return {**(kind_names or {}), **{HINT_LISTS[k]: list(v) for k, v in hints.items()}}
