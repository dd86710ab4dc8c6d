"""The reading stage: from tracked faces to expressions."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from srfer.engines import Expression, Model

from .crop import DEFAULT_RULE, CropRule, cut, to_gray
from .smoothing import ExponentialSmoother
from .tracking.media_time import MediaTime
from .types import FaceResult, FrameResult, Track, TrackedFrame, TrackState

SMALLEST_PX = 6.0
"""Faces cut from fewer pixels are not read: nothing was ever measured there."""


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
        self._smoothers: dict[int, ExponentialSmoother] = {}
        self._time = MediaTime()

    def __enter__(self) -> Self:
        self._smoothers.clear()
        self._time = MediaTime()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._smoothers.clear()

    def __call__(self, tracked: TrackedFrame) -> FrameResult:
        """Read the faces of a frame.

        Raises:
            EngineError: the engine failed.
        """
        self._time.advance(tracked.frame)
        readings = self._read(tracked)
        self._smoothers = {
            track.id: self._smoothers.get(track.id, ExponentialSmoother())
            for track in tracked.tracks
        }
        faces = []
        for track in tracked.tracks:
            expression, smoother = readings.get(track.id), self._smoothers[track.id]
            if expression is not None:
                smoother.update(self._time.now_s, expression.probabilities)
            faces.append(FaceResult(track, expression, smoother.value))
        failed = sum(reading is None for reading in readings.values())
        return FrameResult(tracked.frame, tuple(faces), failed_readings=failed)

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
