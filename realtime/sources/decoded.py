"""A picture as the decoder gives it: luma and chroma apart, RGB only where it is asked for."""

from __future__ import annotations

import threading

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from ..picture import Luma, Picture, RgbPicture, is_smaller, scaled
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


class _Converter(threading.local):
    """A thread's own, kept: one for every picture takes time, and leaves holes in the memory."""

    def __init__(self) -> None:
        self.reformatter = VideoReformatter()


_converter = _Converter()


def decoded(picture: VideoFrame) -> Picture:
    """A decoded picture, upright.

    Raises (PyAV's exceptions):
        where it has an unusual format that cannot be converted.
    """
    if picture.format.name in _LUMA_FIRST:
        return _YuvPicture(picture)
    return RgbPicture(_to_rgb(picture))


class _YuvPicture:
    """A picture of a format in which luma lies ready. Threads may share it.

    A window shows it while files of it are written, and FFmpeg must not convert it in both at once.
    """

    __slots__ = ("_lock", "_luma", "_picture", "_rgb", "_turn", "height", "width")

    def __init__(self, picture: VideoFrame) -> None:
        self._picture = picture
        self._turn = orientation(picture)
        is_lying = self._turn[0] == 0
        self.width = picture.height if is_lying else picture.width
        self.height = picture.width if is_lying else picture.height
        self._lock = threading.Lock()
        self._rgb: RgbImage | None = None
        self._luma: Luma | None = None

    @property
    def rgb(self) -> RgbImage:
        """(H, W, 3) uint8."""
        with self._lock:
            if self._rgb is None:
                image = _to_rgb(self._picture)
                image.flags.writeable = False
                self._rgb = image
            return self._rgb

    def part(self, rows: slice, columns: slice, size: tuple[int, int] | None = None) -> RgbImage:
        """`rgb[rows, columns]`, scaled to (width, height) if that is given."""
        is_easy = self._picture.format.name in _TWO_BY_TWO and self._turn == UPRIGHT
        if size is not None:
            is_even = rows.start % 2 == columns.start % 2 == 0
            shape = rows.stop - rows.start, columns.stop - columns.start
            if is_easy and is_even and is_smaller(size, shape):
                return _reduced_to_rgb(_cut_out(self._picture, rows, columns), size)
            return scaled(self.part(rows, columns), size)
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
            smaller = _reduced_to_rgb(self._picture, size)
        return turned_upright(smaller, self._turn)

    @property
    def luma(self) -> Luma:
        """The video's own, not copied where it is upright."""
        if self._luma is None:
            levels = turned_upright(_pixels(self._picture.planes[0]), self._turn)
            levels.flags.writeable = False
            self._luma = Luma(levels, _is_limited(self._picture))
        return self._luma


def _to_rgb(picture: VideoFrame) -> RgbImage:
    image = _converter.reformatter.reformat(picture, format="rgb24", threads=1).to_ndarray()
    return turned_upright(image.astype(np.uint8, copy=False), orientation(picture))


def _reduced_to_rgb(picture: VideoFrame, size: tuple[int, int]) -> RgbImage:
    """FFmpeg converts and averages over areas at once, faster than OpenCV averages alone."""
    smaller = _converter.reformatter.reformat(
        picture, *size, "rgb24", interpolation="AREA", threads=1
    )
    return smaller.to_ndarray().astype(np.uint8, copy=False)


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


def _is_limited(picture: VideoFrame) -> bool:
    return picture.color_range != ColorRange.JPEG and not picture.format.name.startswith("yuvj")
