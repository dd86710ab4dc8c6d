"""Searching once more, enlarged, where a small face is expected."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..detection import Detector
from ..types import Box, Face, RgbImage

WINDOW_PX = 160
FACE_IN_WINDOW_PX = 48.0
"""Side of the expected face in the window. RetinaFace then finds faces of 9 pixels, at times 8."""


def look_again(
    detector: Detector, image: RgbImage, expected: Sequence[Box]
) -> list[tuple[Face, ...]]:
    """Search a window round each expected face, in one batch.

    Args:
        detector: an open detector.
        image: (H, W, 3) uint8 RGB, the whole frame.
        expected: where the faces should be, in pixels of the frame.

    Returns:
        For each expected face what its window shows, in pixels of the frame.
    """
    if not expected:
        return []
    windows, scales, corners = [], [], []
    for box in expected:
        scale = FACE_IN_WINDOW_PX / (box.width * box.height) ** 0.5
        x, y = box.center
        left, top = x - WINDOW_PX / scale / 2, y - WINDOW_PX / scale / 2
        # OpenCV's coordinates name the middle of a pixel, ours its outer corner.
        offset = (0.5 - np.array([left, top])) * scale - 0.5
        matrix = np.column_stack([np.eye(2) * scale, offset])
        window = cv2.warpAffine(
            image,
            matrix,
            (WINDOW_PX, WINDOW_PX),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        windows.append(np.asarray(window, np.uint8))
        scales.append(scale)
        corners.append((left, top))
    return [
        tuple(_to_frame(face, scale, left, top) for face in faces)
        for faces, scale, (left, top) in zip(detector.detect(windows), scales, corners, strict=True)
    ]


def _to_frame(face: Face, scale: float, left: float, top: float) -> Face:
    box = Box(
        face.box.left / scale + left,
        face.box.top / scale + top,
        face.box.right / scale + left,
        face.box.bottom / scale + top,
    )
    landmarks = None
    if face.landmarks is not None:
        landmarks = (face.landmarks / scale + (left, top)).astype(np.float32)
    return Face(box, face.score, landmarks)
