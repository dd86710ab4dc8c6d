"""Searching in a window where a face is expected, at the size at which it is found best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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
    windows = [_window(image, box) for box in expected]
    found = detector.detect([window.image for window in windows])
    return [
        tuple(window.to_frame(face) for face in faces)
        for window, faces in zip(windows, found, strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """A square part of a frame as it is searched.

    Attributes:
        image: (160, 160, 3) uint8 RGB.
        scale: its pixels per pixel of the frame.
        corner: (x, y) of its upper left corner, in pixels of the frame.
    """

    image: RgbImage
    scale: float
    corner: tuple[float, float]

    def to_frame(self, face: Face) -> Face:
        """A face from pixels of the window to pixels of the frame."""
        edges = np.asarray(face.box).reshape(2, 2) / self.scale + self.corner
        landmarks = face.landmarks
        if landmarks is not None:
            landmarks = (landmarks / self.scale + self.corner).astype(np.float32)
        return Face(Box(*map(float, edges.reshape(-1))), face.score, landmarks)


def window_of(face: Box) -> Box:
    """The square that is searched for a face, in pixels of the frame."""
    half = WINDOW_PX / FACE_IN_WINDOW_PX * (face.width * face.height) ** 0.5 / 2
    x, y = face.center
    return Box(x - half, y - half, x + half, y + half)


def _window(image: RgbImage, face: Box) -> _Window:
    area = window_of(face)
    return _reduced(image, area) if area.width > WINDOW_PX else _enlarged(image, area)


def _enlarged(image: RgbImage, area: Box) -> _Window:
    scale, corner = WINDOW_PX / area.width, (area.left, area.top)
    # OpenCV's coordinates name the middle of a pixel, ours its outer corner.
    offset = (0.5 - np.array(corner)) * scale - 0.5
    window = cv2.warpAffine(
        image,
        np.column_stack([np.eye(2) * scale, offset]),
        (WINDOW_PX, WINDOW_PX),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return _Window(np.asarray(window, np.uint8), scale, corner)


def _reduced(image: RgbImage, area: Box) -> _Window:
    """Averaged over areas; from whole pixels of the frame, and repeated beyond its border."""
    left, top, side = round(area.left), round(area.top), round(area.width)
    across = _inside(left, side, image.shape[1])
    down = _inside(top, side, image.shape[0])
    size = across.shown_px, down.shown_px
    shown = cv2.resize(image[down.inside, across.inside], size, interpolation=cv2.INTER_AREA)
    window = cv2.copyMakeBorder(
        shown, *down.missing_px, *across.missing_px, borderType=cv2.BORDER_REPLICATE
    )
    return _Window(np.asarray(window, np.uint8), WINDOW_PX / side, (left, top))


class _Inside(NamedTuple):
    """What of a window's side lies inside the frame.

    Attributes:
        inside: in pixels of the frame.
        shown_px: so many pixels of the window show it.
        missing_px: so many lie before and after it.
    """

    inside: slice
    shown_px: int
    missing_px: tuple[int, int]


def _inside(begin: int, side: int, length: int) -> _Inside:
    first = min(max(0, begin), length - 1)
    last = max(first + 1, min(begin + side, length))
    before = min(max(0, round((first - begin) * WINDOW_PX / side)), WINDOW_PX - 1)
    after = max(before + 1, min(round((last - begin) * WINDOW_PX / side), WINDOW_PX))
    return _Inside(slice(first, last), after - before, (before, WINDOW_PX - after))
