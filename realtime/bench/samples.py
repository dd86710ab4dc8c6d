"""Taking notes that cost about a microsecond and never grow."""

from __future__ import annotations

from types import TracebackType
from typing import Self, cast

import numpy as np
from numpy.typing import NDArray

from ..types import FrameResult

MOST_PER_S = 2000
"""Room for so many notes a second; memory that is not written to is not used."""


class Samples:
    """Rows of numbers in memory that is reserved beforehand. One thread adds; any may look.

    Args:
        columns: numbers in a row.
        most: rows there is room for.

    Attributes:
        missed: rows that found no room.
    """

    def __init__(self, columns: int, most: int) -> None:
        self._most = most
        self._table = np.empty((columns, most))
        # Its memory takes a number faster than an array does.
        self._columns = [cast("memoryview[float]", column.data) for column in self._table]
        self._count = 0
        self.missed = 0

    def add(self, *row: float) -> None:
        """Note a row."""
        place = self._count
        if place == self._most:
            self.missed += 1
            return
        for column, value in zip(self._columns, row, strict=True):
            column[place] = value
        self._count = place + 1

    def table(self) -> NDArray[np.float64]:
        """(columns, rows) of what was noted so far."""
        return self._table[:, : self._count].copy()


class Recorder:
    """A sink that notes of each result when it was due, when it was there, and what it cost.

    Args:
        most: results there is room for.

    Attributes:
        taken: number of results so far.
        stages: names of the stages, in order; empty before the first result.
    """

    name = "recorder"

    FIXED = ("due_s", "completed_s", "faces", "readings", "effort")

    def __init__(self, most: int) -> None:
        self._most = most
        self._samples: Samples | None = None
        self.taken = 0
        self.stages: tuple[str, ...] = ()

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
        """Note one result, which comes from a pipeline."""
        timings = result.timings_ms
        if self._samples is None:
            self.stages = tuple(name for name in timings if name != "source")
            self._samples = Samples(len(self.FIXED) + len(self.stages), self._most)
        completed_s = result.completed_s
        assert completed_s is not None, "a result without its time"
        readings = 0
        for face in result.faces:
            readings += face.expression is not None
        self._samples.add(
            result.frame.captured_s,
            completed_s,
            len(result.faces),
            readings,
            result.effort,
            *[timings[name] for name in self.stages],
        )
        self.taken += 1

    @property
    def missed(self) -> int:
        """Results there was no room for."""
        return 0 if self._samples is None else self._samples.missed

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """What was noted, (n,) each: `FIXED`, then milliseconds by name of the stage."""
        names = (*self.FIXED, *self.stages)
        if self._samples is None:
            return {name: np.empty(0) for name in names}
        return dict(zip(names, self._samples.table(), strict=True))
