"""Running streams for a while and noting everything about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srfer.engines import Model
from srfer.errors import ConfigError, EngineError, SrferError

from ..pipeline import Policy
from ..stage import Source
from ..stats import PipelineState, PipelineStats
from ..streams import Stream, StreamSet
from ..types import SourceInfo
from . import resources
from .gpu import GpuLoad, Gpus
from .plan import BenchPlan
from .replay import Replay
from .samples import MOST_PER_S, Recorder
from .scenery import make_bench_source, name_source

FIRST_RESULTS_S = 60.0
"""Every stream has to give a result within this time."""
END_S = 5.0
"""Time for the streams to finish what they have, in seconds."""
POLL_S = 0.02

_OVER = frozenset({PipelineState.FINISHED, PipelineState.STOPPED, PipelineState.FAILED})


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A look at everything at one moment.

    Attributes:
        at_s: `time.monotonic()`.
        pipelines: one for each stream.
        behind_s: by how much each stream's next frame is late.
        process_cpu_s: processor seconds of this process so far.
        cores: times of the cores that it may use.
        memory_mib: its memory now.
        gpus: one for each GPU.
    """

    at_s: float
    pipelines: tuple[PipelineStats, ...]
    behind_s: tuple[float, ...]
    process_cpu_s: float
    cores: Mapping[int, resources.CoreTimes]
    memory_mib: float | None
    gpus: tuple[GpuLoad, ...]


