"""What is said of a face: the one decision behind picture, cards, and timeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS, SURE_FROM
from srfer.realtime import FaceResult, TrackState


class Verdict(StrEnum):
    """How much can be said."""

    SURE = "sure"
    UNSURE = "unsure"
    UNREAD = "unread"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is said of one face now.

    Attributes:
        track_id: number of the face.
        verdict: whether `label` may be named.
        label: the expression in question, or None if nothing was read yet.
        confidence: calibrated probability of `label`, 0..1; 0 if there is none.
        probabilities: (8,) float32, filtered over time where that is known; or None.
        native_px: size of the face in the frame, in pixels.
        expected_accuracy: share of faces of this size that are labelled correctly, or None.
        restored: (48, 48) uint8, the face after super-resolution, or None.
    """

    track_id: int
    verdict: Verdict
    label: str | None
    confidence: float
    probabilities: NDArray[np.float32] | None
    native_px: float
    expected_accuracy: float | None
    restored: NDArray[np.uint8] | None

    @classmethod
    def of(cls, face: FaceResult) -> Reading:
        """Read a result as it is shown: the filtered and steady label, where there is one."""
        expression = face.expression
        probabilities = face.smoothed
        if probabilities is None and expression is not None:
            probabilities = expression.probabilities
        label, confidence = None, 0.0
        if probabilities is not None:
            label = face.steady_label or LABELS[int(probabilities.argmax())]
            confidence = float(probabilities[LABELS.index(label)])
        return cls(
            face.track.id,
            _verdict(face, confidence),
            label,
            confidence,
            probabilities,
            face.track.face.box.height if expression is None else expression.native_px,
            None if expression is None else expression.expected_accuracy,
            None if expression is None else expression.restored,
        )


def _verdict(face: FaceResult, confidence: float) -> Verdict:
    if face.track.state is TrackState.LOST:
        return Verdict.HIDDEN
    if face.smoothed is None and face.expression is None:
        return Verdict.UNREAD
    if face.smoothed is None and face.expression is not None:
        return Verdict.SURE if face.expression.is_sure else Verdict.UNSURE
    return Verdict.SURE if confidence >= SURE_FROM else Verdict.UNSURE
