"""Running patterns: durable, with their functions and agents."""

import asyncio
import contextlib
import functools
import itertools
import math
import queue
import threading
import time

from . import _check, _json, _ndf
from .calls import Watch
from .context import as_context
from .fallback import Chain
from .lazy import LazyPattern, as_pattern
from .pattern import DelegationPattern
from ._ndf import (
    InvalidPatternError,
    PatternError,
    PatternExecutionError,
    PatternNotFoundError,
    TimeoutError,
)

_RUN_STARTED = _ndf.EVENTS.index("run_started")
_RUN_DONE = _ndf.EVENTS.index("run_done")
_LONG = 1e9  # seconds: as good as for ever
_SLICE_MS = 100  # of waiting, between two of which signals are handled
_PATIENCE = 1.0  # seconds between looks at a run that says nothing

# What such an error brings besides its sentence: the ExecutionResult, when the
# run began; and of execute_with_fallback the errors of all attempts.
PatternExecutionError.result = None
PatternExecutionError.attempts = ()


class _Active:
    """A run under way; run: None until start returned."""

    __slots__ = ("pattern", "run", "started")

    def __init__(self, pattern):
        self.pattern = pattern
        self.run = None
        self.started = threading.Event()


class ExecutionEvent:
    """One event of a run.

    kind: run_started, step_started, step_done, step_failed, step_retry,
        step_skipped, undo_started, undo_done, undo_failed, violation, run_done,
        approval_asked, approved, denied, verify_started
    run, step: ids; detail: one sentence, or ""; attempt: from 1
    steps_done, steps_total; at: seconds since 1970; elapsed_ms: of the run
    tokens, cost: that the run has used so far; step_tokens, step_cost: of that,
        what the call used that this tells of; None where nobody said
    """

    __slots__ = ("kind", "run", "step", "detail", "attempt", "steps_done",
                 "steps_total", "at", "elapsed_ms", "tokens", "cost",
                 "step_tokens", "step_cost")

    def __init__(self, kind, run, step, detail, attempt, done, total, at_ms, elapsed_ms,
                 tokens=-1, cost=math.nan, step_tokens=-1, step_cost=math.nan):
        self.kind = _ndf.EVENTS[kind]
        self.run = run
        self.step = step
        self.detail = detail
        self.attempt = attempt
        self.steps_done = done
        self.steps_total = total
        self.at = at_ms / 1000
        self.elapsed_ms = elapsed_ms
        self.tokens = None if tokens < 0 else tokens
        self.cost = None if math.isnan(cost) else cost
        self.step_tokens = None if step_tokens < 0 else step_tokens
        self.step_cost = None if math.isnan(step_cost) else step_cost

    def __repr__(self):
        step = f" {self.step}" if self.step else ""
        return f"<ExecutionEvent {self.kind}{step} of {self.run}>"


