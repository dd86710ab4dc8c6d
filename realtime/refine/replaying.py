"""Pass two: the frames once more, and with them what is known of their faces by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from srfer.errors import SourceError, SourceFault

from ..types import FaceResult, Frame, FrameResult
from .rows import RowFile, to_result


class Replay:
    """A stage that gives every frame its refined faces.

    Args:
        rows: in the order of frames and faces.
        times_s: media time of every frame.
        failed_readings: by position, where there are any.
    """

    name = "replay"

    def __init__(
        self, rows: RowFile, times_s: Sequence[float], failed_readings: Mapping[int, int]
    ) -> None:
        self._rows = rows
        self._times_s = times_s
        self._failed_readings = failed_readings
        self._position = 0
        self._frames: Iterator[tuple[int, Iterator[Any]]] = iter(())
        self._next: tuple[int, list[Any]] | None = None
        self._began: dict[int, int] = {}
        self._read_s: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._frames = groupby(self._rows.rows(), key=lambda row: int(row["position"][0]))
        self._next = self._advance()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames = iter(())

    def __call__(self, frame: Frame, /) -> FrameResult:
        """Join a frame and its faces.

        Raises:
            SourceError: if there was no such frame in pass one.
        """
        position, self._position = self._position, self._position + 1
        if position >= len(self._times_s):
            raise SourceError(
                f"{frame.source_id}: has more frames than when it was first read; export it again "
                "when it is complete",
                SourceFault.CORRUPT,
            )
        rows: list[Any] = []
        if self._next is not None and self._next[0] == position:
            rows, self._next = self._next[1], self._advance()
        faces = tuple(self._face(row) for row in rows)
        failed = self._failed_readings.get(position, 0)
        return FrameResult(frame, faces, failed_readings=failed)

    def _advance(self) -> tuple[int, list[Any]] | None:
        for position, rows in self._frames:
            return position, [row[0] for row in rows]
        return None

    def _face(self, row: Any) -> FaceResult:
        track, position = int(row["track"]), int(row["position"])
        age = position - self._began.setdefault(track, position)
        now_s = self._times_s[position]
        if row["native_px"] > 0:
            self._read_s[track] = now_s
        read_s = self._read_s.get(track)
        return to_result(row, age, None if read_s is None else now_s - read_s, self._rows.kept)
