"""What a face looked like when it was last detected, to notice that something covers it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import Box

PORTRAIT_PX = 24
SAME_FACE_FROM = 0.6
"""Likeness below which the place no longer shows the face. Over the few frames between two
detections a turning, talking face mostly stays above 0.8; something half across it falls below."""


def portrait(image_gray: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """The (24, 24) float32 look of a face, free of brightness and contrast: mean 0, length 1."""
    size = np.array([box.width, box.height]) / PORTRAIT_PX
    matrix = np.column_stack([np.diag(size), np.array(box[:2]) + size / 2 - 0.5])
    look = cv2.warpAffine(
        image_gray,
        matrix,
        (PORTRAIT_PX, PORTRAIT_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    look -= look.mean()
    # A perfectly flat face has no look: it stays all zero and resembles nothing.
    return np.asarray(look / max(float(np.linalg.norm(look)), 1e-6), np.float32)


def likeness(look: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How alike two portraits are, -1..1 (their correlation)."""
    return float((look * other).sum())
