"""Searching in a window where a face is expected, at the size at which it is found best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..detection import Detector
from ..types import Box, Face, Frame, RgbImage
from .placing import in_frame

WINDOW_PX = 160
MARGIN_PX = 3
"""Pixels of the frame beyond a window on which its outermost pixels depend."""
FACE_IN_WINDOW_PX = 48.0
"""Side of a small or doubtful face in its window. RetinaFace then finds faces of 9 pixels, at times
8."""
FOLLOWED_IN_WINDOW_PX = 64.0
"""Side of a face that is followed in its window: boxes are then as large and as steady as those of
the search of the whole frame. With 48 px they are 2 to 7 % smaller."""


def look_again(
    detector: Detector,
    frame: Frame,
    expected: Sequence[Box],
    face_px: float = FACE_IN_WINDOW_PX,
) -> list[tuple[Face, ...]]:
    """Search a window round each expected face, in one batch.

    Args:
        detector: an open detector.
        frame: the whole frame.
        expected: where the faces should be, in pixels of the frame.
        face_px: side that they have in their windows, in pixels.

    Returns:
        For each expected face what its window shows, in pixels of the frame.
    """
    if not expected:
        return []
    windows = [_window(frame, window_of(box, face_px)) for box in expected]
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
        return in_frame(face, (self.scale, self.scale), self.corner)


def window_of(face: Box, face_px: float) -> Box:
    """The square that is searched for a face, which has a side of `face_px` there."""
    half = WINDOW_PX / face_px * (face.width * face.height) ** 0.5 / 2
    x, y = face.center
    return Box(x - half, y - half, x + half, y + half)


def _window(frame: Frame, area: Box) -> _Window:
    return _reduced(frame, area) if area.width > WINDOW_PX else _enlarged(frame, area)


def _enlarged(frame: Frame, area: Box) -> _Window:
    scale, corner = WINDOW_PX / area.width, np.array([area.left, area.top])
    across = _clipped(area.left - MARGIN_PX, area.right + MARGIN_PX, frame.width)
    down = _clipped(area.top - MARGIN_PX, area.bottom + MARGIN_PX, frame.height)
    # OpenCV's coordinates name the middle of a pixel, ours its outer corner.
    offset = (0.5 + np.array([across.start, down.start]) - corner) * scale - 0.5
    window = cv2.warpAffine(
        frame.part(down, across),
        np.column_stack([np.eye(2) * scale, offset]),
        (WINDOW_PX, WINDOW_PX),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return _Window(np.asarray(window, np.uint8), scale, (area.left, area.top))


def _reduced(frame: Frame, area: Box) -> _Window:
    """Averaged over areas; from whole pixels of the frame, and repeated beyond its border."""
    # Even places: there videos keep colours too.
    left, top, side = 2 * round(area.left / 2), 2 * round(area.top / 2), round(area.width)
    scale = WINDOW_PX / side
    across = _clipped(left, left + side, frame.width)
    down = _clipped(top, top + side, frame.height)
    before_x, after_x = _shown(across, left, scale)
    before_y, after_y = _shown(down, top, scale)
    shown = frame.part(down, across, (after_x - before_x, after_y - before_y))
    window = cv2.copyMakeBorder(
        shown,
        before_y,
        WINDOW_PX - after_y,
        before_x,
        WINDOW_PX - after_x,
        borderType=cv2.BORDER_REPLICATE,
    )
    return _Window(np.asarray(window, np.uint8), scale, (left, top))


def _clipped(begin: float, end: float, length: int) -> slice:
    """The whole pixels of the frame between two places; at least one."""
    first = min(max(0, math.floor(begin)), length - 1)
    return slice(first, max(first + 1, min(math.ceil(end), length)))


def _shown(pixels: slice, begin: int, scale: float) -> tuple[int, int]:
    """Where pixels of the frame begin and end in a window that begins at `begin`."""
    first = min(max(0, round((pixels.start - begin) * scale)), WINDOW_PX - 1)
    return first, max(first + 1, min(round((pixels.stop - begin) * scale), WINDOW_PX))
