"""The rows of the tables that a terminal and a page both show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..words import counted
from .capacity import Capacity
from .percentiles import Percentiles
from .report import BenchReport, Books, StreamReport, TotalReport


@dataclass(frozen=True, slots=True)
class Rows:
    """A table.

    Attributes:
        titles: of the columns.
        rows: cells by row.
        texts: places of the columns that hold words; all others hold numbers.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: frozenset[int]


def stream_rows(report: BenchReport) -> Rows:
    """Each stream, and all together at the end."""
    ages = ("p50 ms", "p95 ms", "p99 ms", "max ms") if report.is_paced else ()
    titles = ("stream", "size", "frames", "dropped", "fps", *ages, "faces/s", "effort")
    rows = [
        (
            stream.name,
            f"{stream.width}x{stream.height}",
            *_figures(stream, is_paced=report.is_paced),
            _effort(stream),
        )
        for stream in report.streams
    ]
    rows.append(("all", "", *_figures(report.total, is_paced=report.is_paced), ""))
    return Rows(titles, tuple(rows), frozenset({0, 3, len(titles) - 1}))


def stage_rows(report: BenchReport) -> Rows:
    """What each stage works on a frame, of all streams together."""
    rows = []
    for name, stage in report.total.stages_ms.items():
        figures = (stage.mean, stage.p50, stage.p95, stage.p99, stage.max)
        rows.append((name, str(stage.n), *(f"{value:.2f}" for value in figures)))
    titles = ("work on a frame", "n", "mean ms", "p50 ms", "p95 ms", "p99 ms", "max ms")
    return Rows(titles, tuple(rows), frozenset({0}))


def trial_rows(capacity: Capacity) -> Rows:
    """What was tried, in order."""
    titles = ("streams", "verdict", "lowest fps", "most drops", "p95 age ms", "why not")
    rows = tuple(
        (
            str(trial.streams),
            "holds" if trial.holds else "fails",
            f"{trial.fps:.1f}",
            f"{100 * trial.drop_share:.1f} %",
            "-" if trial.p95_ms is None else f"{trial.p95_ms:.0f}",
            trial.why_not,
        )
        for trial in capacity.trials
    )
    return Rows(titles, rows, frozenset({1, 5}))


def describe_capacity(capacity: Capacity) -> str:
    """How many streams the machine carries, in a sentence."""
    target = capacity.target
    fps = "all frames of its source" if target.fps is None else f"{target.fps:g} frames a second"
    limit = ", the most that were tried" if capacity.is_limit_reached else ""
    doubt = "" if capacity.is_unanimous else " (near this number, trials disagreed)"
    return (
        f"This machine carries {counted(capacity.streams, 'stream')}{limit}{doubt}: each with "
        f"{fps}, at most {100 * target.max_drop_share:g} % of them dropped, 95 % of the results "
        f"within {target.max_p95_ms:g} ms."
    )


def describe_machine(report: BenchReport) -> Iterable[str]:
    """What the process took of the machine, in lines."""
    load = report.load
    if load.core_shares:
        shares = ", ".join(f"{100 * share:.0f} %" for share in load.core_shares.values())
        yield f"cores busy: {shares}"
    others = "" if load.others_cores is None else f", of everything else {load.others_cores:.2f}"
    yield f"cores' worth of work: of this process {load.process_cores:.2f}{others}"
    if load.peak_memory_mib is not None:
        yield f"peak memory: {load.peak_memory_mib:.0f} MiB"
    for gpu in load.gpus:
        watts = "" if gpu.power_w is None else f", {gpu.power_w:.0f} W"
        yield f"{gpu.name}: {100 * gpu.busy_share:.0f} % busy, {gpu.memory_mib:.0f} MiB{watts}"


def _figures(of: StreamReport | TotalReport, *, is_paced: bool) -> Sequence[str]:
    return (
        str(of.frames.captured),
        _drops(of.frames),
        f"{of.fps:.1f}",
        *(_ages(of.latency_ms) if is_paced else ()),
        f"{of.faces_per_s:.1f}",
    )


def _ages(latency_ms: Percentiles | None) -> Sequence[str]:
    if latency_ms is None:
        return ("-",) * 4
    ranks = (latency_ms.p50, latency_ms.p95, latency_ms.p99, latency_ms.max)
    return [f"{rank:.1f}" for rank in ranks]


def _drops(frames: Books) -> str:
    """The share of drops, and all of them by cause."""
    causes = [f"{cause} {count}" for cause, count in frames.dropped.items() if count]
    return f"{100 * frames.drop_share:.1f} %" + (f" ({', '.join(causes)})" if causes else "")


def _effort(stream: StreamReport) -> str:
    words = {name.replace("_", " "): share for name, share in stream.effort_share.items()}
    if len(words) == 1:
        return next(iter(words))
    return ", ".join(f"{word} {100 * share:.0f} %" for word, share in words.items())
