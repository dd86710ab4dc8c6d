"""Making faces unrecognisable, while what was read of them is kept.

Only faces that were found can be hidden. To be on the safe side the hidden area is larger than the
face's box, and a face that was lost a moment ago stays hidden where it is believed to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from .types import Box, FaceResult, FrameResult, RgbImage

MARGIN = 0.3
"""The hidden area reaches this far beyond the box on every side, as a share of the box."""

CELLS = 5
"""What is left of a face: as many patches along each side."""

CONTRAST = 0.2
"""Share of the patches' contrast that is left; a fifth of it is a 25th of the variance."""


class Hiding(StrEnum):
    """How a face is made unrecognisable."""

    PIXELATE = "pixelate"
    """A few flat patches."""

    BLUR = "blur"
    """The same patches with soft borders."""


def hide(image: RgbImage, boxes: Iterable[Box], how: Hiding = Hiding.PIXELATE) -> RgbImage:
    """A copy of a picture in which the faces cannot be recognised.

    Nothing of the face but the mean colours of `CELLS` x `CELLS` patches is left, and these are
    drawn towards their mean.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: of the faces, in pixels; they may reach beyond the picture.
        how: what the hidden areas look like.
    """
    hidden = image.copy()
    for box in boxes:
        left, top, right, bottom = _area(box, image.shape[1], image.shape[0])
        if right <= left or bottom <= top:
            continue
        area = image[top:bottom, left:right].astype(np.float32)
        cells = min(CELLS, right - left), min(CELLS, bottom - top)
        patches = cv2.resize(area, cells, interpolation=cv2.INTER_AREA).reshape(*cells[::-1], 3)
        mean = patches.mean(axis=(0, 1))
        patches = mean + CONTRAST * (patches - mean)
        enlarge = cv2.INTER_LINEAR if how is Hiding.BLUR else cv2.INTER_NEAREST
        flat = cv2.resize(patches, (right - left, bottom - top), interpolation=enlarge)
        hidden[top:bottom, left:right] = flat.round().clip(0, 255).astype(np.uint8)
    return hidden


def anonymized(result: FrameResult, how: Hiding) -> FrameResult:
    """The same result with all faces hidden, in the frame and in what was restored of them."""
    if not result.faces:
        return result
    image = hide(result.frame.image, (face.track.face.box for face in result.faces), how)
    frame = replace(result.frame, image=image)
    return replace(result, frame=frame, faces=tuple(map(_without_picture, result.faces)))


class Anonymizer:
    """A stage after the reading: what comes behind it never gets to see a face.

    Args:
        hiding: how faces are hidden; None lets results through as they are.

    Attributes:
        hiding: may be changed at any time, by any thread; counts from the next frame on.
    """

    name = "hide"

    def __init__(self, hiding: Hiding | None = Hiding.PIXELATE) -> None:
        self.hiding = hiding

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __call__(self, result: FrameResult) -> FrameResult:
        """Hide the faces of a frame."""
        hiding = self.hiding
        return result if hiding is None else anonymized(result, hiding)


def _area(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """The hidden area in whole pixels of the picture: left, top, right, bottom."""
    x, y = MARGIN * box.width, MARGIN * box.height
    left, top = max(0, int(np.floor(box.left - x))), max(0, int(np.floor(box.top - y)))
    right = min(width, int(np.ceil(box.right + x)))
    bottom = min(height, int(np.ceil(box.bottom + y)))
    return left, top, right, bottom


def _without_picture(face: FaceResult) -> FaceResult:
    if face.expression is None:
        return face
    return replace(face, expression=replace(face.expression, restored=None))
