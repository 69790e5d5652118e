"""What decides where a pattern does not say."""

from . import _json


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
    """

    __slots__ = (
        "threshold", "cold_threshold", "min_executions", "half_life", "medium",
        "high", "kind_names", "categories",
    )

    def __init__(self, threshold=None, cold_threshold=None, min_executions=None,
                 half_life=None, medium=None, high=None, kind_names=None,
                 categories=None):
        self.threshold = threshold
        self.cold_threshold = cold_threshold
        self.min_executions = min_executions
        self.half_life = half_life
        self.medium = medium
        self.high = high
        self.kind_names = kind_names
        self.categories = categories

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
        return cls(**data.pop("levels", {}), **data)

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
