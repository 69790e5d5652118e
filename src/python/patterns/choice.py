"""What finding and choosing give."""

from typing import NamedTuple

from .pattern import DelegationPattern
from .stats import ConfidenceLevel


class Choice(NamedTuple):
    """One ranked pattern of a selection.

    fit: probability that it is the right one; success: that it works when it
    is; confidence: their product; all 0..1."""

    name: str
    fit: float
    success: float
    confidence: float
    level: ConfidenceLevel
    executions: int


class Selection(NamedTuple):
    """Ranked choices, the name of the one that would be taken unattended (or
    None), and why, in one sentence."""

    choices: list
    chosen: "str | None"
    reason: str


class SimilarPattern(NamedTuple):
    """A pattern and how similar it is, 0..1."""

    pattern: DelegationPattern
    similarity: float
