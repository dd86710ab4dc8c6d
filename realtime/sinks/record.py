"""What is written about one frame: the single definition for JSON lines and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS

from ..details import BLENDSHAPES
from ..types import Face, FaceResult, FrameResult

LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The five landmarks in the order of `Face.landmarks`; right and left are the person's."""


@dataclass(frozen=True, slots=True)
class FaceFields:
    """What is written of each face only where it is asked for: it is much, and biometric.

    Attributes:
        landmarks: the five points.
        mesh: all points that MediaPipe measures.
        blendshapes: how far each movement of the face is done.
    """

    landmarks: bool = False
    mesh: bool = False
    blendshapes: bool = False


def to_record(result: FrameResult, fields: FaceFields | None = None) -> dict[str, Any]:
    """A result as plain JSON types.

    `pts` is in seconds (to the microsecond), boxes are (left, top, right, bottom) in pixels,
    everything else is 0..1. What was not read in this frame is None. `smoothed` holds the
    probabilities filtered over the track's time, `steady_label` their label, which changes only
    where another one is clearly ahead; these are what the annotated video shows. `fields` adds
    `landmarks` ({name: [x, y]}), `mesh` ([[x, y, z], ...]) and `blendshapes` ({name: 0..1}).
    """
    frame = result.frame
    return {
        "source": frame.source_id,
        "frame": frame.index,
        "pts": None if frame.pts is None else round(float(frame.pts), 6),
        "faces": [_face_record(face, fields or FaceFields()) for face in result.faces],
    }


def _face_record(face: FaceResult, fields: FaceFields) -> dict[str, Any]:
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
    return record | _wanted(found, fields)


def _wanted(face: Face, fields: FaceFields) -> dict[str, Any]:
    """What was asked for; None where the tracker did not measure it in this frame."""
    details = face.details
    record: dict[str, Any] = {}
    if fields.landmarks:
        points = face.landmarks
        record["landmarks"] = None if points is None else _named(LANDMARKS, _rounded(points, 2))
    if fields.mesh:
        record["mesh"] = None if details is None else _rounded(details.mesh, 2)
    if fields.blendshapes:
        record["blendshapes"] = (
            None if details is None else _named(BLENDSHAPES, _rounded(details.blendshapes, 4))
        )
    return record


def _named(names: Sequence[str], values: list[Any]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def _rounded(values: NDArray[np.float32], digits: int) -> list[Any]:
    # As float64: rounded single precision would be written with all its digits.
    return list(values.astype(np.float64).round(digits).tolist())


def _by_label(probabilities: NDArray[np.float32]) -> dict[str, float]:
    return {
        label: round(float(value), 4) for label, value in zip(LABELS, probabilities, strict=True)
    }
