"""Functions that do the work of steps.

A function gets a context of its own. What it changes there becomes the patch
of its step; what it returns, the output.
"""

import asyncio
import contextlib
import inspect
import threading
from typing import NamedTuple

from . import _json
from .context import PatternContext
from ._ndf import InvalidPatternError, ResourceExhaustionError

# Of the 64 threads on which an engine calls functions, one must be left for what
# the others wait for.
_WAITING_MAX = 63


class StepCall(NamedTuple):
    """What a function is told of its call, besides the context.

    run, step: ids; key: "run/step", the same at every attempt: give it to
    services that honour idempotency keys; attempt: from 1; task: the text;
    inputs: the step's `with`, resolved; output: what the step brought, for its
    undo and its verifier"""

    run: str
    step: str
    key: str
    attempt: int
    task: "str | None"
    inputs: dict
    output: object = None


class Watch:
    """What is noted of a run of this process until its result is fetched."""

    __slots__ = ("loop", "failures")

    def __init__(self, loop=None):
        self.loop = loop
        self.failures = {}  # step -> exception


def _wanted(fn):
    """How many of (context, call) a function asks for: those without a
    default."""
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return 1  # a builtin that does not tell
    required = [
        p for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return min(len(required), 2)


class Calls:
    """The functions bound in one engine, and the runs that are watched."""

    def __init__(self, engine):
        self._engine = engine
        self._lock = threading.Lock()
        self.watches = {}  # run -> Watch
        self._awaited = {}  # future of a coroutine in its caller's loop -> run
        self._closing = False
        self._own = threading.local()  # of a thread that calls a function now
        self._waiting = 0

    @property
    def is_inside(self):
        """Whether this thread is one on which the engine calls a function."""
        return getattr(self._own, "calls", False)

    @contextlib.contextmanager
    def waiting(self):
        """While this thread waits for a run of the engine."""
        if not self.is_inside:
            yield
            return
        with self._lock:
            if self._waiting == _WAITING_MAX:
                raise ResourceExhaustionError(
                    f"{_WAITING_MAX} functions wait for runs that they started: one "
                    "more would leave no thread for the steps of those; run fewer "
                    "at once (max_concurrent)"
                )
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def bind(self, name, fn):
        """fn(), fn(context) or fn(context, call); None unbinds."""
        if fn is None:
            self._engine.bind(name, None)
            return
        if not callable(fn):
            raise InvalidPatternError(
                f"what is bound to {name!r} is a function, not {type(fn).__name__}"
            )
        wanted = _wanted(fn)

        def bound(run, step, key, attempt, request):
            return self._call(fn, wanted, run, step, key, attempt, request)

        self._engine.bind(name, bound)

    def bind_all(self, functions):
        for name, fn in functions.items():
            self.bind(name, fn)

    def unbind_all(self, names):
        if not self._engine.closed:
            for name in names:
                self._engine.bind(name, None)

    def _call(self, fn, wanted, run, step, key, attempt, request):
        request = _json.decode(request)
        before = request.get("context") or {}
        context = PatternContext.from_dict(_json.decode(_json.encode(before, "context")))
        call = StepCall(
            run, step, key, attempt, request.get("task"), request.get("with") or {},
            request.get("output"))
        watch = self.watches.get(run)
        self._own.calls = True
        try:
            value = fn(*(context, call)[:wanted])
            if inspect.isawaitable(value):
                value = self._await(value, watch, run)
            output = _json.encode(value, f"the result of step {step!r}")
            after = _json.decode(context.to_json())
            patch = _json.merge_patch(before, after)
        except BaseException as error:
            if watch is not None:
                watch.failures[step] = error
            raise
        return output, None if patch is None else _json.encode(patch, "the patch")

    def _await(self, awaitable, watch, run):
        """The result of an awaitable: in the loop that runs execute_async,
        else in a loop of its own."""

        async def wait():
            return await awaitable

        loop = None if watch is None or self._closing else watch.loop
        if loop is None or not loop.is_running():
            return asyncio.run(wait())
        future = asyncio.run_coroutine_threadsafe(wait(), loop)
        self._awaited[future] = run
        try:
            if self._closing:
                future.cancel()
            return future.result()
        finally:
            del self._awaited[future]

    def end(self, run):
        """Cancels the coroutines of a run: nobody wants their results."""
        for future, each in list(self._awaited.items()):
            if each == run:
                future.cancel()

    def close(self):
        """Cancels all of them: whoever closes may hold up their loop."""
        self._closing = True
        for future in list(self._awaited):
            future.cancel()
