"""Detection again where a face was lost, in windows round the place where it should be."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Any, Self

import numpy as np

from ..analysis import SMALLEST_PX, FaceReader
from ..crop import cut_out
from ..detection import Detector
from ..tracking.second_look import look_again
from ..types import Box, Face, Frame, FrameResult, Track, TrackState
from .appearance import appearance
from .rows import LOST, NO_TRACK, RowFile, to_row
from .settings import Refinement
from .spans import Candidate, Span, is_taken


@dataclass(frozen=True, slots=True, eq=False)
class SecondLook:
    """What faces are looked for and read with, once more.

    Attributes:
        detector: not open yet.
        reader: the one of pass one.
        use_sr: as in pass one.
        min_face_px: faces cut from fewer pixels are not read.
    """

    detector: Detector
    reader: FaceReader
    use_sr: bool = True
    min_face_px: float = SMALLEST_PX


class Searcher:
    """A stage that looks for lost faces in every frame in which one is missing.

    Its results have no faces: what it finds goes to `found`.

    Args:
        spans: where to look, in the order of their first frames.
        times_s: media time of every frame.
        tools: what to look and to read with.
        settings: what to believe.
        first: the rows of pass one.
        found: gets a row for every frame of a span: what was found, or between two sightings where
            the face should be.

    Attributes:
        positions: by row of `found`, the position of its frame.
        failed_readings: by position, where there are any.
    """

    name = "second look"

    def __init__(
        self,
        spans: Sequence[Span],
        times_s: Sequence[float],
        tools: SecondLook,
        settings: Refinement,
        *,
        first: RowFile,
        found: RowFile,
    ) -> None:
        self._waiting = list(reversed(spans))
        self._active: list[Span] = []
        self._found = found
        self._times_s = times_s
        self._tools = tools
        self._settings = settings
        self._position = 0
        self._seen = _SeenFaces(first)
        self._claimed: dict[int, list[Box]] = {}
        self.positions = array("q")
        self.failed_readings: dict[int, int] = {}

    def __enter__(self) -> Self:
        self._tools.detector.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tools.detector.__exit__(kind, error, traceback)

    def __call__(self, frame: Frame, /) -> FrameResult:
        """Look at a frame.

        Raises:
            EngineError: the detector or the model failed.
        """
        position, self._position = self._position, self._position + 1
        while self._waiting and self._waiting[-1].first <= position:
            self._active.append(self._waiting.pop())
        if self._active:
            self._look(frame, position)
            for span in [span for span in self._active if span.last == position]:
                self._active.remove(span)
                self._settle(span)
            since = min((span.first for span in self._active), default=position + 1)
            self._claimed = {at: boxes for at, boxes in self._claimed.items() if at >= since}
        return FrameResult(frame, ())

    def _look(self, frame: Frame, position: int) -> None:
        """Find candidates for the faces that are missing in a frame."""
        time_s = self._times_s[position]
        seen = self._seen.boxes(position)
        expected = [span.expected(time_s) for span in self._active]
        windows = look_again(self._tools.detector, frame, expected)
        for span, faces in zip(self._active, windows, strict=True):
            found = [
                self._candidate(frame, face, position)
                for face in faces
                if face.score >= self._settings.score_from and not is_taken(face.box, seen)
            ]
            if found:
                span.candidates[position] = found

    def _candidate(self, frame: Frame, face: Face, position: int) -> Candidate:
        crop, native_px = cut_out(frame, face)
        looks = appearance(frame.image, frame.luma.levels, face.box)
        return Candidate(position, self._times_s[position], face, looks, crop, native_px)

    def _settle(self, span: Span) -> None:
        """Decide what of a span is the face, read it and keep it."""
        for position, found in list(span.candidates.items()):
            claimed = self._claimed.get(position, [])
            span.candidates[position] = [c for c in found if not is_taken(c.face.box, claimed)]
        chosen = {candidate.position: candidate for candidate in span.linked()}
        readings = self._read(list(chosen.values()))
        for position, candidate in chosen.items():
            self._claimed.setdefault(position, []).append(candidate.face.box)
            self._keep(span, position, TrackState.TRACKED, candidate.face, readings.get(position))
        for position, box in span.guesses(list(chosen.values()), self._times_s):
            self._keep(span, position, TrackState.LOST, Face(box, 0.0), None)

    def _keep(self, span: Span, position: int, state: TrackState, face: Face, reading: Any) -> None:
        row = to_row(position, Track(span.track, state, face, 0), reading, self._found.kept)
        row["first_track"] = NO_TRACK
        self._found.append(row)
        self.positions.append(position)

    def _read(self, chosen: Sequence[Candidate]) -> dict[int, Any]:
        """Expressions by position, for the faces that are large enough."""
        large = [one for one in chosen if one.native_px >= self._tools.min_face_px]
        if not large:
            return {}
        readings = self._tools.reader.read_faces(
            np.stack([one.crop for one in large]),
            np.array([one.native_px for one in large], np.float32),
            use_sr=self._tools.use_sr,
        )
        for one, reading in zip(large, readings, strict=True):
            if reading is None:
                failed = self.failed_readings.get(one.position, 0)
                self.failed_readings[one.position] = failed + 1
        return {one.position: reading for one, reading in zip(large, readings, strict=True)}


class _SeenFaces:
    """Where pass one saw faces, asked frame by frame."""

    def __init__(self, first: RowFile) -> None:
        self._frames: Iterator[tuple[int, Iterator[Any]]] = groupby(
            first.rows(), key=lambda row: int(row["position"][0])
        )
        self._next: tuple[int, list[Box]] | None = self._advance()

    def boxes(self, position: int) -> list[Box]:
        """The boxes of all faces that pass one saw in a frame; positions have to rise."""
        while self._next is not None and self._next[0] < position:
            self._next = self._advance()
        return self._next[1] if self._next is not None and self._next[0] == position else []

    def _advance(self) -> tuple[int, list[Box]] | None:
        for position, rows in self._frames:
            seen = (row[0] for row in rows if row["state"][0] != LOST)
            return position, [Box(*(float(edge) for edge in row["box"])) for row in seen]
        return None
