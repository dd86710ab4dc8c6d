"""From a network's raw candidates to faces: the part that all detectors share."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import Box, Face

SAME_FACE_IOU = 0.4
"""Of two candidates that overlap more than this, only the more certain one is kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Places where a network believes a face to be, in pixels of the network's input.

    Attributes:
        boxes: (N, 4) float32, left, top, width, height.
        scores: (N,) float32, 0..1.
        landmarks: (N, 5, 2) float32.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]


def to_faces(
    found: Candidates, *, scale: tuple[float, float], size: tuple[int, int]
) -> tuple[Face, ...]:
    """Keep the best candidate of each face and return to pixels of the picture.

    Args:
        found: what the network reports above its threshold.
        scale: pixels of the network per pixel of the picture, (x, y).
        size: (width, height) of the picture; a face whose middle lies outside is dropped.

    Returns:
        The faces, the most certain first.
    """
    if not len(found.scores):
        return ()
    kept = cv2.dnn.NMSBoxes(found.boxes.tolist(), found.scores.tolist(), 0.0, SAME_FACE_IOU)
    order = np.asarray(kept, np.intp).reshape(-1)
    per_axis = np.asarray(scale, np.float32)
    corners = found.boxes[order, :2] / per_axis
    extents = found.boxes[order, 2:] / per_axis
    landmarks = found.landmarks[order] / per_axis
    middles = corners + extents / 2
    is_inside = ((middles >= 0) & (middles <= size)).all(axis=1)
    return tuple(
        Face(
            Box(*map(float, (*corners[i], *(corners[i] + extents[i])))),
            float(found.scores[order[i]]),
            landmarks[i],
        )
        for i in np.flatnonzero(is_inside)
    )