@dataclass(frozen=True, slots=True, eq=False)
class StreamRun:
    """What one stream did.

    Attributes:
        name: of the stream.
        info: of its source.
        results: columns of `Recorder`, (n,) each, also of the results before the window.
        stages: names of the stages, columns of `results`.
        reading: (2, n): when each frame was read, in seconds, and the milliseconds that took.
        missed: notes that found no room.
        end: counts when it had ended and nothing was under way.
        given: frames that the source counted.
        taken: results that the recorder counted.
        error: what ended it before its time, in a sentence; "" if nothing did.
    """

    name: str
    info: SourceInfo
    results: Mapping[str, NDArray[np.float64]]
    stages: tuple[str, ...]
    reading: NDArray[np.float64]
    missed: int
    end: PipelineStats
    given: int
    taken: int
    error: str


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What was noted. The window is from the first to the last moment.

    Attributes:
        plan: what was to be done.
        streams: what each did.
        moments: a second apart, two or more.
        peak_memory_mib: most memory of the process, if `is_peak_of_window` within the window.
        is_peak_of_window: False where the system only knows the peak since the process started.
        gpu_names: of the GPUs that were looked at.
        gpu_note: why there is none, or "".
    """

    plan: BenchPlan
    streams: tuple[StreamRun, ...]
    moments: tuple[Moment, ...]
    peak_memory_mib: float | None
    is_peak_of_window: bool
    gpu_names: tuple[str, ...]
    gpu_note: str


def run_streams(
    plan: BenchPlan,
    model: Model,
    *,
    make_source: Callable[[str], Source] = make_bench_source,
    on_second: Callable[[int], None] | None = None,
) -> Run:
    """Run the streams of a plan and note what they do.

    Args:
        plan: what to do.
        model: loaded; not closed here.
        make_source: from a source's text.
        on_second: told of each second that was measured.

    Raises:
        ConfigError: if an option has an impossible value, or an unpaced source is live.
        SourceError: if a source cannot be read.
        ModelError: if the detector's model cannot be used.
        EngineError: if the runtime fails, or gives no results for a minute.
    """
    infos = {text: _probe(make_source(text), plan) for text in dict.fromkeys(plan.sources)}
    has_ended = threading.Event()
    streams = _make_streams(plan, infos, make_source, has_ended)
    replays, recorders = [item.source for item in streams], [item.recorder for item in streams]
    running = _make_set(plan, streams, model)
    with Gpus() as gpus:
        with running:
            try:
                _await_results(running, recorders)
                _sleep_until(time.monotonic() + plan.warm_up_s)
                is_reset = resources.reset_peak_memory()
                moments = _watch(running, replays, gpus, plan.seconds, on_second)
                peak_mib = resources.peak_memory_mib()
            finally:
                has_ended.set()
                for replay in replays:
                    replay.interrupt()
            _await_end(running)
        return Run(
            plan=plan,
            streams=_gather(running, replays, recorders),
            moments=moments,
            peak_memory_mib=peak_mib,
            is_peak_of_window=is_reset,
            gpu_names=gpus.names,
            gpu_note=gpus.note,
        )


def _make_set(plan: BenchPlan, streams: Sequence[_Measured], model: Model) -> StreamSet:
    return StreamSet(
        [Stream(s.name, s.source, [s.recorder], max_fps=plan.max_fps) for s in streams],
        model,
        plan.analysis,
        policy=Policy.LIVE if plan.is_paced else Policy.LOSSLESS,
        effort=plan.effort,
        on_effort=lambda _dial: None,  # in the report, second by second
    )


class _Measured(NamedTuple):
    """A stream and what takes notes of it."""

    name: str
    source: Replay
    recorder: Recorder


def _make_streams(
    plan: BenchPlan,
    infos: Mapping[str, SourceInfo],
    make_source: Callable[[str], Source],
    has_ended: threading.Event,
) -> list[_Measured]:
    streams = []
    for number, text in enumerate(plan.source_of):
        most = _most_notes(plan, infos[text])
        replay = Replay(
            partial(make_source, text),
            is_paced=plan.is_paced,
            wait=has_ended.wait,
            phase=number / plan.streams,
            most=most,
        )
        name = f"{number + 1} {name_source(text, infos[text])}"
        streams.append(_Measured(name, replay, Recorder(most)))
    return streams


def _probe(source: Source, plan: BenchPlan) -> SourceInfo:
    with source:
        info = source.info
    if info.is_live and not plan.is_paced:
        raise ConfigError(
            f"{info.source_id} is live and comes as it comes: measure it with --paced"
        )
    return info


def _most_notes(plan: BenchPlan, info: SourceInfo) -> int:
    """Room for twice the frames that are expected."""
    is_known = plan.is_paced and info.rate is not None
    per_s = 2 * float(info.rate) if is_known and info.rate else MOST_PER_S
    return round((plan.warm_up_s + plan.seconds + FIRST_RESULTS_S) * per_s)


def _await_results(running: StreamSet, recorders: Sequence[Recorder]) -> None:
    deadline_s = time.monotonic() + FIRST_RESULTS_S
    while not all(recorder.taken for recorder in recorders):
        if any(stream.pipeline.state in _OVER for stream in running.stats()):
            running.stop()
            for error in running.wait().values():
                raise error
            raise EngineError("a stream ended before it gave a result")
        if time.monotonic() > deadline_s:
            late = [
                stream.name
                for stream, recorder in zip(running.streams, recorders, strict=True)
                if not recorder.taken
            ]
            raise EngineError(
                f"no result within {FIRST_RESULTS_S:.0f} s from {', '.join(late)}; take fewer"
            )
        time.sleep(POLL_S)


def _watch(
    running: StreamSet,
    replays: Sequence[Replay],
    gpus: Gpus,
    seconds: int,
    on_second: Callable[[int], None] | None,
) -> tuple[Moment, ...]:
    began_s = time.monotonic()
    moments = [_look(running, replays, gpus)]
    for second in range(1, seconds + 1):
        _sleep_until(began_s + second)
        moments.append(_look(running, replays, gpus))
        if on_second is not None:
            on_second(second)
    return tuple(moments)


def _look(running: StreamSet, replays: Sequence[Replay], gpus: Gpus) -> Moment:
    stats = running.stats()
    return Moment(
        at_s=time.monotonic(),
        pipelines=tuple(stream.pipeline for stream in stats),
        behind_s=tuple(replay.behind_s() for replay in replays),
        process_cpu_s=resources.process_cpu_s(),
        cores=resources.core_times(),
        memory_mib=resources.memory_mib(),
        gpus=gpus.loads(),
    )


def _await_end(running: StreamSet) -> None:
    """Let the streams finish what they have; leaving the set stops those that do not."""
    deadline_s = time.monotonic() + END_S
    while any(stream.pipeline.state not in _OVER for stream in running.stats()):
        if time.monotonic() > deadline_s:
            return
        time.sleep(POLL_S)


def _sleep_until(due_s: float) -> None:
    left_s = due_s - time.monotonic()
    if left_s > 0:
        time.sleep(left_s)


def _gather(
    running: StreamSet, replays: Sequence[Replay], recorders: Sequence[Recorder]
) -> tuple[StreamRun, ...]:
    errors = running.wait()
    return tuple(
        StreamRun(
            name=stats.name,
            info=replay.info,
            results=recorder.columns(),
            stages=recorder.stages,
            reading=replay.reading.table(),
            missed=recorder.missed + replay.reading.missed,
            end=stats.pipeline,
            given=replay.given,
            taken=recorder.taken,
            error=_in_words(errors.get(stats.name)),
        )
        for stats, replay, recorder in zip(running.stats(), replays, recorders, strict=True)
    )


def _in_words(error: Exception | None) -> str:
    if error is None or isinstance(error, SrferError):
        return str(error or "")
    return f"unexpected {type(error).__name__}"  # its words may hold an address
