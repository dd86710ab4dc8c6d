"""A frame at an eighth of its size, in which noise vanishes and what has changed shows.

It is made of every fourth line: most of its cost is to fetch the frame from memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..picture import GrayImage, Luma
from ..types import Box

STEP_PX = 8
"""A place of the glance stands for so many pixels of the frame in each direction: noise vanishes, a
face of 20 px does not."""
CHANGED_FROM = 12
"""Gray levels by which a place must change to count as changed."""
LEAST_CHANGED = 4
"""Where fewer places changed, there is nothing new: a face of 16 px takes so many."""

Glance = NDArray[np.uint8]
"""(H / 8, W / 8) uint8, gray levels."""
Places = tuple[slice, slice]
"""Rows and columns of a glance."""
_MEAN_OF_FOUR = np.full(4, 1 / 4, np.float32)


def halved(picture: GrayImage) -> GrayImage:
    """The picture at half its size; an odd last row or column is left out.

    Done again and again, this is many times as fast as reducing by area in one step.
    """
    height, width = (max(1, length // 2) for length in picture.shape)
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def glance(luma: Luma) -> Glance:
    """Look at a (H, W) frame."""
    wide = halved(luma.levels[::4])
    if wide.shape[1] < 4:
        wide = np.repeat(wide[:, :1], 4, axis=1)
    height, width = wide.shape[0], wide.shape[1] // 4
    # OpenCV is slow at reducing the width alone.
    means = wide[:, : 4 * width].reshape(height, width, 4).astype(np.float32) @ _MEAN_OF_FOUR
    return luma.gray(np.rint(means).astype(np.uint8))


def changed(before: Glance, now: Glance) -> NDArray[np.bool_]:
    """Which places have changed from one glance to another of the same size."""
    return np.asarray(cv2.absdiff(before, now) >= CHANGED_FROM)


def is_news(change: NDArray[np.bool_]) -> bool:
    """Whether enough places have changed to show something new."""
    return int(np.count_nonzero(change)) >= LEAST_CHANGED


def places(left: float, top: float, right: float, bottom: float) -> Places:
    """The places of a glance that a rectangle in pixels of the frame touches."""
    first = [max(0, math.floor(value / STEP_PX)) for value in (top, left)]
    last = [max(0, math.ceil(value / STEP_PX)) for value in (bottom, right)]
    return slice(first[0], last[0]), slice(first[1], last[1])


def beyond(shape: tuple[int, ...], areas: Iterable[Box]) -> NDArray[np.bool_]:
    """The places of a glance that none of these rectangles, in pixels of the frame, touches."""
    is_beyond = np.ones(shape, bool)
    for area in areas:
        is_beyond[places(*area)] = False
    return is_beyond


def person(face: Box) -> Box:
    """Where head, shoulders and arms of somebody with that face move, in pixels of the frame."""
    return Box(
        face.left - 2 * face.width,
        face.top - face.height,
        face.right + 2 * face.width,
        face.bottom + 6 * face.height,
    )
