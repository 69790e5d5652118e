"""Stored patterns that are read when they are used."""

from ._ndf import InvalidPatternError
from .pattern import DelegationPattern


class LazyPattern:
    """A stored pattern that is loaded when something of it besides its name
    is first used; then it acts as that pattern. `load()` gives the pattern
    itself."""

    __slots__ = ("_storage", "_name", "_pattern", "__weakref__")

    def __init__(self, storage, name):
        object.__setattr__(self, "_storage", storage)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_pattern", None)

    @property
    def name(self):
        return self._name

    @property
    def is_loaded(self):
        return self._pattern is not None

    def load(self):
        if self._pattern is None:
            object.__setattr__(self, "_pattern", self._storage.load_pattern(self._name))
        return self._pattern

    def __getattr__(self, attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self.load(), attribute)

    def __setattr__(self, attribute, value):
        setattr(self.load(), attribute, value)

    def __reduce__(self):
        return _same, (self.load(),)

    def __repr__(self):
        return repr(self._pattern) if self.is_loaded else f"<LazyPattern {self._name!r}>"


def _same(pattern):
    return pattern


def as_pattern(value, call, hint=""):
    """The pattern that a caller gave, a lazy one loaded."""
    if isinstance(value, LazyPattern):
        value = value.load()
    if isinstance(value, DelegationPattern):
        return value
    raise InvalidPatternError(
        f"{call} takes a pattern, not {type(value).__name__}{hint}"
    )
