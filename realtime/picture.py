"""What a frame shows, in the forms that are asked for: colour, or brightness alone.

Faces are followed and read in gray; colour is for detectors and for pictures that people look at.
A decoded picture has its brightness in a plane of its own and becomes RGB only if somebody asks.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

GrayImage = NDArray[np.uint8]
"""(H, W) uint8, from 0 (black) to 255 (white)."""

_BLACK, _WHITE = 16, 235
"""What these are in luma of limited range, as nearly all video has it."""
_FULL_RANGE = np.clip(np.rint((np.arange(256.0) - _BLACK) * 255 / (_WHITE - _BLACK)), 0, 255)
_TO_GRAY = _FULL_RANGE.astype(np.uint8)


class Luma(NamedTuple):
    """Brightness as a picture stores it.

    What is cut out of it or made smaller is brought to full range afterwards, which costs less.

    Attributes:
        levels: (H, W) uint8, read-only.
        is_limited: black is 16 in it and white 235; otherwise it is gray already.
    """

    levels: NDArray[np.uint8]
    is_limited: bool = False

    def gray(self, levels: NDArray[np.uint8]) -> GrayImage:
        """Such levels, (H, W) of any size, as gray; not copied if they are gray already."""
        return np.asarray(cv2.LUT(levels, _TO_GRAY), np.uint8) if self.is_limited else levels


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
    def luma(self) -> Luma:
        """Its brightness, in which faces are followed and read."""
        ...

    def part(
        self, rows: slice, columns: slice, size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """`rgb[rows, columns]`, which may be cheaper than all of it; both begin and end inside.

        With a size, (width, height), it is scaled to that, cheapest where it begins at even places.
        """
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

    __slots__ = ("_luma", "rgb")

    def __init__(self, image: NDArray[np.uint8]) -> None:
        is_rgb = image.ndim == 3 and image.shape[2] == 3 and image.size > 0
        if not is_rgb or image.dtype != np.uint8:
            found = f"{image.shape} {image.dtype}"
            raise ValueError(f"a frame's image must be (H, W, 3) uint8, not {found}")
        image.flags.writeable = False
        self.rgb = image
        self._luma: Luma | None = None

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.rgb.shape[0])

    @property
    def luma(self) -> Luma:
        """Its gray, by ITU-R BT.601's weights."""
        if self._luma is None:
            gray = to_gray(self.rgb)
            gray.flags.writeable = False
            self._luma = Luma(gray)
        return self._luma

    def part(
        self, rows: slice, columns: slice, size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """`rgb[rows, columns]`, scaled to (width, height) if that is given."""
        part = self.rgb[rows, columns]
        return part if size is None else scaled(part, size)

    def reduced(self, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB, averaged over areas."""
        return scaled(self.rgb, (width, height))


def scaled(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture in another size, (width, height): averaged over areas where it gets smaller."""
    how = cv2.INTER_AREA if is_smaller(size, image.shape) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def is_smaller(size: tuple[int, int], shape: tuple[int, ...]) -> bool:
    """Whether (width, height) is narrower or lower than a picture of shape (height, width, ...)."""
    return size[0] < shape[1] or size[1] < shape[0]


def to_gray(image: NDArray[np.uint8]) -> GrayImage:
    """(H, W, 3) uint8 RGB to (H, W) uint8 gray, by ITU-R BT.601's weights."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
