"""A frame at an eighth of its size, in which noise vanishes and what has changed shows.

It is made of every second line: most of its cost is to fetch the frame from memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..picture import Luma
from ..types import Box

HALVINGS = 3
STEP_PX = 2**HALVINGS
"""A place of the glance stands for so many pixels of the frame in each direction: noise vanishes, a
face of 20 px does not."""
CHANGED_FROM = 12.0
"""Gray levels by which a place must change to count as changed."""
LEAST_CHANGED = 4
"""Where fewer places changed, there is nothing new: a face of 16 px takes so many."""

Glance = NDArray[np.float32]
"""(H / 8, W / 8), gray levels."""
Places = tuple[slice, slice]
"""Rows and columns of a glance."""
Level = TypeVar("Level", np.uint8, np.float32)


def halved(picture: NDArray[Level]) -> NDArray[Level]:
    """The picture at half its size; an odd last row or column is left out.

    Done again and again, this is exact to half a gray level, and many times as fast as reducing by
    area in one step.
    """
    height, width = (max(1, length // 2) for length in picture.shape)
    even = picture[: 2 * height, : 2 * width]
    smaller = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, picture.dtype)


def glance(luma: Luma) -> Glance:
    """Look at a (H, W) frame."""
    smaller = luma.levels[::2]
    for _ in range(HALVINGS - 1):
        smaller = halved(smaller)
    wide = luma.gray(smaller).astype(np.float32)
    # OpenCV is slow at halving the width alone.
    width = max(1, wide.shape[1] // 2)
    odd = min(1, wide.shape[1] - 1)
    return (wide[:, : 2 * width : 2] + wide[:, odd : 2 * width : 2]) * np.float32(0.5)


def changed(before: Glance, now: Glance) -> NDArray[np.bool_]:
    """Which places have changed from one glance to another of the same size."""
    return np.asarray(np.abs(now - before) >= CHANGED_FROM)


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
