"""Whether a process grows: what it takes at one moment, and how that changes over a run."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from srfer.realtime.bench.resources import memory_mib


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a process takes at one moment.

    Attributes:
        rss_mb: memory in use.
        blocks: pieces of memory that Python's own objects have.
        fds: open files.
        threads: of the process.
    """

    rss_mb: float
    blocks: int
    fds: int
    threads: int


def footprint() -> Footprint:
    """What this process takes now."""
    process = psutil.Process()
    return Footprint(
        rss_mb=round(memory_mib() or 0.0, 2),
        blocks=sys.getallocatedblocks(),
        fds=process.num_fds(),
        threads=process.num_threads(),
    )


def slope_per_10_minutes(times_s: Sequence[float], values: Sequence[float]) -> float:
    """By how much a line through the values rises in ten minutes, by least squares."""
    return statistics.linear_regression(times_s, values).slope * 600


def median_of(samples: Sequence[Footprint], name: str) -> float:
    """The median of an attribute."""
    values: list[float] = [getattr(sample, name) for sample in samples]
    return round(statistics.median(values), 2)
