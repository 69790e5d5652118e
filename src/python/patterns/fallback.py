"""Patterns that are tried one after the other, when one fails."""

import contextlib

from . import _json
from ._ndf import (
    InvalidPatternError,
    PatternError,
    PatternExecutionError,
    PatternNotFoundError,
    TimeoutError,
)

_CHAIN_MAX = 16
# What a pattern that was passed over was refused for, by the core's code.
_PASSED = {
    -3: InvalidPatternError, -4: InvalidPatternError, -6: PatternNotFoundError,
    -9: InvalidPatternError,
}


class Chain:
    """Patterns that are tried one after the other."""

    def __init__(self, executor, context, timeout):
        self.executor = executor
        self.context = context
        self.timeout = timeout
        self.left = []  # (index, name) of those to be tried
        self.errors = {}  # by index
        self.count = 0

    def add(self, pattern):
        index, self.count = self.count, self.count + 1
        try:
            self.left.append((index, self.executor._name(pattern)))
        except (PatternNotFoundError, InvalidPatternError) as error:
            self.errors[index] = error

    def add_declared(self):
        engine = self.executor.registry._engine
        self.executor.registry._flush()
        while self.left and self.count <= _CHAIN_MAX:
            try:
                document = _json.decode(engine.load(self.left[-1][1])[0])
            except PatternError:
                return
            if not document.get("fallback"):
                return
            self.add(document["fallback"])

    def run(self):
        after = None  # the run that failed, whose next one is due
        while self.left:
            try:
                started = self.start(after)
            except (PatternExecutionError, PatternNotFoundError,
                    InvalidPatternError) as error:
                self.give_up(after)
                after = None
                self.errors[self.left.pop(0)[0]] = error
                continue
            index, name = self.left.pop(0)
            try:
                return self.executor._await(name, started, self.timeout)
            except TimeoutError as error:
                self.errors[index] = error
                after = None
            except PatternExecutionError as error:
                self.errors[index] = error
                if error.result is None or error.result.state != "failed":
                    break
                after = error.result.run_id
        attempts = [self.errors[index] for index in sorted(self.errors)]
        error = attempts[0]
        error.attempts = attempts
        raise error

    def start(self, after):
        """Starts the first of those left that can be; the others before it
        are passed over."""
        executor = self.executor
        names = [name for _, name in self.left]
        started = executor._start(
            names[0], self.context, None, fallbacks=names[1:], after=after)
        run = started[0]
        shown = _json.decode(executor.registry._engine.follow(run.id, 0, 0))
        for passed in shown["records"][0]["body"].get("passed_over", ()):
            error = _PASSED.get(passed.get("code"), PatternExecutionError)(passed["error"])
            error.code = passed.get("code", 0)
            self.errors[self.left.pop(0)[0]] = error
        executor._active[run.id].pattern = self.left[0][1]
        return started

    def give_up(self, after):
        """The fallback that is due is not to be started later, either."""
        if after is not None:
            with contextlib.suppress(PatternError):
                self.executor.registry._engine.cancel(after)
