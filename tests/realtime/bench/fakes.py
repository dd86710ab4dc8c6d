"""Runs that never were, with figures that are known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

import numpy as np

from srfer.realtime.bench.plan import BenchPlan
from srfer.realtime.bench.report import About, BenchReport
from srfer.realtime.bench.resources import CoreTimes
from srfer.realtime.bench.run import Moment, Run, StreamRun
from srfer.realtime.bench.summary import summarise
from srfer.realtime.stats import DropCause, PipelineState, PipelineStats
from srfer.realtime.types import SourceInfo

ABOUT = About(
    measured="2026-01-01T00:00:00+00:00",
    commit="abc",
    machine={"cpu": "one", "cores": 2, "memory_gib": 8.0, "system": "Linux", "gpus": []},
    versions={"python": "3.12"},
    model={"description": "srfer-base", "sha256": "00", "device": "cpu", "engine": "a runtime"},
    settings={"streams": 1, "is_paced": True, "seconds": 10, "warm_up_s": 1.0, "effort": "auto"},
)


@dataclass(frozen=True)
class Script:
    """What a stream is made to have done: each frame lasts as long as it is told, or is dropped.

    Attributes:
        fps: frames a second.
        latency_ms: by number of the frame; None drops it.
        faces: in every result.
    """

    fps: int = 10
    latency_ms: Callable[[int], float | None] = lambda _number: 20.0
    faces: int = 2


def stats(captured: int, processed: int, overload: int) -> PipelineStats:
    """Counts of a pipeline."""
    dropped = MappingProxyType(
        {cause: overload if cause is DropCause.OVERLOAD else 0 for cause in DropCause}
    )
    return PipelineStats(PipelineState.RUNNING, captured, processed, dropped, ())


def run_of(
    scripts: Sequence[Script],
    *,
    seconds: int = 10,
    is_paced: bool = True,
    names: Sequence[str] = (),
    error: str = "",
) -> Run:
    """A run whose window begins at 100 s, when the streams had been running for 1 s."""
    edges = [100.0 + second for second in range(seconds + 1)]
    streams, looks = [], []
    for place, script in enumerate(scripts):
        stream, at_edges = _stream(script, edges, names[place] if names else f"{place + 1} a.mp4")
        streams.append(stream)
        looks.append(at_edges)
    moments = [
        Moment(
            at_s=edge,
            pipelines=tuple(look[number] for look in looks),
            behind_s=(0.0,) * len(scripts),
            process_cpu_s=5.0 + 0.5 * number,
            cores={0: CoreTimes(50 + 0.5 * number, 0.0), 1: CoreTimes(70 + 0.25 * number, 0.0)},
            memory_mib=200.0,
            gpus=(),
        )
        for number, edge in enumerate(edges)
    ]
    plan = BenchPlan(("a.mp4",), streams=len(scripts), seconds=seconds, is_paced=is_paced)
    if error:
        streams[0] = replace(streams[0], error=error)
    return Run(plan, tuple(streams), tuple(moments), 250.0, True, (), "")


def report_of(
    scripts: Sequence[Script], *, seconds: int = 10, is_paced: bool = True
) -> BenchReport:
    """The report of such a run."""
    run = run_of(scripts, seconds=seconds, is_paced=is_paced)
    return summarise(run, about(is_paced=is_paced))


def about(*, is_paced: bool) -> About:
    """What such a report says of itself."""
    return replace(ABOUT, settings={**ABOUT.settings, "is_paced": is_paced})


def _stream(
    script: Script, edges: Sequence[float], name: str
) -> tuple[StreamRun, list[PipelineStats]]:
    # Between the edges, so that no frame is due at the very moment of one.
    count = script.fps * len(edges)
    due_s = edges[0] - 1 + (np.arange(count) + 0.5) / script.fps
    ages = [script.latency_ms(number) for number in range(count)]
    is_there = np.array([age is not None for age in ages])
    rows = due_s[is_there]
    completed_s = rows + np.array([age for age in ages if age is not None]) / 1e3
    ones = np.ones(len(rows))
    results = {
        "due_s": rows,
        "completed_s": completed_s,
        "faces": script.faces * ones,
        "readings": ones,
        "effort": 0 * ones,
        "track": 5 * ones,
        "read": 3 * ones,
    }
    at_edges = []
    for edge in edges:
        captured, done = int((due_s < edge).sum()), int((completed_s < edge).sum())
        lost = int((due_s[~is_there] < edge).sum())
        at_edges.append(stats(captured, done, lost))
    info = SourceInfo("a.mp4", 64, 48, Fraction(script.fps), Fraction(1, 1000), None, True)
    stream = StreamRun(
        name=name,
        info=info,
        results=results,
        stages=("track", "read"),
        reading=np.stack([due_s, np.full(count, 2.0)]),
        missed=0,
        end=stats(count, len(rows), int((~is_there).sum())),
        given=count,
        taken=len(rows),
        error="",
    )
    return stream, at_edges
