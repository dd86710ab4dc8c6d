"""What a frame shows, in the forms that are asked for: colour, or gray alone.

Faces are followed and read in gray; colour is for detectors and for pictures that people look at.
A decoded picture has its gray in a plane of its own and becomes RGB only if somebody asks.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

GrayImage = NDArray[np.uint8]
"""(H, W) uint8."""


class Picture(Protocol):
    """An upright picture. Its arrays are read-only, and made when first asked for."""

    @property
    def width(self) -> int:
        """Width in pixels."""
        ...

    @property
    def height(self) -> int:
        """Height in pixels."""
        ...

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB."""
        ...

    @property
    def gray(self) -> GrayImage:
        """(H, W) uint8, as faces are followed and read."""
        ...

    def part(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """`rgb[rows, columns]`, which may be cheaper than all of it; both begin and end inside."""
        ...

    def reduced(self, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB: all of it, smaller, averaged over areas."""
        ...


class RgbPicture:
    """A picture that came as RGB.

    Args:
        image: (H, W, 3) uint8; becomes read-only.

    Raises:
        ValueError: if the array has another shape or type.
    """

    __slots__ = ("_gray", "rgb")

    def __init__(self, image: NDArray[np.uint8]) -> None:
        is_rgb = image.ndim == 3 and image.shape[2] == 3 and image.size > 0
        if not is_rgb or image.dtype != np.uint8:
            found = f"{image.shape} {image.dtype}"
            raise ValueError(f"a frame's image must be (H, W, 3) uint8, not {found}")
        image.flags.writeable = False
        self.rgb = image
        self._gray: GrayImage | None = None

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.rgb.shape[0])

    @property
    def gray(self) -> GrayImage:
        """(H, W) uint8, by ITU-R BT.601's weights."""
        if self._gray is None:
            self._gray = to_gray(self.rgb)
            self._gray.flags.writeable = False
        return self._gray

    def part(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """`rgb[rows, columns]`."""
        return self.rgb[rows, columns]

    def reduced(self, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB, averaged over areas."""
        smaller = cv2.resize(self.rgb, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(smaller, np.uint8)


def to_gray(image: NDArray[np.uint8]) -> GrayImage:
    """(H, W, 3) uint8 RGB to (H, W) uint8 gray, by ITU-R BT.601's weights."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
