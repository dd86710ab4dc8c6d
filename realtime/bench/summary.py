"""From notes to a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..stats import DropCause, PipelineStats
from ..types import Effort
from .notes import find_notes
from .percentiles import Percentiles, nearest_rank
from .report import (
    About,
    BenchReport,
    Books,
    GpuReport,
    MachineLoad,
    Seconds,
    Series,
    StreamReport,
    StreamSeconds,
    TotalReport,
)
from .run import Moment, Run, StreamRun

Floats = NDArray[np.float64]

DIGITS = 4


def summarise(run: Run, about: About) -> BenchReport:
    """Make the report of a run.

    Raises:
        AssertionError: if three independent counts of the frames do not agree.
    """
    edges = np.array([moment.at_s for moment in run.moments])
    streams = tuple(_stream(run, place, edges) for place in range(len(run.streams)))
    results = {
        name: np.concatenate([_within(stream.results, edges)[name] for stream in run.streams])
        for name in run.streams[0].results
    }
    total = _total(run, streams, results, edges)
    load = _load(run)
    return BenchReport(
        about=about,
        notes=tuple(find_notes(run, streams, load, results["effort"])),
        total=total,
        streams=streams,
        load=load,
        seconds=_seconds(run, results, edges),
    )


def _stream(run: Run, place: int, edges: Floats) -> StreamReport:
    stream = run.streams[place]
    window_s = edges[-1] - edges[0]
    results = _within(stream.results, edges)
    frames = _books(stream, run.moments[0].pipelines[place])
    efforts = results["effort"]
    rate = None if stream.info.rate is None else float(stream.info.rate)
    limits = [fps for fps in (rate, run.plan.max_fps) if fps is not None]
    return StreamReport(
        name=stream.name,
        width=stream.info.width,
        height=stream.info.height,
        source_fps=_rounded(rate),
        wanted_fps=_rounded(min(limits)) if rate is not None and run.plan.is_paced else None,
        fps=_exact(len(results["due_s"]) / window_s),
        faces_per_s=_exact(results["faces"].sum() / window_s),
        readings_per_s=_exact(results["readings"].sum() / window_s),
        frames=frames,
        drop_share=_exact(frames.drop_share),
        latency_ms=Percentiles.of(_latency_ms(results)) if run.plan.is_paced else None,
        stages_ms=_stages(stream.stages, results, _reading(stream, edges)),
        effort_share={
            effort.name.lower(): _exact((efforts == effort).mean())
            for effort in Effort
            if (efforts == effort).any()
        },
        error=stream.error,
        seconds=_stream_seconds(run, place, results, edges),
    )


def _books(stream: StreamRun, before: PipelineStats) -> Books:
    counts = (stream.given, stream.taken)
    assert counts == (stream.end.captured, stream.end.processed), f"{stream.name}: {counts}"
    assert stream.end.in_flight == 0, f"{stream.name}: {stream.end}"
    return Books(
        captured=stream.end.captured - before.captured + before.in_flight,
        processed=stream.end.processed - before.processed,
        dropped={
            cause.value: stream.end.dropped[cause] - before.dropped[cause] for cause in DropCause
        },
    )


def _stream_seconds(
    run: Run, place: int, results: Mapping[str, Floats], edges: Floats
) -> StreamSeconds:
    latency_ms = _latency_ms(results)
    return StreamSeconds(
        fps=_per_second(results, edges, np.ones_like(results["due_s"])),
        dropped=tuple(_lost(*pair, place).lost for pair in pairwise(run.moments)),
        latency_p95_ms=_ranks(results, edges, latency_ms, 95, run.plan.is_paced),
        behind_s=tuple(_exact(moment.behind_s[place]) for moment in run.moments[1:]),
        effort=_of_seconds(results, edges, results["effort"], _mean),
    )


class _Lost(NamedTuple):
    lost: int
    wanted: int


def _lost(before: Moment, after: Moment, place: int) -> _Lost:
    """Frames that a stream lost between two moments, and frames that it should have analysed."""
    old, new = before.pipelines[place], after.pipelines[place]
    dropped = sum(new.dropped.values()) - sum(old.dropped.values())
    beyond = new.dropped[DropCause.BUDGET] - old.dropped[DropCause.BUDGET]
    return _Lost(dropped - beyond, new.captured - old.captured - beyond)


def _total(
    run: Run, streams: Sequence[StreamReport], results: Mapping[str, Floats], edges: Floats
) -> TotalReport:
    window_s = edges[-1] - edges[0]
    frames = Books(
        captured=sum(stream.frames.captured for stream in streams),
        processed=sum(stream.frames.processed for stream in streams),
        dropped={
            cause.value: sum(stream.frames.dropped[cause] for stream in streams)
            for cause in DropCause
        },
    )
    reading = np.concatenate([_reading(stream, edges) for stream in run.streams])
    return TotalReport(
        fps=_exact(len(results["due_s"]) / window_s),
        faces_per_s=_exact(results["faces"].sum() / window_s),
        readings_per_s=_exact(results["readings"].sum() / window_s),
        frames=frames,
        drop_share=_exact(frames.drop_share),
        latency_ms=Percentiles.of(_latency_ms(results)) if run.plan.is_paced else None,
        stages_ms=_stages(run.streams[0].stages, results, reading),
    )


def _load(run: Run) -> MachineLoad:
    first, last = run.moments[0], run.moments[-1]
    window_s = last.at_s - first.at_s
    shares = _core_shares(first, last)
    process = (last.process_cpu_s - first.process_cpu_s) / window_s
    stolen = [last.cores[core].stolen_s - first.cores[core].stolen_s for core in first.cores]
    gpus = []
    for place, name in enumerate(run.gpu_names):
        loads = [moment.gpus[place] for moment in run.moments]
        watts = [load.power_w for load in loads if load.power_w is not None]
        gpus.append(
            GpuReport(
                name=name,
                busy_share=_exact(np.mean([load.busy_share for load in loads])),
                memory_mib=_exact(np.mean([load.memory_mib for load in loads])),
                power_w=_exact(np.mean(watts)) if watts else None,
            )
        )
    # The two counts are not taken at the same instant, nor in the same units.
    others = max(0.0, sum(shares.values()) - process) if shares else None
    return MachineLoad(
        process_cores=_exact(process),
        others_cores=_rounded(others),
        stolen_cores=_exact(sum(stolen) / window_s) if shares else None,
        core_shares=shares,
        memory_mib=_rounded(last.memory_mib),
        peak_memory_mib=_rounded(run.peak_memory_mib),
        is_peak_of_window=run.is_peak_of_window,
        gpus=tuple(gpus),
    )


def _core_shares(before: Moment, after: Moment) -> dict[str, float]:
    elapsed_s = after.at_s - before.at_s
    return {
        str(core): _exact(min(1.0, (times.busy_s - before.cores[core].busy_s) / elapsed_s))
        for core, times in after.cores.items()
        if core in before.cores
    }


def _seconds(run: Run, results: Mapping[str, Floats], edges: Floats) -> Seconds:
    latency_ms, is_paced = _latency_ms(results), run.plan.is_paced
    pairs = list(pairwise(run.moments))
    shares = [_core_shares(*pair) for pair in pairs]
    places = range(len(run.streams))
    drops = [[_lost(*pair, place) for place in places] for pair in pairs]
    return Seconds(
        fps=_per_second(results, edges, np.ones_like(results["due_s"])),
        drop_share=tuple(_share(second) for second in drops),
        faces_per_s=_per_second(results, edges, results["faces"]),
        latency_p50_ms=_ranks(results, edges, latency_ms, 50, is_paced),
        latency_p95_ms=_ranks(results, edges, latency_ms, 95, is_paced),
        latency_p99_ms=_ranks(results, edges, latency_ms, 99, is_paced),
        process_cores=tuple(
            _exact((b.process_cpu_s - a.process_cpu_s) / (b.at_s - a.at_s)) for a, b in pairs
        ),
        core_shares={core: tuple(share[core] for share in shares) for core in shares[0]},
        memory_mib=tuple(_rounded(moment.memory_mib) for moment in run.moments[1:]),
        gpu_busy_share={
            f"{place} {name}": tuple(m.gpus[place].busy_share for m in run.moments[1:])
            for place, name in enumerate(run.gpu_names)
        },
    )


def _share(drops: Sequence[_Lost]) -> float | None:
    wanted = sum(drop.wanted for drop in drops)
    return _exact(sum(drop.lost for drop in drops) / wanted) if wanted else None


def _within(results: Mapping[str, Floats], edges: Floats) -> dict[str, Floats]:
    """The results that were there within the window, in the order in which they came."""
    at_s = results["completed_s"]
    chosen = (at_s >= edges[0]) & (at_s < edges[-1])
    return {name: column[chosen] for name, column in results.items()}


def _reading(stream: StreamRun, edges: Floats) -> Floats:
    at_s, ms = stream.reading
    return np.asarray(ms[(at_s >= edges[0]) & (at_s < edges[-1])])


def _latency_ms(results: Mapping[str, Floats]) -> Floats:
    return (results["completed_s"] - results["due_s"]) * 1e3


def _stages(
    names: Sequence[str], results: Mapping[str, Floats], reading_ms: Floats
) -> dict[str, Percentiles]:
    samples = {"decode": reading_ms, **{name: results[name] for name in names}}
    summaries = {name: Percentiles.of(values) for name, values in samples.items()}
    return {name: summary for name, summary in summaries.items() if summary is not None}


def _of_seconds(
    results: Mapping[str, Floats], edges: Floats, values: Floats, what: Callable[[Floats], Any]
) -> Series:
    """What the values of each second's results come to; None where there are none."""
    second = np.searchsorted(edges, results["completed_s"], side="right") - 1
    chosen = [values[second == number] for number in range(len(edges) - 1)]
    return tuple(_exact(what(some)) if some.size else None for some in chosen)


def _mean(values: Floats) -> Any:
    return values.mean()


def _per_second(results: Mapping[str, Floats], edges: Floats, values: Floats) -> Series:
    sums = _of_seconds(results, edges, values, np.sum)
    return tuple(_exact((a or 0.0) / s) for a, s in zip(sums, np.diff(edges), strict=True))


def _ranks(
    results: Mapping[str, Floats], edges: Floats, values: Floats, q: int, is_wanted: bool
) -> Series:
    if not is_wanted:
        return (None,) * (len(edges) - 1)
    return _of_seconds(results, edges, values, partial(nearest_rank, q=q))


def _exact(value: float | np.floating) -> float:
    return round(float(value), DIGITS)


def _rounded(value: float | None) -> float | None:
    return None if value is None else _exact(value)
