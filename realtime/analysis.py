"""The reading stage: from tracked faces to expressions."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from srfer.engines import Expression, Model

from .crop import DEFAULT_RULE, CropRule, cut, to_gray
from .smoothing import ExponentialSmoother
from .types import FaceResult, FrameResult, Track, TrackedFrame, TrackState

SMALLEST_PX = 6.0
"""Faces cut from fewer pixels are not read: nothing was ever measured there."""


class Analyzer:
    """A stage that reads the expression of every face in view, all faces of a frame in one batch.

    Args:
        model: loaded; shared with others, not closed here.
        rule: how faces are cut.
        use_sr: False reads faces without super-resolution, for comparison.

    Attributes:
        failed_readings: faces for which the engine gave numbers that are not finite; their
            expression is None.
    """

    name = "read"

    def __init__(self, model: Model, rule: CropRule = DEFAULT_RULE, *, use_sr: bool = True) -> None:
        self._model = model
        self._rule = rule
        self._use_sr = use_sr
        self._smoothers: dict[int, ExponentialSmoother] = {}
        self.failed_readings = 0

    def __enter__(self) -> Self:
        self._smoothers.clear()
        self.failed_readings = 0
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
        frame = tracked.frame
        time_s = frame.captured_s if frame.pts is None else float(frame.pts)
        readings = self._read(tracked)
        ids = {track.id for track in tracked.tracks}
        self._smoothers = {key: value for key, value in self._smoothers.items() if key in ids}
        faces = []
        for track in tracked.tracks:
            expression = readings.get(track.id)
            smoother = self._smoothers.setdefault(track.id, ExponentialSmoother())
            if expression is not None:
                smoother.update(time_s, expression.probabilities)
            faces.append(FaceResult(track, expression, smoother.value))
        return FrameResult(frame, tuple(faces))

    def _read(self, tracked: TrackedFrame) -> dict[int, Expression]:
        """Expressions by track id, for the faces that are seen and large enough."""
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
        self.failed_readings += readings.count(None)
        return {
            track.id: reading
            for (track, _, _), reading in zip(large, readings, strict=True)
            if reading is not None
        }
