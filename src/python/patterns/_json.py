"""JSON texts for the core: strict, and with errors that name the place."""

import json

from ._ndf import InvalidPatternError

_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


def decode(text):
    """The value of a JSON text; ValueError when it is none."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


INTEGER_MIN = -(2**63)
INTEGER_MAX = 2**63 - 1
DEPTH_MAX = 64


def encode(value, what):
    """The JSON text of a value; `what` names it in errors.

    Raises InvalidPatternError that says which part is no JSON value: another
    type, a key that is no string, a number that is not finite or is beyond 64
    bits, nesting that is too deep or goes in a circle, half a character.
    """
    _check(value, what, 0)
    text = _encode(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidPatternError(
                f"{what} holds half a character (a lone surrogate), which is no "
                "text: decode it anew with errors='replace'"
            ) from None
    return text


def _check(value, path, depth):
    kind = type(value)
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidPatternError(f"{path} holds a NUL character, which no text may")
        return
    if kind is bool or value is None:
        return
    if isinstance(value, int):
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return
        raise InvalidPatternError(
            f"{path} is an integer beyond 64 bits: give it as a string"
        )
    if isinstance(value, float):
        if value - value == 0:
            return
        raise InvalidPatternError(f"{path} is {value}, which JSON cannot say")
    if depth == DEPTH_MAX:
        raise InvalidPatternError(
            f"{path} is nested more than {DEPTH_MAX} deep, or in a circle"
        )
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidPatternError(
                    f"{path} has the key {key!r}: keys are strings"
                )
            if "\0" in key:
                raise InvalidPatternError(f"{path} has a key with a NUL character")
            _check(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]", depth + 1)
    else:
        raise InvalidPatternError(
            f"{path} is a {kind.__name__}, which is no JSON value: "
            "take dict, list, str, int, float, bool or None"
        )


def merge_patch(before, after, path="context"):
    """What RFC 7396 calls the patch from one object to another; None: same.
    In a patch null takes a key away, so a new null cannot be said:
    InvalidPatternError."""
    patch = {}
    for key, value in after.items():
        where = f"{path}.{key}"
        if key not in before:
            patch[key] = _sayable(value, where)
        elif isinstance(value, dict) and isinstance(before[key], dict):
            inner = merge_patch(before[key], value, where)
            if inner is not None:
                patch[key] = inner
        elif value != before[key] or type(value) is not type(before[key]):
            patch[key] = _sayable(value, where)
    for key in before:
        if key not in after:
            patch[key] = None
    return patch or None


def _sayable(value, path):
    if value is None:
        raise InvalidPatternError(
            f"{path} was set to None, which the patch of a step cannot say: "
            "delete the key, or take another value"
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _sayable(item, f"{path}.{key}")
    return value
