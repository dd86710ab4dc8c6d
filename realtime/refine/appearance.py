"""What a person looks like, cheaply: a small portrait, and the colours of head and chest."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..tracking.portrait import likeness, portrait
from ..types import Box, RgbImage

_LEVELS = 4
_PATCH_PX = (24, 40)
_BESIDE, _BELOW = 0.25, 1.0
"""How far the patch reaches beyond the box, as shares of its sides: to the shoulders."""


class Appearance(NamedTuple):
    """How a person looks in one frame.

    Attributes:
        look: (24, 24) float32 portrait, mean 0, length 1.
        colours: (64,) float32 shares of colours in and below the face, which sum to 1.
    """

    look: NDArray[np.float32]
    colours: NDArray[np.float32]


def appearance(image: RgbImage, luma: NDArray[np.uint8], box: Box) -> Appearance:
    """How the person looks whose face is in the box.

    Args:
        image: (H, W, 3) uint8 RGB.
        luma: (H, W) uint8, of the same picture.
        box: of the face, in pixels of the picture.
    """
    return Appearance(portrait(luma, box), _colours(image, box))


def resemblance(one: Appearance, other: Appearance) -> tuple[float, float]:
    """How alike two are: correlation of the portraits, -1..1, and share of common colours, 0..1."""
    common = float(np.minimum(one.colours, other.colours).sum())
    return likeness(one.look, other.look), common


def _colours(image: RgbImage, box: Box) -> NDArray[np.float32]:
    left, right = box.left - _BESIDE * box.width, box.right + _BESIDE * box.width
    size = np.array([right - left, (1 + _BELOW) * box.height]) / _PATCH_PX
    matrix = np.column_stack([np.diag(size), np.array([left, box.top]) + size / 2 - 0.5])
    patch = cv2.warpAffine(
        image,
        matrix,
        _PATCH_PX,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    # Blurred, so that a colour at the limit of two levels is not torn between them by noise.
    levels = cv2.blur(patch, (3, 3)).astype(np.int64) * _LEVELS // 256
    codes = (levels[..., 0] * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2]
    counts = np.bincount(codes.ravel(), minlength=_LEVELS**3)
    return np.asarray(counts / counts.sum(), np.float32)
