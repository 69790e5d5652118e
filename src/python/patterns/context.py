"""What is known about a task before somebody is chosen for it."""

from copy import deepcopy

from . import _json, _ndf
from ._ndf import InvalidPatternError

_PRIORITIES = {"highest": 1, "high": 2, "medium": 3, "low": 4, "lowest": 5}


def _text(name):
    def check(value):
        if value is None or isinstance(value, str):
            return value
        raise InvalidPatternError(
            f"a context's {name} is a str or None, not {type(value).__name__}"
        )

    return check


def _priority(value):
    if value is None:
        return None
    if isinstance(value, str) and value in _PRIORITIES:
        return _PRIORITIES[value]
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5:
        return value
    raise InvalidPatternError(
        f"a context's priority is 1 (most urgent) to 5, or one of "
        f"{', '.join(_PRIORITIES)}, not {value!r}"
    )


def _attributes(value):
    if value is None or isinstance(value, dict):
        return value
    raise InvalidPatternError(
        f"a context's attributes are a dict, not {type(value).__name__}"
    )


_CHECKS = {
    "domain": _text("domain"),
    "agent_type": _text("agent_type"),
    "priority": _priority,
    "attributes": _attributes,
    "text": _text("text"),
}


class PatternContext:
    """The circumstances of a task; each part may be unknown (None).

    domain: dotted, like "security.review"
    agent_type: who asks or is wanted, like "security_analyst"
    priority: 1 (most urgent) to 5, or highest, high, medium, low, lowest
    attributes: a dict of JSON values; a scale like `complexity` may be a
        number or low, medium, high
    text: the task in plain words

    Mutable: the parts are plain attributes and checked when they are set.
    Whether the attributes are JSON and within limits is seen when the context
    is used (InvalidPatternError, ResourceExhaustionError).
    """

    __slots__ = ("domain", "agent_type", "priority", "attributes", "text", "__weakref__")
    __match_args__ = ("domain", "agent_type", "priority", "attributes", "text")
    __hash__ = None

    def __init__(self, domain=None, agent_type=None, priority=None, attributes=None, text=None):
        self.domain = domain
        self.agent_type = agent_type
        self.priority = priority
        self.attributes = {} if attributes is None else attributes
        self.text = text

    def __setattr__(self, name, value):
        check = _CHECKS.get(name)
        object.__setattr__(self, name, value if check is None else check(value))

    @classmethod
    def from_dict(cls, data):
        """The context of a dict with any of the five keys."""
        if not isinstance(data, dict):
            raise InvalidPatternError(
                f"a context is made of a dict, not {type(data).__name__}"
            )
        unknown = data.keys() - _CHECKS.keys()
        if unknown:
            raise InvalidPatternError(
                f"a context has no {sorted(map(str, unknown))[0]!r}: it has "
                f"{', '.join(_CHECKS)}"
            )
        return cls(**data)

    def to_dict(self):
        """The parts that are known; the attributes are not copied."""
        data = {}
        for name in _CHECKS:
            value = getattr(self, name)
            if value is not None and value != {}:
                data[name] = value
        return data

    def to_json(self):
        """The text that the core reads; InvalidPatternError when the
        attributes hold what is no JSON value."""
        return _json.encode(self.to_dict(), "context")

    def matches_domain(self, pattern):
        """Whether the domain is `pattern`, or fits it as a glob: `*` stands
        for any part of one segment, `a.**` for a and everything below."""
        if not isinstance(pattern, str):
            raise InvalidPatternError(
                f"a domain is a str, not {type(pattern).__name__}"
            )
        return self.domain is not None and _ndf.domain_matches(pattern, self.domain)

    _ANY = object()

    def has_attribute(self, name, value=_ANY):
        """Whether the attribute is there (with that value, when one is
        given). None is a value."""
        if not self.attributes or name not in self.attributes:
            return False
        return value is self._ANY or self.attributes[name] == value

    def merge_attributes(self, attributes, overwrite=True):
        """Takes over the attributes of a dict or of another context; those
        that are there stay when overwrite is False. Returns the names that
        changed."""
        if isinstance(attributes, PatternContext):
            attributes = attributes.attributes or {}
        _attributes(attributes)
        mine = {} if self.attributes is None else self.attributes
        changed = [
            name
            for name, value in (attributes or {}).items()
            if name not in mine or (overwrite and mine[name] != value)
        ]
        for name in changed:
            mine[name] = attributes[name]
        self.attributes = mine
        return changed

    def copy(self):
        """A deep copy: changing one does not change the other."""
        return deepcopy(self)

    def __copy__(self):
        twin = self.__class__.__new__(self.__class__)
        twin.__setstate__(self.__getstate__())
        twin.attributes = None if self.attributes is None else dict(self.attributes)
        return twin

    def __eq__(self, other):
        if not isinstance(other, PatternContext):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __getstate__(self):
        state = {name: getattr(self, name) for name in _CHECKS}
        state.update(getattr(self, "__dict__", {}))
        return state

    def __setstate__(self, state):
        if not isinstance(state, dict) or not _CHECKS.keys() <= state.keys():
            raise InvalidPatternError(
                "this pickle holds no PatternContext of NDF: make it anew"
            )
        for name, value in state.items():
            setattr(self, name, value)

    def __repr__(self):
        parts = [f"{name}={value!r}" for name, value in self.to_dict().items()]
        return f"{type(self).__name__}({', '.join(parts)})"


def as_context(context, text=None):
    """A PatternContext of what a caller may give: one, a dict, a text or
    None."""
    if isinstance(context, PatternContext):
        return context
    if context is None:
        return PatternContext(text=text)
    if isinstance(context, str):
        return PatternContext(text=context)
    if isinstance(context, dict):
        return PatternContext.from_dict(context)
    raise InvalidPatternError(
        "a context is a PatternContext, a dict of its parts or the task as a "
        f"str, not {type(context).__name__}"
    )
