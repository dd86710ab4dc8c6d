"""What is written about one frame: the single definition for JSON lines and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS

from ..types import FaceResult, FrameResult


def to_record(result: FrameResult) -> dict[str, Any]:
    """A result as plain JSON types.

    `pts` is in seconds (to the microsecond), boxes are (left, top, right, bottom) in pixels,
    everything else is 0..1. What was not read in this frame is None. `smoothed` holds the
    probabilities filtered over the track's time, `steady_label` their label, which changes only
    where another one is clearly ahead; these are what the annotated video shows.
    """
    frame = result.frame
    return {
        "source": frame.source_id,
        "frame": frame.index,
        "pts": None if frame.pts is None else round(float(frame.pts), 6),
        "faces": [_face_record(face) for face in result.faces],
    }


def _face_record(face: FaceResult) -> dict[str, Any]:
    found, expression = face.track.face, face.expression
    record: dict[str, Any] = {
        "track": face.track.id,
        "state": str(face.track.state),
        "box": [round(float(edge), 2) for edge in found.box],
        "score": round(float(found.score), 4),
    }
    if expression is None:
        keys = ("native_px", "label", "confidence", "expected_accuracy", "probabilities")
        record.update(dict.fromkeys(keys))
    else:
        record.update(
            native_px=round(float(expression.native_px), 2),
            label=expression.label,
            confidence=round(expression.confidence, 4),
            expected_accuracy=round(float(expression.expected_accuracy), 4),
            probabilities=_by_label(expression.probabilities),
        )
    record["smoothed"] = None if face.smoothed is None else _by_label(face.smoothed)
    record["steady_label"] = face.steady_label
    return record


def _by_label(probabilities: NDArray[np.float32]) -> dict[str, float]:
    return {
        label: round(float(value), 4) for label, value in zip(LABELS, probabilities, strict=True)
    }
