"""Arguments of callers, checked before the core sees them."""

import math
import os

from ._ndf import InvalidPatternError


def text(value, what):
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidPatternError(f"{what} holds a NUL character: {value!r}")
        return value
    raise InvalidPatternError(f"{what} is a str, not {type(value).__name__}")


def path(value, what):
    """A str of a str or a path-like; None stays."""
    if value is None:
        return None
    try:
        found = os.fspath(value)
    except TypeError:
        found = value
    if isinstance(found, str) and "\0" not in found:
        return found
    raise InvalidPatternError(f"{what} is a path (str or os.PathLike), not {value!r}")


def number(value, what, low=0, high=math.inf):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if low <= value <= high:
            return value
    bounds = f"from {low}" if high == math.inf else f"{low} to {high}"
    raise InvalidPatternError(f"{what} is a number {bounds}, not {value!r}")


def count(value, what):
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    raise InvalidPatternError(f"{what} is an int from 0, not {value!r}")


def function(value, what):
    if callable(value):
        return value
    raise InvalidPatternError(f"{what} is a function, not {type(value).__name__}")
