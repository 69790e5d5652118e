"""Who wants to know what happens in a registry."""

import sys
import threading
from typing import NamedTuple

from . import _check
from ._ndf import InvalidPatternError

EVENTS = ("registered", "changed", "unregistered", "selected", "executed")


class Listener:
    """What add_listener returns; remove() ends it."""

    __slots__ = ("callback", "events", "_listeners")

    def __init__(self, listeners, callback, events):
        self._listeners = listeners
        self.callback = callback
        self.events = events

    def remove(self):
        """Returns whether it was still listening."""
        return self._listeners.remove(self)


class _Unraisable(NamedTuple):
    """What sys.unraisablehook takes."""

    exc_type: type
    exc_value: BaseException
    exc_traceback: object
    err_msg: str
    object: object


class Listeners:
    """The listeners of one registry; its truth is whether there are any."""

    def __init__(self):
        self._lock = threading.Lock()
        self._all = ()

    def __bool__(self):
        return bool(self._all)

    def add(self, callback, events):
        _check.function(callback, "a listener")
        if events is not None and not isinstance(events, (list, tuple, set, frozenset)):
            raise InvalidPatternError(f"events are a list of names, not {events!r}")
        chosen = EVENTS if events is None else tuple(events)
        for event in chosen:
            if event not in EVENTS:
                raise InvalidPatternError(
                    f"there is no event {event!r}: there are {', '.join(EVENTS)}"
                )
        listener = Listener(self, callback, chosen)
        with self._lock:
            self._all += (listener,)
        return listener

    def remove(self, listener):
        with self._lock:
            kept = tuple(
                each for each in self._all
                if each is not listener and each.callback != listener
            )
            removed = len(kept) < len(self._all)
            self._all = kept
        return removed

    def tell(self, event, name):
        for listener in self._all:
            if event not in listener.events:
                continue
            try:
                listener.callback(event, name)
            except Exception as error:
                sys.unraisablehook(_Unraisable(
                    type(error), error, error.__traceback__,
                    "Exception ignored in a listener", listener.callback))
