"""The reading stage: from tracked faces to expressions."""

from __future__ import annotations

from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from srfer.engines import LABELS, Expression, Model

from .crop import DEFAULT_RULE, CropRule, cut, to_gray
from .smoothing import ExponentialSmoother, SteadyLabel
from .tracking.media_time import MediaTime
from .types import FaceResult, FrameResult, Track, TrackedFrame, TrackState

SMALLEST_PX = 6.0
"""Faces cut from fewer pixels are not read: nothing was ever measured there."""


class _Memory(NamedTuple):
    """What is kept of a track."""

    smoother: ExponentialSmoother
    label: SteadyLabel


class Analyzer:
    """A stage that reads the expression of every face in view, all faces of a frame in one batch.

    Args:
        model: loaded; shared with others, not closed here.
        rule: how faces are cut.
        use_sr: False reads faces without super-resolution, for comparison.
    """

    name = "read"

    def __init__(self, model: Model, rule: CropRule = DEFAULT_RULE, *, use_sr: bool = True) -> None:
        self._model = model
        self._rule = rule
        self._use_sr = use_sr
        self._memories: dict[int, _Memory] = {}
        self._time = MediaTime()

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
        readings = self._read(tracked)
        self._memories = {
            track.id: self._memories.get(track.id) or _Memory(ExponentialSmoother(), SteadyLabel())
            for track in tracked.tracks
        }
        faces = [self._result(track, readings.get(track.id)) for track in tracked.tracks]
        failed = sum(reading is None for reading in readings.values())
        return FrameResult(tracked.frame, tuple(faces), failed_readings=failed)

    def _result(self, track: Track, expression: Expression | None) -> FaceResult:
        """What is known of a face, with what was read of it before."""
        smoother, label = self._memories[track.id]
        if expression is not None:
            label.update(smoother.update(self._time.now_s, expression.probabilities))
        steady = None if label.index is None else LABELS[label.index]
        return FaceResult(track, expression, smoother.value, steady)

    def _read(self, tracked: TrackedFrame) -> dict[int, Expression | None]:
        """Expressions by track id, for the faces that are seen and large enough.

        None stands for a reading that failed.
        """
        visible = [track for track in tracked.tracks if track.state is not TrackState.LOST]
        if not visible:
            return {}
        gray = to_gray(tracked.frame.image)
        crops = [(track, *cut(gray, track.face, self._rule)) for track in visible]
        large: list[tuple[Track, np.ndarray, float]] = [
            item for item in crops if item[2] >= SMALLEST_PX
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
