"""A picture as the decoder gives it: luma and chroma apart, RGB only where it is asked for."""

from __future__ import annotations

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from ..picture import GrayImage, Picture, RgbPicture
from ..types import RgbImage
from .orientation import orientation, turned_upright

_LUMA_FIRST = frozenset(
    f"yuv{full}{sampling}p" for full in ("", "j") for sampling in (420, 422, 444)
) | {"nv12", "nv21"}
"""Pixel formats whose first plane is 8-bit luma."""
_BLACK, _WHITE = 16, 235
"""What these are in luma of limited range, as nearly all video has it."""


def decoded(picture: VideoFrame) -> Picture:
    """A decoded picture, upright.

    Raises (PyAV's exceptions):
        where it has an unusual format that cannot be converted.
    """
    if picture.format.name in _LUMA_FIRST:
        return _YuvPicture(picture)
    return RgbPicture(_to_rgb(picture))


class _YuvPicture:
    """A picture of a format in which gray lies ready. Threads may share it: they read the same."""

    __slots__ = ("_gray", "_picture", "_rgb", "_turn", "height", "width")

    def __init__(self, picture: VideoFrame) -> None:
        self._picture = picture
        self._turn = orientation(picture)
        is_lying = self._turn[0] == 0
        self.width = picture.height if is_lying else picture.width
        self.height = picture.width if is_lying else picture.height
        self._rgb: RgbImage | None = None
        self._gray: GrayImage | None = None

    @property
    def rgb(self) -> RgbImage:
        """(H, W, 3) uint8."""
        if self._rgb is None:
            image = _to_rgb(self._picture)
            image.flags.writeable = False
            self._rgb = image
        return self._rgb

    @property
    def gray(self) -> GrayImage:
        """(H, W) uint8: the video's own luma, in full range."""
        if self._gray is None:
            gray = turned_upright(_full_range(self._picture), self._turn)
            gray.flags.writeable = False
            self._gray = gray
        return self._gray


def _to_rgb(picture: VideoFrame) -> RgbImage:
    image = picture.to_ndarray(format="rgb24", threads=1)
    return turned_upright(image.astype(np.uint8, copy=False), orientation(picture))


def _full_range(picture: VideoFrame) -> NDArray[np.uint8]:
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    luma = rows[: picture.height, : picture.width]
    if picture.color_range == ColorRange.JPEG or picture.format.name.startswith("yuvj"):
        return luma.copy()
    gain = 255 / (_WHITE - _BLACK)
    return np.asarray(cv2.addWeighted(luma, gain, luma, 0, -_BLACK * gain), np.uint8)