class ExecutionResult:
    """How a run ended.

    success: whether all its steps were done; state: succeeded, failed,
        cancelled, in_doubt or undo_failed
    outcome: success, failure or unknown: what is learned from it. That an
        agent says so proves nothing: give steps an `expect`, or rate the run
    run_id, pattern: id and name; outputs: of each step, by name; output: of
        the last one; context: the PatternContext after the last step
    preservation: 0..1, how much of the context survived; violations: list
    error: what went wrong, one sentence, or None; exception: of the function
        that failed, or None
    elapsed_ms: from start to end; steps_done, steps_total
    """

    __slots__ = (
        "success", "state", "outcome", "run_id", "pattern", "outputs", "output",
        "context", "preservation", "violations", "error", "exception",
        "elapsed_ms", "steps_done", "steps_total", "_registry",
    )

    def __init__(self, data, registry, failures):
        error = data.get("error") or {}
        self._registry = registry
        self.state = data["state"]
        self.success = self.state == "succeeded"
        self.outcome = data["outcome"]
        self.run_id = data["id"]
        self.pattern = data["pattern"]
        outputs = data["outputs"]
        self.outputs = {step: outputs[step] for step in data["steps"]}
        self.output = outputs[data["steps"][-1]] if data["steps"] else None
        self.context = as_context(data["context"])
        self.preservation = data["preservation"]
        self.violations = data["violations"]
        self.error = error.get("message")
        self.exception = failures.get(error.get("step"))
        self.elapsed_ms = data["elapsed_ms"]
        self.steps_done = data["steps_done"]
        self.steps_total = data["steps_total"]

    def rate(self, good, should=None):
        """A person's word on the run: True or False, and the pattern that
        would have been right."""
        if good not in (True, False, None):
            raise InvalidPatternError(f"a word on a run is True, False or None, not {good!r}")
        if should is not None:
            should = _check.text(getattr(should, "name", should), "a pattern's name")
        if self._registry is None:
            raise PatternExecutionError(
                f"this is a copy of the result of run {self.run_id}, without its "
                "registry: rate what an executor's result(run_id) gives"
            )
        verdict = {True: 1, False: 2, None: 0}[good]
        self._registry._engine.rate(self.run_id, verdict, should)

    def __bool__(self):
        return self.success

    def __getstate__(self):
        """A pickle says all, but cannot take the registry along."""
        state = {name: getattr(self, name) for name in self.__slots__}
        return None, {**state, "_registry": None}

    def __repr__(self):
        return (
            f"<ExecutionResult {self.pattern!r} {self.state}, "
            f"{self.steps_done} of {self.steps_total} steps, "
            f"{self.elapsed_ms} ms, run {self.run_id}>"
        )


