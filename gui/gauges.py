"""How fast it goes: a sink that keeps the times of the latest results."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from srfer.realtime import FrameResult

KEPT = 240
"""Results that the figures are computed from."""

WINDOW_S = 5.0
"""And none of them older than this, in seconds."""


class Spread(NamedTuple):
    """How long something takes, in milliseconds."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of the last seconds.

    Attributes:
        fps: results a second.
        age: of results when they were ready, counted from the reading of their frame.
        stages: time at work by stage, in the order in which frames meet them.
        dropped: frames dropped before the results of these seconds.
    """

    fps: float
    age: Spread
    stages: Mapping[str, Spread]
    dropped: int


class _Sample(NamedTuple):
    at_s: float
    age_ms: float
    timings_ms: Mapping[str, float]
    dropped: int


class Gauges:
    """Keeps times. The pipeline writes; any thread may look.

    Args:
        clock: monotonic seconds, the clock of `Frame.captured_s`.
    """

    name = "gauges"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._samples: deque[_Sample] = deque(maxlen=KEPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def write(self, result: FrameResult, /) -> None:
        """Note the times of a result."""
        now_s = self._clock()
        age_ms = (now_s - result.frame.captured_s) * 1e3
        sample = _Sample(now_s, age_ms, result.timings_ms, result.dropped_before)
        with self._lock:
            self._samples.append(sample)

    def report(self) -> Report | None:
        """Figures of the last seconds; None if there was no result."""
        since_s = self._clock() - WINDOW_S
        with self._lock:
            samples = [sample for sample in self._samples if sample.at_s >= since_s]
        if not samples:
            return None
        elapsed_s = samples[-1].at_s - samples[0].at_s
        names = list(samples[-1].timings_ms)
        return Report(
            fps=(len(samples) - 1) / elapsed_s if elapsed_s > 0 else 0.0,
            age=_spread([sample.age_ms for sample in samples]),
            stages={
                name: _spread([s.timings_ms[name] for s in samples if name in s.timings_ms])
                for name in names
            },
            dropped=sum(sample.dropped for sample in samples),
        )


def _spread(values: list[float]) -> Spread:
    p50, p95 = np.percentile(values, (50, 95))
    return Spread(float(p50), float(p95))
