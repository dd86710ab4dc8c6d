"""How old results are when they are complete."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

from ..types import FrameResult

BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


class AgeCounts(NamedTuple):
    """A histogram.

    Attributes:
        counts: results no older than each of `BOUNDS_S` but older than the one before; the last
            one is of those older than all.
        total_s: sum of all ages in seconds.
    """

    counts: Sequence[int]
    total_s: float


class Ages:
    """A sink that counts the ages of results; any thread may look."""

    name = "ages"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._total_s = 0.0

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Count one result."""
        if result.completed_s is not None:
            age_s = result.completed_s - result.frame.captured_s
            with self._lock:
                self._counts[bisect_left(BOUNDS_S, age_s)] += 1
                self._total_s += age_s

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def counts(self) -> AgeCounts:
        """What was counted so far."""
        with self._lock:
            return AgeCounts(tuple(self._counts), self._total_s)
