"""From pixels of a picture that is searched to those of the frame that it was cut out of."""

from __future__ import annotations

import numpy as np

from ..types import Box, Face


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
