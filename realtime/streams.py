"""Many sources analysed side by side, as surveillance asks for.

Each stream has a pipeline of its own, so what befalls one does not touch the others: a camera that
is dead, slow, or too fast. They share the networks, which answer in batches, and the machine, whose
load is watched over all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from srfer.engines import Model
from srfer.errors import ConfigError

from .api import AnalysisOptions, make_stages, share_engines
from .load import EffortDial, LoadControl, LoadWatch
from .pipeline import Pipeline, Policy
from .sources.health import Monitored, SourceHealth
from .stage import Sink, Source
from .stats import PipelineState, PipelineStats
from .types import Effort, FrameResult

OVER = frozenset({PipelineState.FINISHED, PipelineState.STOPPED, PipelineState.FAILED})
"""The states of a pipeline in which nothing more comes."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One of the sources.

    Attributes:
        name: to show, different from all others'.
        source: where its frames come from; not entered yet.
        sinks: where its results go.
        priority: higher ones are served first and keep their effort longer.
        max_fps: frames a second that are analysed at most; all if None.
    """

    name: str
    source: Source
    sinks: Sequence[Sink] = ()
    priority: int = 0
    max_fps: float | None = None


@dataclass(frozen=True, slots=True)
class StreamStats:
    """A look at a stream at one moment.

    Attributes:
        name: of the stream.
        pipeline: frames, drops and parts.
        effort: how much is done for each of its frames.
        health: how its source is doing; None where the source does not say.
    """

    name: str
    pipeline: PipelineStats
    effort: Effort
    health: SourceHealth | None


class StreamSet:
    """Analyses streams until they end or it is stopped.

        with StreamSet(streams, model) as running:
            running.wait()

    Entering it opens the networks and starts all pipelines; leaving it stops them.

    Args:
        streams: one or more, with different names.
        model: loaded; not closed here.
        options: how to analyse, all streams alike; the defaults if None.
        policy: LIVE drops frames of streams that are too fast, LOSSLESS makes their sources wait.
            Only LIVE streams are given less effort under load.
        on_effort: told when the load changes what is done for a stream; by default it is logged.
        effort: for all streams, whatever the load; None lets the load decide.
        stop_s: how long leaving waits for parts that do not return, in seconds.

    Raises:
        ConfigError: if there is no stream, names repeat, or an option has an impossible value.
        ModelError: if the detector's model cannot be used.
        EngineError: if the detector's device cannot be used.
    """

    def __init__(
        self,
        streams: Sequence[Stream],
        model: Model,
        options: AnalysisOptions | None = None,
        *,
        policy: Policy = Policy.LIVE,
        on_effort: Callable[[EffortDial], None] | None = None,
        effort: Effort | None = None,
        stop_s: float = 5.0,
    ) -> None:
        names = [stream.name for stream in streams]
        if not streams:
            raise ConfigError("there is no stream to analyse")
        if len(set(names)) < len(names):
            raise ConfigError(f"streams need different names: {', '.join(names)}")
        self.streams = tuple(streams)
        self._shared = share_engines(model, options)
        self._dials = [EffortDial(stream.name, stream.priority) for stream in streams]
        for dial in self._dials:
            dial.effort = effort or Effort.FULL
        control = LoadControl() if on_effort is None else LoadControl(on_effort)
        is_watched = policy is Policy.LIVE and effort is None
        self._pipelines = []
        for stream, dial in zip(streams, self._dials, strict=True):
            watch: list[Sink] = [LoadWatch(control, dial)] if is_watched else []
            self._pipelines.append(
                Pipeline(
                    stream.source,
                    make_stages(model, options, shared=self._shared, dial=dial),
                    [*watch, *stream.sinks],
                    policy=policy,
                    max_fps=stream.max_fps,
                    name=stream.name,
                )
            )
        self._stop_s = stop_s
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self._shared)
            opened.callback(self.stop, self._stop_s)
            for pipeline in self._pipelines:
                pipeline.start()
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.__exit__(kind, error, traceback)

    def wait(self) -> dict[str, Exception]:
        """Wait until every stream has ended.

        Returns:
            The errors that ended streams, by name; a stream that ended well is not in it.
        """
        ends = {
            stream.name: _end_of(pipeline)
            for stream, pipeline in zip(self.streams, self._pipelines, strict=True)
        }
        return {name: error for name, error in ends.items() if error is not None}

    def ended(self) -> dict[str, Exception | None]:
        """The streams that have ended so far, each with the error that ended it, or None."""
        return {
            stream.name: _end_of(pipeline)
            for stream, pipeline in zip(self.streams, self._pipelines, strict=True)
            if pipeline.stats().state in OVER
        }

    def stop(self, timeout_s: float = 5.0) -> None:
        """End all streams now and return when that is done.

        Raises:
            TimeoutError: if parts do not return within `timeout_s` seconds; the message names them.
        """
        deadline_s = time.monotonic() + timeout_s
        for pipeline in self._pipelines:  # told first, all of them, then waited for
            with suppress(TimeoutError):
                pipeline.stop(0)
        stuck = []
        for pipeline in self._pipelines:
            try:
                pipeline.stop(max(0.0, deadline_s - time.monotonic()))
            except TimeoutError as error:
                stuck.append(str(error))
        if stuck:
            raise TimeoutError("; ".join(stuck))

    def pause(self) -> None:
        """Analyse nothing until `resume`; live sources are read on."""
        for pipeline in self._pipelines:
            pipeline.pause()

    def resume(self) -> None:
        """End a pause."""
        for pipeline in self._pipelines:
            pipeline.resume()

    def latest(self) -> tuple[FrameResult | None, ...]:
        """The newest result of each stream, in their order; None before its first."""
        return tuple(pipeline.latest() for pipeline in self._pipelines)

    def stats(self) -> tuple[StreamStats, ...]:
        """How each stream is doing now, in their order."""
        return tuple(
            StreamStats(
                name=stream.name,
                pipeline=pipeline.stats(),
                effort=dial.effort,
                health=stream.source.health if isinstance(stream.source, Monitored) else None,
            )
            for stream, pipeline, dial in zip(
                self.streams, self._pipelines, self._dials, strict=True
            )
        )


def _end_of(pipeline: Pipeline) -> Exception | None:
    """Wait until a pipeline has ended; gives the error that ended it, if any."""
    try:
        pipeline.join()
    except Exception as error:
        return error
    return None
