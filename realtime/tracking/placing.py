"""The size at which a part of a frame is searched, and the way back to pixels of the frame."""

from __future__ import annotations

import numpy as np

from ..detection import PAD_TO_PX
from ..types import Box, Face

MOST_SQUEEZED = 0.03
"""By this share a side may become shorter to spare the network a strip that shows nothing."""


def searched_size(width: float, height: float) -> tuple[int, int]:
    """The whole pixels (width, height) of a picture that is searched at about this size.

    Networks take multiples of 32 pixels: at 352 lines a frame costs 8 % less than at 360, which
    would become 384. A side is squeezed to the next lower multiple where that is near.
    """
    across, down = (_searched_length(length) for length in (width, height))
    return across, down


def _searched_length(length: float) -> int:
    least = int(length) // PAD_TO_PX * PAD_TO_PX
    return least if least >= (1 - MOST_SQUEEZED) * length else max(1, round(length))


def in_frame(face: Face, scale: tuple[float, float], corner: tuple[float, float]) -> Face:
    """A face that was found in a part of a frame, in pixels of the frame.

    Args:
        face: in pixels of the searched picture.
        scale: (x, y), pixels of the searched picture per pixel of the frame.
        corner: (x, y) of the picture's upper left corner, in pixels of the frame.
    """
    edges = np.asarray(face.box).reshape(2, 2) / scale + corner
    landmarks = face.landmarks
    if landmarks is not None:
        landmarks = (landmarks / scale + corner).astype(np.float32)
    return Face(Box(*map(float, edges.reshape(-1))), face.score, landmarks)
