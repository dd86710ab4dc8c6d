"""The reading stage: from tracked faces to expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS, Expression

from .crop import DEFAULT_RULE, CropRule, cut_out
from .load import EffortDial
from .memory import from_bytes, to_bytes
from .smoothing import ExponentialSmoother, SteadyLabel
from .tracking.media_time import MediaTime
from .types import FaceResult, Frame, FrameResult, Track, TrackedFrame, TrackState

SMALLEST_PX = 6.0
"""Faces cut from fewer pixels are not read: nothing was ever measured there."""


_Crop = tuple[NDArray[np.uint8], float]
"""(48, 48) gray, and the side in pixels of the frame that it was cut from."""


class FaceReader(Protocol):
    """What reads expressions: a `Model`, or a line to one that streams share."""

    def read_faces(
        self, faces: NDArray[np.uint8], native_px: NDArray[np.float32], *, use_sr: bool = True
    ) -> list[Expression | None]:
        """See `srfer.engines.Model.read_faces`."""
        ...


@dataclass(slots=True)
class _Seen:
    """What is kept of a track."""

    smoother: ExponentialSmoother = field(default_factory=ExponentialSmoother)
    label: SteadyLabel = field(default_factory=SteadyLabel)
    read_at_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Memory:
    """All that later results depend on."""

    tracks: dict[int, _Seen]
    time: MediaTime
    frames: int


class Analyzer:
    """A stage that reads the expression of every face in view, all faces of a frame in one batch.

    Where several frames wait, the faces of all are one batch: a face costs a third less in a batch
    of eight, and on ONNX Runtime's processor gives the same numbers to the last bit.

    Args:
        model: loaded; shared with others, not closed here.
        rule: how faces are cut.
        use_sr: False reads faces without super-resolution, for comparison.
        dial: how often faces are read; in every frame if None.
        min_face_px: faces cut from fewer pixels are not read.
    """

    name = "read"
    at_once = 8

    def __init__(
        self,
        model: FaceReader,
        rule: CropRule = DEFAULT_RULE,
        *,
        use_sr: bool = True,
        dial: EffortDial | None = None,
        min_face_px: float = SMALLEST_PX,
    ) -> None:
        self._min_face_px = min_face_px
        self._model = model
        self._rule = rule
        self._use_sr = use_sr
        self._dial = dial or EffortDial()
        self._seen: dict[int, _Seen] = {}
        self._time = MediaTime()
        self._frames = 0

    def __enter__(self) -> Self:
        self._seen.clear()
        self._time = MediaTime()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._seen.clear()

    def remember(self) -> bytes:
        """See `srfer.realtime.stage.Remembering`."""
        return to_bytes(_Memory(self._seen, self._time, self._frames))

    def recall(self, memory: bytes, _: Frame) -> None:
        """See `srfer.realtime.stage.Remembering`."""
        known = from_bytes(memory, _Memory)
        self._seen, self._time, self._frames = known.tracks, known.time, known.frames

    def __call__(self, tracked: TrackedFrame) -> FrameResult:
        """Read the faces of a frame.

        Raises:
            EngineError: the engine failed.
        """
        (result,) = self.batch([tracked])
        return result

    def batch(self, frames: Sequence[TrackedFrame]) -> list[FrameResult]:
        """Read the faces of several frames at once.

        Raises:
            EngineError: the engine failed.
        """
        crops = [self._cut_out(tracked, i) for i, tracked in enumerate(frames)]
        readings = iter(self._read([crop for cut_out in crops for crop in cut_out.values()]))
        return [
            self._take_in(tracked, {number: next(readings) for number in cut_out})
            for tracked, cut_out in zip(frames, crops, strict=True)
        ]

    def _take_in(
        self, tracked: TrackedFrame, readings: Mapping[int, Expression | None]
    ) -> FrameResult:
        """The result of a frame, from what was read of its faces, by track id."""
        self._time.advance(tracked.frame)
        self._frames += 1
        self._seen = {track.id: self._seen.get(track.id) or _Seen() for track in tracked.tracks}
        faces = [self._result(track, readings.get(track.id)) for track in tracked.tracks]
        failed = sum(reading is None for reading in readings.values())
        return FrameResult(
            tracked.frame, tuple(faces), failed_readings=failed, effort=self._dial.effort
        )

    def _result(self, track: Track, expression: Expression | None) -> FaceResult:
        """What is known of a face, with what was read of it before."""
        seen, now_s = self._seen[track.id], self._time.now_s
        if expression is not None:
            seen.read_at_s = now_s
            seen.label.update(seen.smoother.update(now_s, expression.probabilities))
        index = seen.label.index
        return FaceResult(
            track=track,
            expression=expression,
            smoothed=seen.smoother.value,
            steady_label=None if index is None else LABELS[index],
            read_ago_s=None if seen.read_at_s is None else now_s - seen.read_at_s,
        )

    def _cut_out(self, tracked: TrackedFrame, ahead: int) -> dict[int, _Crop]:
        """The faces that are seen, due and large enough, by track id, `ahead` frames from now."""
        visible = [
            track
            for track in tracked.tracks
            if track.state is not TrackState.LOST and self._is_due(track, ahead)
        ]
        crops = {track.id: cut_out(tracked.frame, track.face, self._rule) for track in visible}
        return {number: crop for number, crop in crops.items() if crop[1] >= self._min_face_px}

    def _is_due(self, track: Track, ahead: int) -> bool:
        """Whether the face is to be read in that frame; a new one always is."""
        is_turn = (self._frames + 1 + ahead + track.id) % self._dial.saving.read_every == 0
        seen = self._seen.get(track.id)
        return is_turn or seen is None or seen.read_at_s is None

    def _read(self, crops: Sequence[_Crop]) -> list[Expression | None]:
        """Expressions of faces; None stands for a reading that failed."""
        if not crops:
            return []
        return self._model.read_faces(
            np.stack([crop for crop, _ in crops]),
            np.array([side for _, side in crops], np.float32),
            use_sr=self._use_sr,
        )
