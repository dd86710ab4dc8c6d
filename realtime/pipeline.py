"""Runs a source, stages and sinks in threads, with the results of the plain loop."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Any, Self

from srfer.errors import ConfigError, SrferError
from srfer.leaving import LibraryThread
from srfer.secrets import redacted_logger

from . import loops
from .budget import FrameBudget
from .channel import Channel
from .hearing import HEARS_S
from .route import Policy, Route
from .sources.health import Monitored
from .stage import Part, Sink, Source, Stage, interrupt, most_at_once
from .stats import PipelineState, PipelineStats
from .tracebacks import clear_tracebacks
from .types import FrameResult
from .watchdog import Monitor, Stall, Watchdog

__all__ = ["Pipeline", "PipelineStopped", "Policy"]

logger = redacted_logger(__name__)

JOIN_S = 1.0
"""Time for a thread to vanish after its last statement, in seconds."""

Crew = Sequence[tuple[Part, Monitor]]
"""The parts that live in one thread."""


class PipelineStopped(SrferError):  # noqa: N818 - tells parts why they end; it is never raised
    """Passed to `__exit__` of the parts of a pipeline that was stopped before its source ended."""


class Pipeline:
    """A source, stages and sinks at work. It runs once, since a source can be read only once.

        Pipeline(source, [track, read], [video, table]).run()

    The source, every stage, and all sinks together have a daemon thread each, which enters and
    exits them. Sinks are entered when the first result is there, so that a source that cannot be
    opened leaves no empty files (one that ends well without a frame does). They are exited last:
    with (None, None, None) if every frame was processed and everything else has ended well,
    otherwise with the run's error, or with `PipelineStopped` after `stop()`.

    If a part fails, nothing more is let in, frames behind the failed part are discarded, frames
    ahead of it are finished, as they are in the plain loop, and `join()` raises the part's error.

    Args:
        source: where frames come from.
        stages: one or more, from `Frame` to `FrameResult`; a `BatchStage` is given batches.
        sinks: each is given every result, in order.
        policy: what to do with frames that come too fast.
        max_fps: frames a second of media time that are analysed at most; all if None.
        watchdog_s: working on one frame for longer than this is a stall, in seconds.
        on_stall: told of each stall, in a thread of its own; by default stalls are logged.
        name: for threads, logs and messages.
        clock: monotonic seconds, for timings and the watchdog.

    Raises:
        ConfigError: without stages, if stages share a name, or for a limit that is not positive.
    """

    def __init__(
        self,
        source: Source,
        stages: Sequence[Stage[Any, Any]],
        sinks: Sequence[Sink] = (),
        *,
        policy: Policy = Policy.LOSSLESS,
        max_fps: float | None = None,
        watchdog_s: float = 10.0,
        on_stall: Callable[[Stall], None] | None = None,
        name: str = "pipeline",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        names = ["source", *(stage.name for stage in stages)]
        if not stages:
            raise ConfigError("a pipeline needs at least one stage, to turn frames into results")
        if len(set(names)) < len(names):
            raise ConfigError(f"stages need different names, none of them 'source': {names[1:]}")
        if watchdog_s <= 0:
            raise ConfigError(f"watchdog_s must be more than 0 seconds, not {watchdog_s}")
        self.name = name
        self._policy = policy
        self._budget = FrameBudget(max_fps)
        self._clock = clock
        self._watchdog_s = watchdog_s
        self._on_stall = self._log_stall if on_stall is None else on_stall
        # A camera that is lost is not stuck, and says itself how it is doing.
        patience_s = math.inf if isinstance(source, Monitored) else watchdog_s
        self._source = (source, Monitor("source", "source", clock, patience_s))
        self._stages = [(s, Monitor("stage", s.name, clock, watchdog_s)) for s in stages]
        self._sinks = [(s, Monitor("sink", s.name, clock, watchdog_s)) for s in sinks]
        self._route = Route(len(stages), policy, most_at_once(stages[1:]))
        self._latest: FrameResult | None = None
        self._changed = threading.Condition()  # guards all that follows
        self._threads: list[threading.Thread] = []
        self._living: set[int] = set()  # places whose thread is at work
        self._error: BaseException | None = None
        self._traceback: TracebackType | None = None
        self._is_started = False
        self._is_stopped = False
        self._is_complete = False
        self._has_ended = threading.Event()

    def start(self) -> None:
        """Start the threads and return.

        Raises:
            RuntimeError: if the pipeline was started or stopped before.
        """
        self._start(None)

    def stop(self, timeout_s: float = 5.0) -> None:
        """End now: discard what is under way, exit every part, and return when that is done.

        Stopping a pipeline that is ending, or has ended, only waits. A part (or `on_stall`) may
        stop its own pipeline; then there is no waiting. Errors of parts are raised by `join()`.

        Raises:
            TimeoutError: if a part does not return within `timeout_s` seconds; the message names
                it. As threads are daemons, the process can exit all the same.
        """
        with self._changed:
            must_abort = not self._is_complete
            if must_abort and self._error is None:
                self._is_stopped = True
        if must_abort:
            self._route.abort()
            interrupt(self._source[0])
        if threading.current_thread() not in self._threads:
            self._wait(timeout_s, "did not stop")

    def pause(self) -> None:
        """Let no more frames in, but finish those inside; one more may just be passing the door.

        A live source is read on, and its frames are dropped; any other source waits.
        """
        with self._changed:
            if not self._is_ending:
                self._route.pause()

    def resume(self) -> None:
        """End a pause."""
        self._route.resume()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the end, and raise the first error of any part.

        It is the object that the part raised, with its traceback and a note that names the part.
        The local variables in the traceback are cleared, so that an error that is kept does not
        keep frames and files. A pipeline that was stopped ends without error.

        Raises:
            TimeoutError: if it takes longer than `timeout_s` seconds.
            RuntimeError: if the pipeline was not started, or if one of its own parts calls.
            BaseException: whatever a part raised.
        """
        if threading.current_thread() in self._threads:
            raise RuntimeError(f"{self.name} cannot wait for its own end")
        if not (self._is_started or self._is_stopped):
            raise RuntimeError(f"{self.name} was not started")
        self._wait(timeout_s, "is still running")
        unaccounted = self.stats().in_flight
        assert unaccounted == 0, f"{unaccounted} frames are neither processed nor dropped"
        if self._error is not None:
            clear_tracebacks(self._error)
            raise self._error.with_traceback(self._traceback)

    def run(self) -> None:
        """Start and wait for the end. Ctrl-C stops the pipeline and is raised again.

        Raises:
            BaseException: whatever `join()` raises.
        """
        try:
            self.start()
            self.join()
        except KeyboardInterrupt as interrupt:
            try:
                self.stop()
            except TimeoutError as stuck:
                interrupt.add_note(str(stuck))
            raise

    def results(self) -> Generator[FrameResult, None, None]:
        """Start, and yield the results in order, in the caller's thread.

        The pipeline waits for the caller as it does for a sink. Leaving the generator early stops
        the pipeline.

        Raises:
            BaseException: whatever `join()` raises, after the results of all frames before it.
        """
        outlet = Channel[FrameResult](1)
        self._start(outlet)
        try:
            for result, _ in outlet:
                yield result
        except BaseException:
            self.stop()
            raise
        self.join()

    def latest(self) -> FrameResult | None:
        """The newest result, or None before the first: for readers that poll, as windows do."""
        return self._latest

    def stats(self) -> PipelineStats:
        """Counts, timings and queue depths at this moment."""
        parts = tuple(
            monitor.stats(self._route.queued(min(place, self._route.last_place)))
            for place, monitor in enumerate(self._monitors())
        )
        return self._route.ledger.stats(self._state(), parts)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and raise a part's error unless the block has raised one of its own."""
        self.stop()
        if error is None:
            self.join()

    # From here on: what happens inside.

    def _start(self, outlet: Channel[FrameResult] | None) -> None:
        bodies = [self._watch, self._source_body]
        bodies += [*map(self._stage_body, range(len(self._stages))), self._sinks_body]
        titles = ["watchdog", "source", *(stage.name for stage, _ in self._stages), "sinks"]
        with self._changed:
            if self._is_started or self._is_stopped:
                raise RuntimeError(
                    f"{self.name} cannot start again, as a source is read once: make a new pipeline"
                )
            self._is_started = True
            self._route.outlet = outlet
            self._threads = [
                LibraryThread(body, f"{self.name}:{title}")
                for body, title in zip(bodies, titles, strict=True)
            ]
            self._living = set(range(self._route.last_place + 1))
        started = 0
        try:
            for thread in self._threads:
                started += 1
                thread.start()
        except BaseException as error:
            # "can't start new thread" means that it did not; after Ctrl-C, it may well be running.
            started -= isinstance(error, Exception)
            del self._threads[started:]
            self._leave(*range(max(started - 1, 0), self._route.last_place + 1))
            self.stop()
            raise

    def _source_body(self) -> None:
        source, monitor = self._source
        self._live(
            0, [self._source], lambda: loops.capture(source, monitor, self._route, self._budget)
        )

    def _stage_body(self, i: int) -> Callable[[], None]:
        stage, monitor = self._stages[i]
        place = i + 1
        return lambda: self._live(
            place, [(stage, monitor)], lambda: loops.serve(place, stage, monitor, self._route)
        )

    def _sinks_body(self) -> None:
        is_wanted = self._route.has_result() or self._conclude() is None
        sinks = self._sinks if is_wanted else []

        def work() -> None:
            loops.deliver(sinks, self._route, self._show, self._clock)
            self._conclude()

        self._live(self._route.last_place, sinks, work)

    def _live(self, place: int, crew: Crew, work: Callable[[], None]) -> None:
        """Enter the crew, work, exit the crew, whatever happens: the life of every thread."""
        entered: list[tuple[Part, Monitor]] = []
        try:
            try:
                for part, monitor in crew:
                    with monitor.opening():
                        part.__enter__()
                    entered.append((part, monitor))
                work()
            except BaseException as error:
                self._fail(error, place)
            for part, monitor in reversed(entered):
                try:
                    self._exit(part, monitor)
                except BaseException as error:
                    self._fail(error, place)
        finally:
            self._route.close_after(place)
            self._leave(place)

    def _exit(self, part: Part, monitor: Monitor) -> None:
        error = self._outcome()
        with monitor.closing():
            if error is None:
                part.__exit__(None, None, None)
            else:
                part.__exit__(type(error), error, error.__traceback__)

    def _watch(self) -> None:
        watchdog = Watchdog(self._monitors(), self._on_stall)
        try:
            watchdog.watch(self._has_ended, min(self._watchdog_s / 4, 1.0))
        except BaseException as error:
            error.add_note(f"raised by on_stall of {self.name}")
            self._fail(error, self._route.last_place)

    def _show(self, result: FrameResult) -> None:
        self._latest = result

    def _fail(self, error: BaseException, place: int) -> None:
        """Record what a part raised; the first counts. Let nothing more reach its place."""
        with self._changed:
            if self._error is None:
                self._error, self._traceback = error, error.__traceback__
            elif self._error is not error:
                self._error.add_note(f"after that, {type(error).__name__}: {error}")
        self._route.abort_before(place)
        interrupt(self._source[0])  # one that waits for a frame would not notice

    def _outcome(self) -> BaseException | None:
        """Why the run does not end well, as far as it is known."""
        if self._error is not None:
            return self._error
        return PipelineStopped(f"{self.name} was stopped") if self._is_stopped else None

    def _conclude(self) -> BaseException | None:
        """The outcome once all results are delivered; if it is good, `stop()` comes too late."""
        with self._changed:
            outcome = self._outcome()
            self._is_complete = outcome is None
            return outcome

    def _leave(self, *places: int) -> None:
        with self._changed:
            self._living.difference_update(places)
            if not self._living:
                self._has_ended.set()
            self._changed.notify_all()

    def _wait(self, timeout_s: float | None, what: str) -> None:
        # Not by Thread.join: interrupted by Ctrl-C, Python 3.11 and 3.12 take a living thread for
        # a finished one, and outputs would be cut off.
        end_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while self._living and (left_s := end_s - time.monotonic()) > 0:
                self._changed.wait(min(left_s, HEARS_S))
            if self._living:
                busy = [m.describe() for m in self._monitors() if not m.is_waiting]
                raise TimeoutError(f"{self.name} {what} after {timeout_s} s: {', '.join(busy)}")
        for thread in self._threads:
            thread.join(JOIN_S)

    def _monitors(self) -> list[Monitor]:
        return [monitor for _, monitor in [self._source, *self._stages, *self._sinks]]

    def _state(self) -> PipelineState:
        with self._changed:
            if self._is_started and not self._has_ended.is_set():
                if self._is_ending:
                    return PipelineState.ENDING
                return PipelineState.PAUSED if self._route.is_paused else PipelineState.RUNNING
            if self._error is not None:
                return PipelineState.FAILED
            if self._is_stopped:
                return PipelineState.STOPPED
            return PipelineState.FINISHED if self._is_started else PipelineState.NEW

    @property
    def _is_ending(self) -> bool:
        return self._is_stopped or self._is_complete or self._error is not None

    def _log_stall(self, stall: Stall) -> None:
        message = "%s: %s has worked on frame %d for %.1f s"
        logger.warning(message, self.name, stall.part, stall.frame, stall.working_s)
