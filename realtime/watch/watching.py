"""Streams at work without a window: from sources to reports, until something ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace

from srfer.engines import Model
from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.leaving import LibraryThread

from ..api import AnalysisOptions
from ..hearing import HEARS_S
from ..load import EffortDial, describe
from ..route import Policy
from ..sources.health import SourceState
from ..streams import Stream, StreamSet, StreamStats
from .ages import Ages
from .observer import Observer, OnFailure
from .outlet import Feed, Hub, Notify, Outlet

STOP_S = 0.8
"""Longest wait for the parts of streams to end, in seconds."""
FLUSH_S = 1.0
"""When stopped, everything has to be out after this time, in seconds."""
UNHURRIED_FLUSH_S = 10.0
"""The same where all streams have ended by themselves."""
LEAVE_S = 15.0
"""Longest wait for the end of everything after Ctrl-C, in seconds: an engine may just be opened."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How to watch.

    Attributes:
        policy: LIVE gives fresh results and drops what comes too fast, LOSSLESS takes every frame.
        only_changes: report only frames in which a face appears, leaves or changes its label.
        seconds: end after this time; None goes on.
        fail_fast: end as soon as a stream fails or a source is lost.
    """

    policy: Policy = Policy.LIVE
    only_changes: bool = False
    seconds: float | None = None
    fail_fast: bool = False

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0 < self.seconds < threading.TIMEOUT_MAX:
            raise ConfigError(f"seconds have to be more than 0, not {self.seconds:g}")


@dataclass(frozen=True, slots=True)
class WatchSummary:
    """What became of all streams.

    Attributes:
        errors: why streams have failed, by name: what ended them, or that no frame ever came.
        streams: how many there were.
        is_cut_short: True if the first failure ended everything.
    """

    errors: Mapping[str, Exception]
    streams: int
    is_cut_short: bool

    @property
    def exit_code(self) -> int:
        """0 if none has failed, 1 if all have or the first one ended it all, 3 between."""
        if not self.errors:
            return 0
        return 1 if self.is_cut_short or len(self.errors) == self.streams else 3


class Watch:
    """Runs streams and reports on them.

    Args:
        streams: one or more, with different names; their sinks are kept.
        model: loaded; not closed here.
        outlets: where reports go; entered and left here.
        analysis: how to analyse; the defaults if None.
        options: how to watch; the defaults if None.
        notify: told of what people may want to know.
        on_failure: told why a stream has failed, at once.

    Attributes:
        ages: of the results of each stream.

    Raises:
        ConfigError: if there is nothing to watch, names repeat, or an option is impossible.
        ModelError: if the detector's model cannot be used.
        EngineError: if the detector's device cannot be used.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        model: Model,
        outlets: Sequence[Outlet],
        *,
        analysis: AnalysisOptions | None = None,
        options: WatchOptions | None = None,
        notify: Notify,
        on_failure: OnFailure,
    ) -> None:
        self.outlets = tuple(outlets)
        self.ages = {stream.name: Ages() for stream in streams}
        self._options = options or WatchOptions()
        self._notify = notify
        self._on_failure = on_failure
        self._hub = Hub(outlets)
        self._over = threading.Event()
        self._running = StreamSet(
            [self._with_sinks(stream) for stream in streams],
            model,
            analysis,
            policy=self._options.policy,
            on_effort=self._tell_effort,
            stop_s=STOP_S,
        )
        self._is_cut_short = False

    def stats(self) -> tuple[StreamStats, ...]:
        """How each stream is doing now."""
        return self._running.stats()

    def faces(self) -> Mapping[str, int]:
        """Number of faces in the newest result of each stream that has one."""
        latest = zip(self._running.streams, self._running.latest(), strict=True)
        return {stream.name: len(result.faces) for stream, result in latest if result is not None}

    def stop(self) -> None:
        """Let `run` return soon; any thread may call."""
        self._over.set()

    def run(self) -> WatchSummary:
        """Watch until all streams have ended, the time is over, or it is stopped.

        The work is done in a thread of its own, so that Ctrl-C, which may come at any moment, never
        comes in the middle of starting or ending something.

        Raises:
            EngineError: if the runtime fails at the start.
            KeyboardInterrupt: after Ctrl-C, when everything is flushed.
        """
        work: Future[WatchSummary] = Future()
        thread = LibraryThread(lambda: self._work(work), "watch")
        try:
            thread.start()
            while not work.done():
                wait([work], HEARS_S)
            return work.result()
        except KeyboardInterrupt:
            self.stop()
            wait([work], LEAVE_S)
            raise
        finally:
            if work.done():
                thread.join()

    def _work(self, work: Future[WatchSummary]) -> None:
        try:
            with ExitStack() as outlets:
                for outlet in self.outlets:
                    outlets.enter_context(outlet)
                errors = self._run(self._running)
            work.set_result(WatchSummary(errors, len(self.ages), self._is_cut_short))
        except BaseException as error:
            work.set_exception(error)

    def _run(self, running: StreamSet) -> dict[str, Exception]:
        """Run the streams; gives what failed."""
        observer = Observer(
            running,
            self._hub,
            notify=self._notify,
            on_failure=self._on_failure,
            on_change=self._look,
        )
        observer.look()  # that sources are being connected, before anything comes from them
        with ExitStack() as ending:
            ending.callback(observer.__exit__, None, None, None)
            ending.callback(self._leave, running, observer)
            running.__enter__()
            observer.__enter__()
            has_time_run_out = not self._over.wait(self._options.seconds)
        failures: dict[str, Exception] = {}
        for stats in running.stats():
            error, health = observer.ended.get(stats.name), observer.health.get(stats.name)
            is_lost = health is not None and health.state is SourceState.LOST
            is_missed = (self._is_cut_short and is_lost) or (
                has_time_run_out and not stats.pipeline.captured
            )
            if error is None and is_missed:
                cause = (health and health.cause) or "no frame has come"
                error = SourceError(f"{stats.name}: {cause}", SourceFault.STALLED)
                self._on_failure(error)
            if error is not None:
                failures[stats.name] = error
        return failures

    def _look(self, observer: Observer) -> None:
        """Something has changed: see whether that is the end."""
        if self._options.fail_fast:
            is_any_lost = any(one.state is SourceState.LOST for one in observer.health.values())
            if is_any_lost or any(observer.ended.values()):
                self._is_cut_short = True
                self.stop()
        if len(observer.ended) == len(self.ages):
            self.stop()

    def _leave(self, running: StreamSet, observer: Observer) -> None:
        """End the streams, and give the outlets a time."""
        has_ended = len(observer.ended) == len(self.ages)
        deadline_s = time.monotonic() + (UNHURRIED_FLUSH_S if has_ended else FLUSH_S)
        for outlet in self.outlets:
            outlet.hurry(deadline_s)
        try:
            running.__exit__(None, None, None)
        except TimeoutError as stuck:  # the process ends all the same, and the reports get out
            self._notify(str(stuck))

    def _tell_effort(self, dial: EffortDial) -> None:
        self._hub.tell_effort(dial)
        self._notify(describe(dial))

    def _with_sinks(self, stream: Stream) -> Stream:
        feed = Feed(stream.name, self._hub, only_changes=self._options.only_changes)
        return replace(stream, sinks=(*stream.sinks, self.ages[stream.name], feed))
