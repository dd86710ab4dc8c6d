"""A picture as the decoder gives it: luma and chroma apart, RGB only where it is asked for."""

from __future__ import annotations

import threading

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from ..picture import GrayImage, Picture, RgbPicture
from ..types import RgbImage
from .orientation import UPRIGHT, orientation, turned_upright

_LUMA_FIRST = frozenset(
    f"yuv{full}{sampling}p" for full in ("", "j") for sampling in (420, 422, 444)
) | {"nv12", "nv21"}
"""Pixel formats whose first plane is 8-bit luma."""
_TWO_BY_TWO = frozenset({"yuv420p", "yuvj420p"})
"""Those in which four pixels share their chroma, in planes of its own."""
_BLOCK_PX = 16
"""Parts begin and end at multiples of this: then FFmpeg converts them as it does the whole."""
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
    """A picture of a format in which gray lies ready. Threads may share it.

    A window shows it while files of it are written, and FFmpeg must not convert it in both at once.
    """

    __slots__ = ("_gray", "_lock", "_picture", "_rgb", "_turn", "height", "width")

    def __init__(self, picture: VideoFrame) -> None:
        self._picture = picture
        self._turn = orientation(picture)
        is_lying = self._turn[0] == 0
        self.width = picture.height if is_lying else picture.width
        self.height = picture.width if is_lying else picture.height
        self._lock = threading.Lock()
        self._rgb: RgbImage | None = None
        self._gray: GrayImage | None = None

    @property
    def rgb(self) -> RgbImage:
        """(H, W, 3) uint8."""
        with self._lock:
            if self._rgb is None:
                image = _to_rgb(self._picture)
                image.flags.writeable = False
                self._rgb = image
            return self._rgb

    def part(self, rows: slice, columns: slice) -> RgbImage:
        """`rgb[rows, columns]`."""
        is_easy = self._picture.format.name in _TWO_BY_TWO and self._turn == UPRIGHT
        if self._rgb is not None or not is_easy:
            return self.rgb[rows, columns]
        down, across = _blocks(rows, self.height), _blocks(columns, self.width)
        image = _to_rgb(_cut_out(self._picture, down, across))
        inside = slice(rows.start - down.start, rows.stop - down.start)
        return image[inside, columns.start - across.start : columns.stop - across.start]

    def reduced(self, width: int, height: int) -> RgbImage:
        """(height, width, 3) uint8."""
        is_lying = self._turn[0] == 0
        size = (height, width) if is_lying else (width, height)
        with self._lock:
            smaller = self._picture.reformat(*size, "rgb24", interpolation="AREA", threads=1)
        return turned_upright(smaller.to_ndarray().astype(np.uint8, copy=False), self._turn)

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


def _blocks(pixels: slice, length: int) -> slice:
    begin, end = pixels.start // _BLOCK_PX, -(-pixels.stop // _BLOCK_PX)
    return slice(begin * _BLOCK_PX, min(end * _BLOCK_PX, length))


def _cut_out(picture: VideoFrame, rows: slice, columns: slice) -> VideoFrame:
    """A part of a picture with a quarter of the chroma; it begins at even places."""
    part = VideoFrame(columns.stop - columns.start, rows.stop - rows.start, picture.format.name)
    part.colorspace, part.color_range = picture.colorspace, picture.color_range
    for target, source, step in zip(part.planes, picture.planes, (1, 2, 2), strict=True):
        top, left = rows.start // step, columns.start // step
        pixels = _pixels(source)[top : top + target.height, left : left + target.width]
        _pixels(target)[:] = pixels
    return part


def _pixels(plane: VideoPlane) -> NDArray[np.uint8]:
    """(H, W) of a plane, not copied."""
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: plane.height, : plane.width]


def _full_range(picture: VideoFrame) -> NDArray[np.uint8]:
    luma = _pixels(picture.planes[0])
    if picture.color_range == ColorRange.JPEG or picture.format.name.startswith("yuvj"):
        return luma.copy()
    gain = 255 / (_WHITE - _BLACK)
    return np.asarray(cv2.addWeighted(luma, gain, luma, 0, -_BLACK * gain), np.uint8)
