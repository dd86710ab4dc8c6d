"""What a face looked like when it was last detected, to notice that something covers it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import Box

PORTRAIT_PX = 24
SAME_FACE_FROM = 0.6
"""Likeness below which the place no longer shows the face. Over the few frames between two
detections a turning, talking face mostly stays above 0.8; something half across it falls below."""


def portrait(luma: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
    """The (24, 24) float32 look of a face, free of brightness and contrast: mean 0, length 1."""
    across, down = box.width / PORTRAIT_PX, box.height / PORTRAIT_PX
    left, top = box.left + across / 2 - 0.5, box.top + down / 2 - 0.5
    look = cv2.warpAffine(
        luma,
        np.array([[across, 0, left], [0, down, top]]),
        (PORTRAIT_PX, PORTRAIT_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    look -= look.sum() / look.size
    # A perfectly flat face has no look: it stays all zero and resembles nothing.
    look /= max(math.sqrt(np.vdot(look, look)), 1e-6)
    return look


def likeness(look: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How alike two portraits are, -1..1 (their correlation)."""
    return float(np.vdot(look, other))
