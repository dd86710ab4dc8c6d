"""From pictures of any size to one batch for a network, and the scale to come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import RgbImage

PAD_TO_PX = 32
"""Both networks halve the picture five times."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Pictures as a network wants them.

    Attributes:
        blob: (N, 3, H, W) float32 BGR minus the mean; the part that is no picture is 0.
        scales: for each picture, pixels of the network per pixel of the picture, (x, y).
        sizes: for each picture its (width, height) in pixels, as given.
    """

    blob: NDArray[np.float32]
    scales: tuple[tuple[float, float], ...]
    sizes: tuple[tuple[int, int], ...]


def pack(
    images: Sequence[RgbImage], *, detect_px: int, mean_bgr: tuple[float, float, float]
) -> Batch:
    """Scale pictures down to `detect_px`, pad them to one size and stack them.

    Args:
        images: at least one, each (H, W, 3) uint8 RGB.
        detect_px: no picture's long side is larger than this in the batch.
        mean_bgr: subtracted from each pixel, 0..255.
    """
    scaled = [_shrink(image, detect_px) for image in images]
    height = _padded(max(image.shape[0] for image in scaled))
    width = _padded(max(image.shape[1] for image in scaled))
    blob = np.zeros((len(scaled), 3, height, width), np.float32)
    for planes, image in zip(blob, scaled, strict=True):
        for plane, mean, channel in zip(planes, mean_bgr, cv2.split(image)[::-1], strict=True):
            np.subtract(channel, np.float32(mean), out=plane[: image.shape[0], : image.shape[1]])
    return Batch(
        blob=blob,
        scales=tuple(
            (small.shape[1] / image.shape[1], small.shape[0] / image.shape[0])
            for small, image in zip(scaled, images, strict=True)
        ),
        sizes=tuple((image.shape[1], image.shape[0]) for image in images),
    )


def _shrink(image: RgbImage, detect_px: int) -> RgbImage:
    height, width = image.shape[:2]
    scale = detect_px / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _padded(length: int) -> int:
    return -(-length // PAD_TO_PX) * PAD_TO_PX
