"""The reading stage: from tracked faces to expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS, Expression

from .crop import DEFAULT_RULE, CropRule, cut
from .load import EffortDial
from .smoothing import ExponentialSmoother, SteadyLabel
from .tracking.media_time import MediaTime
from .types import FaceResult, FrameResult, Track, TrackedFrame, TrackState

SMALLEST_PX = 6.0
"""Faces cut from fewer pixels are not read: nothing was ever measured there."""


class FaceReader(Protocol):
    """What reads expressions: a `Model`, or a line to one that streams share."""

    def read_faces(
        self, faces: NDArray[np.uint8], native_px: NDArray[np.float32], *, use_sr: bool = True
    ) -> list[Expression | None]:
        """See `srfer.engines.Model.read_faces`."""
        ...


@dataclass(slots=True)
class _Memory:
    """What is kept of a track."""

    smoother: ExponentialSmoother = field(default_factory=ExponentialSmoother)
    label: SteadyLabel = field(default_factory=SteadyLabel)
    read_at_s: float | None = None


class Analyzer:
    """A stage that reads the expression of every face in view, all faces of a frame in one batch.

    Args:
        model: loaded; shared with others, not closed here.
        rule: how faces are cut.
        use_sr: False reads faces without super-resolution, for comparison.
        dial: how often faces are read; in every frame if None.
        min_face_px: faces cut from fewer pixels are not read.
    """

    name = "read"

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
        self._memories: dict[int, _Memory] = {}
        self._time = MediaTime()
        self._frames = 0

    def __enter__(self) -> Self:
        self._memories.clear()
        self._time = MediaTime()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._memories.clear()

    def __call__(self, tracked: TrackedFrame) -> FrameResult:
        """Read the faces of a frame.

        Raises:
            EngineError: the engine failed.
        """
        self._time.advance(tracked.frame)
        self._frames += 1
        self._memories = {
            track.id: self._memories.get(track.id) or _Memory() for track in tracked.tracks
        }
        readings = self._read(tracked)
        faces = [self._result(track, readings.get(track.id)) for track in tracked.tracks]
        failed = sum(reading is None for reading in readings.values())
        return FrameResult(
            tracked.frame, tuple(faces), failed_readings=failed, effort=self._dial.effort
        )

    def _result(self, track: Track, expression: Expression | None) -> FaceResult:
        """What is known of a face, with what was read of it before."""
        memory, now_s = self._memories[track.id], self._time.now_s
        if expression is not None:
            memory.read_at_s = now_s
            memory.label.update(memory.smoother.update(now_s, expression.probabilities))
        index = memory.label.index
        return FaceResult(
            track=track,
            expression=expression,
            smoothed=memory.smoother.value,
            steady_label=None if index is None else LABELS[index],
            read_ago_s=None if memory.read_at_s is None else now_s - memory.read_at_s,
        )

    def _is_due(self, track: Track) -> bool:
        """Whether the face is to be read in this frame; a new one always is."""
        is_turn = (self._frames + track.id) % self._dial.saving.read_every == 0
        return is_turn or self._memories[track.id].read_at_s is None

    def _read(self, tracked: TrackedFrame) -> dict[int, Expression | None]:
        """Expressions by track id, for the faces that are seen, due and large enough.

        None stands for a reading that failed.
        """
        visible = [
            track
            for track in tracked.tracks
            if track.state is not TrackState.LOST and self._is_due(track)
        ]
        if not visible:
            return {}
        gray = tracked.frame.gray
        crops = [(track, *cut(gray, track.face, self._rule)) for track in visible]
        large: list[tuple[Track, np.ndarray, float]] = [
            item for item in crops if item[2] >= self._min_face_px
        ]
        if not large:
            return {}
        readings = self._model.read_faces(
            np.stack([crop for _, crop, _ in large]),
            np.array([side for _, _, side in large], np.float32),
            use_sr=self._use_sr,
        )
        ids = (track.id for track, _, _ in large)
        return dict(zip(ids, readings, strict=True))