class PatternExecutor:
    """Runs patterns of a registry.

    registry: a PatternRegistry; None: one of its own, in memory
    cwd: where agents run; None: the process's folder
    """

    def __init__(self, registry=None, cwd=None):
        if registry is None:
            from .registry import PatternRegistry

            registry = PatternRegistry()
        elif not hasattr(registry, "register_pattern"):
            raise InvalidPatternError(
                f"an executor needs a PatternRegistry, not {type(registry).__name__}"
            )
        self.registry = registry
        self.cwd = _check.path(cwd, "cwd")
        self._active = registry._active

    # ---- functions ----------------------------------------------------------

    def bind(self, name, fn=None):
        """Makes fn do the work of the agent or step `name`: fn(), fn(context)
        or fn(context, call), which returns a JSON value. It may change its
        context (the patch of the step) and may be a coroutine function.
        Without fn: a decorator."""
        _check.text(name, "the name of an agent or a step")
        if fn is None:
            def decorate(fn):
                self.registry._calls.bind(name, fn)
                return fn

            return decorate
        self.registry._calls.bind(name, fn)
        return fn

    def unbind(self, name):
        """Steps that name it then need an agent of the store."""
        _check.text(name, "the name of an agent or a step")
        self.registry._calls.bind(name, None)

    # ---- running ---------------------------------------------------------------

    def execute(self, pattern, context=None, timeout=None, on_event=None):
        """Runs a pattern (or its name) for a context and returns the
        ExecutionResult.

        timeout: seconds, after which the run is ended and undone
            (TimeoutError)
        on_event: called with each ExecutionEvent, on another thread

        Raises PatternExecutionError when it does not succeed: `result` is how
        it ended, `__cause__` the exception of the function that failed.
        Ctrl-C ends the run, undoes it, and raises KeyboardInterrupt."""
        return self._execute_name(self._name(pattern), context, timeout, on_event)

    def _name(self, pattern):
        """The name of a registered pattern; one that is not is registered."""
        if isinstance(pattern, str):
            return _check.text(pattern, "a pattern's name")
        pattern = as_pattern(pattern, "execute", ": or its name")
        known = self.registry._patterns.get(pattern.name)
        if known is not pattern and self.registry._self not in pattern._homes:
            if known is not None:
                raise InvalidPatternError(
                    f"another pattern {pattern.name!r} is registered here: "
                    "register this one with replace=True"
                )
            self.registry.register_pattern(pattern)
        return pattern.name

    def _execute_name(self, name, context=None, timeout=None, on_event=None):
        if timeout is not None:
            _check.number(timeout, "timeout")
        with self.registry._calls.waiting():
            return self._execute_now(name, context, timeout, on_event)

    def _execute_now(self, name, context, timeout, on_event):
        return self._await(name, self._start(name, context, on_event), timeout)

    def _await(self, name, started, timeout):
        run, watch, context = started
        try:
            state = run.wait(-1 if timeout is None else int(min(timeout, _LONG) * 1000))
            if state is None:
                raise TimeoutError(
                    f"{name!r} took longer than {timeout} s: it was ended and "
                    "its completed steps undone"
                )
        except BaseException:
            run.cancel()
            _wait_calmly(run)
            self._forget(run)
            raise
        return self._finish(name, run, watch, context)

    def _start(self, name, context, on_event, loop=None, done=None, fallbacks=None,
               after=None):
        """Starts a run of that name; after: the id of the run that failed,
        whose next fallback is started instead."""
        registry = self.registry
        context = as_context(context)
        if on_event is not None:
            _check.function(on_event, "on_event")
        registry._flush()
        pattern = registry._at_hand(name)
        if pattern is not None:
            _ = pattern._stats.total  # what was counted before this run
        watch = Watch(loop)
        watches = registry._calls.watches

        def event(kind, run, *rest):
            if kind == _RUN_STARTED:
                watches[run] = watch
                # Its first function may look for it before start returns.
                self._active.setdefault(run, _Active(name))
            if on_event is not None:
                on_event(ExecutionEvent(kind, run, *rest))
            if kind == _RUN_DONE and done is not None:
                done()

        if after is not None:
            run = registry._engine.next(after, event, self.cwd)
            if run is None:
                raise PatternExecutionError(
                    f"the fallback of run {after} was given up before it was started")
        else:
            run = registry._engine.start(name, context.to_json(), event, self.cwd, fallbacks)
        active = self._active.setdefault(run.id, _Active(name))
        active.run = run
        active.started.set()
        return run, watch, context

    def _forget(self, run):
        self._active.pop(run.id, None)
        self.registry._calls.end(run.id)
        self.registry._calls.watches.pop(run.id, None)

    def _finish(self, name, run, watch, context):
        self._forget(run)
        registry = self.registry
        data = _json.decode(registry._engine.result(run.id))
        result = ExecutionResult(data, registry, watch.failures)
        pattern = registry._at_hand(name)
        if pattern is not None:
            known = {"success": True, "failure": False}.get(result.outcome)
            pattern._stats.add(known, context.domain, result.elapsed_ms)
        if registry._listeners:
            registry._listeners.tell("executed", name)
        if result.success:
            return result
        error = PatternExecutionError(
            f"{name!r} {_STATES.get(result.state, result.state)}: "
            f"{result.error or 'see the run'} (run {result.run_id})"
        )
        error.result = result
        raise error from result.exception

    def _cancel_pattern(self, name):
        """Ends the runs of a pattern that are under way; their ids."""
        runs = [(i, a) for i, a in list(self._active.items()) if a.pattern == name]
        for run_id, active in runs:
            if active.started.wait(_PATIENCE):
                active.run.cancel()
            else:
                self.registry._engine.cancel(run_id)
        return [run_id for run_id, _ in runs]

    async def execute_async(self, pattern, context=None, timeout=None, on_event=None):
        """Like execute, without holding up the event loop; bound coroutine
        functions run in it. Cancelling the task ends the run and undoes it."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def done():
            loop.call_soon_threadsafe(ended.set)

        if timeout is not None:
            _check.number(timeout, "timeout")
        name = self._name(pattern)
        starting = asyncio.ensure_future(
            asyncio.to_thread(self._start, name, context, on_event, loop, done)
        )
        try:
            run, watch, context = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Its thread goes on: what it starts is ended.
            starting.add_done_callback(_cancel_started)
            with contextlib.suppress(PatternError):
                run, _, _ = await asyncio.shield(starting)
                await asyncio.shield(asyncio.to_thread(_wait_calmly, run))
                self._forget(run)
            raise
        try:
            await asyncio.wait_for(_ending(run, ended), timeout)
        except BaseException as error:
            run.cancel()
            self.registry._calls.end(run.id)
            await asyncio.shield(asyncio.to_thread(_wait_calmly, run))
            self._forget(run)
            if isinstance(error, asyncio.TimeoutError):
                raise TimeoutError(
                    f"{name!r} took longer than {timeout} s: it was ended and "
                    "its completed steps undone"
                ) from None
            raise
        return await asyncio.to_thread(self._settle, name, run, watch, context)

    def _settle(self, name, run, watch, context):
        run.wait(-1)
        return self._finish(name, run, watch, context)

    # ---- choosing and running -----------------------------------------------------

    def execute_best_pattern(self, context, timeout=None, on_event=None):
        """Runs the pattern that is taken for the context;
        ConfidenceThresholdError says why none is."""
        context = as_context(context)
        pattern = self.registry._choose(context)
        return self._execute_name(pattern.name, context, timeout, on_event)

    def execute_with_fallback(self, pattern, fallbacks=None, context=None, timeout=None):
        """Runs a pattern; when it fails, takes longer than timeout seconds or
        cannot be run, the next of fallbacks (a list of patterns or names;
        None: those that the patterns declare), for the same context. Each is
        a run of its own, and their records tell how they belong together: who
        resumes the first after a crash goes on with the last. A run that was
        cancelled, is in doubt or could not be undone is the last one.

        Raises the first one's PatternExecutionError when none succeeds;
        `attempts` are all of them."""
        if isinstance(fallbacks, (str, DelegationPattern, LazyPattern)):
            fallbacks = [fallbacks]
        context = as_context(context)
        if timeout is not None:
            _check.number(timeout, "timeout")
        chain = Chain(self, context, timeout)
        for each in [pattern, *(fallbacks or ())]:
            chain.add(each)
        if fallbacks is None:
            chain.add_declared()
        with self.registry._calls.waiting():
            return chain.run()

    def batch_execute(self, items, max_concurrent=None, return_exceptions=False):
        """Runs several at once: items are (pattern, context) pairs, or
        contexts, for each of which the best pattern is taken. Returns the
        results in their order. With return_exceptions errors are returned in
        their places, else the first is raised after all have ended."""
        if max_concurrent is not None and _check.count(max_concurrent, "max_concurrent") < 1:
            raise InvalidPatternError("max_concurrent is at least 1")
        with self.registry._calls.waiting():
            return self._execute_all(items, max_concurrent, return_exceptions)

    def _execute_all(self, items, max_concurrent, return_exceptions):
        results = [None] * len(items := list(items))
        waiting = iter(enumerate(items))
        running = {}
        ended = queue.SimpleQueue()
        room = len(items) if max_concurrent is None else max_concurrent
        try:
            while True:
                for index, item in itertools.islice(waiting, room - len(running)):
                    try:
                        running[index] = self._start_item(
                            item, functools.partial(ended.put, index))
                    except PatternError as error:
                        results[index] = error
                if not running:
                    break
                index = _next_ended(ended, running)
                if index is None:
                    continue
                try:
                    results[index] = self._settle(*running.pop(index))
                except PatternError as error:
                    results[index] = error
        except BaseException:
            for _, run, _, _ in running.values():
                run.cancel()
            for _, run, _, _ in running.values():
                _wait_calmly(run)
                self._forget(run)
            raise
        for result in results:
            if isinstance(result, BaseException) and not return_exceptions:
                raise result
        return results

    def _start_item(self, item, done):
        if isinstance(item, tuple):
            if len(item) != 2:
                raise InvalidPatternError(
                    f"an item of a batch is (pattern, context) or a context, not {item!r}"
                )
            pattern, context = item
            name = self._name(pattern)
        else:
            context = as_context(item)
            name = self.registry._choose(context).name
        return (name, *self._start(name, context, None, done=done))

    # ---- before a run -------------------------------------------------------------

    def plan(self, pattern, context=None):
        """The plan that execute would run, as a dict: {plan, context, domain?,
        totals}. Nothing is started or recorded, no function is called; what
        execute would be refused for is refused here too."""
        name = self._name(pattern)
        registry = self.registry
        registry._flush()
        text = registry._engine.plan(name, as_context(context).to_json(), self.cwd)
        return _json.decode(text)

    # ---- runs of the store --------------------------------------------------------

    def follow(self, run_id, timeout=None):
        """Yields the records of a run, {seq, kind, at_ms, body}, the first
        ones first, and waits for more while anybody is at work on it, in this
        process or another; TimeoutError when there is none for timeout
        seconds. Ends with the run, or when nobody is at work on it."""
        _check.text(run_id, "the id of a run")
        if timeout is not None:
            _check.number(timeout, "timeout")
        engine = self.registry._engine
        start, silent = 0, time.monotonic()
        while True:
            news = _json.decode(engine.follow(run_id, start, _SLICE_MS))
            yield from news["records"]
            if news["state"] != "running":
                return
            start = news["next"]
            if news["records"]:
                silent = time.monotonic()
            elif timeout is not None and time.monotonic() - silent >= timeout:
                raise TimeoutError(f"run {run_id} has told nothing new for {timeout} s")

    def changes(self, run_id):
        """What each step of a run changed in the context, as a dict: declared
        or not, how bad, and what the policy did."""
        _check.text(run_id, "the id of a run")
        return _json.decode(self.registry._engine.changes(run_id))

    def result(self, run_id):
        """The ExecutionResult of a run that has ended, also one of another
        process."""
        _check.text(run_id, "the id of a run")
        data = _json.decode(self.registry._engine.result(run_id))
        return ExecutionResult(data, self.registry, {})

    def resume(self, run_id):
        """Goes on with a run whose process died; returns its result like
        execute. What was done is not done again."""
        _check.text(run_id, "the id of a run")
        watch = Watch()

        def event(kind, run, *rest):
            self.registry._calls.watches[run] = watch

        run = self.registry._engine.resume(run_id, event, self.cwd)
        run.wait(-1)
        data = _json.decode(self.registry._engine.result(run.id))
        return self._finish(data["pattern"], run, watch, as_context(data["context"]))

    def approve(self, run_id, step=None, approved=True, reason=""):
        """A person's answer to a run that waits for approval, also to one of
        another process. step: its id, "" for the whole run, None for the one
        that is asked for. Denied, the run ends and its steps are undone."""
        _check.text(run_id, "the id of a run")
        if approved not in (True, False):
            raise InvalidPatternError(f"approved is True or False, not {approved!r}")
        if step is not None:
            _check.text(step, "a step's id")
        _check.text(reason, "a reason")
        self.registry._engine.approve(run_id, step, 1 if approved else 2, reason or None)

    def __repr__(self):
        return f"<PatternExecutor of {self.registry!r}, {len(self._active)} running>"


_STATES = {
    "failed": "failed",
    "cancelled": "was cancelled",
    "in_doubt": "is in doubt: a step may or may not have been done",
    "undo_failed": "failed, and a step could not be undone",
}


def _wait_calmly(run):
    """Waits for the undoing of a run, also through further Ctrl-Cs."""
    while True:
        try:
            if run.wait(1000) is not None:
                return
        except KeyboardInterrupt:
            continue
        except PatternError:
            return


def _cancel_started(starting):
    if not starting.cancelled() and starting.exception() is None:
        starting.result()[0].cancel()


async def _ending(run, ended):
    while True:
        try:
            await asyncio.wait_for(ended.wait(), _PATIENCE)
            return
        except asyncio.TimeoutError:
            if run.wait(0) is not None:
                return


def _next_ended(ended, running):
    """The index of one that has ended; None when there is none for a while. A
    run whose records could not be kept ends without an event."""
    try:
        return ended.get(timeout=_PATIENCE)
    except queue.Empty:
        for index, (_, run, _, _) in running.items():
            if run.wait(0) is not None:
                return index
        return None
