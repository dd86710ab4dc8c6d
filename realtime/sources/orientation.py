"""Which way up a picture is."""

from __future__ import annotations

from typing import cast

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Orientation = tuple[int, int, int, int]
"""(a, b, c, d): a stored pixel (x, y) is to be shown at (a x + c y, b x + d y), up to a shift."""

UPRIGHT: Orientation = (1, 0, 0, 1)
_QUARTER_TURNS: tuple[Orientation, ...] = (UPRIGHT, (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))


def orientation(picture: VideoFrame) -> Orientation:
    """The picture's display matrix, rounded to quarter turns and mirrorings."""
    if picture.rotation == 0:
        return UPRIGHT
    try:
        # PyAV's stub calls this a TypedDict of motion vectors; it is a mapping by type name.
        side_data = cast("SideDataContainer", picture.side_data).get("DISPLAYMATRIX")
    except ValueError:  # PyAV does not know the EXIF data that FFmpeg 8 leaves beside pictures
        side_data = None
    if side_data is None:
        return _QUARTER_TURNS[round(picture.rotation / 90) % 4]
    matrix = np.frombuffer(bytes(side_data), np.int32).astype(np.int64)
    a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (-1 if a < 0 else 1, 0, 0, -1 if d < 0 else 1)
    return (0, -1 if b < 0 else 1, -1 if c < 0 else 1, 0)


def turned_upright(image: NDArray[np.uint8], turn: Orientation) -> NDArray[np.uint8]:
    """`image` (H, W) or (H, W, 3) as it is to be shown; not copied if it is upright already."""
    if turn == UPRIGHT:
        return image
    a, b, c, d = turn
    if a == 0:
        image = image.swapaxes(0, 1)
    across, down = (a, d) if a else (c, b)
    return np.ascontiguousarray(image[::down, ::across])
