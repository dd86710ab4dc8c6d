"""Which part of a large frame is searched next at its full resolution.

The search of the whole frame scales it down, so faces that are small in a large frame vanish. They
are looked for in tiles that are as large as what the detector sees at a time, one after the other:
first all once, then those in which most has changed since they were last searched, and the longer
they wait the sooner. Nothing here depends on a clock: the same frames give the same tiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import Box, Face, Frame

GLANCE_STEP_PX = 8
"""Frames are compared at an eighth of their size: noise vanishes, a face of 20 px does not."""
CHANGED_FROM = 12.0
"""Gray levels by which a place must change to count as changed."""
LEAST_CHANGED = 4
"""A tile is searched again where at least so many places of the glance changed: a face of 16 px."""
MUCH_CHANGED = 40
"""With so many changed places a tile waits half as long as without any."""
QUIET_S = 5.0
"""A tile in which nothing changes is still searched this often, in seconds of media time."""
SEEN_IN_WHOLE_PX = 24
"""Faces that are this large in the searched picture are found: no tile has to hold larger ones."""
LEAST_REDUCED = 1.25
"""A frame that is scaled down by less than this is not searched in tiles."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the frame, in whole pixels; right and bottom are beyond the last."""

    left: int
    top: int
    right: int
    bottom: int

    def is_whole(self, face: Face, frame: Frame) -> bool:
        """True where the tile's edge does not cut the face, in pixels of the tile, in two."""
        width, height = self.right - self.left, self.bottom - self.top
        box = face.box
        return (
            (self.left == 0 or box.left > 0)
            and (self.top == 0 or box.top > 0)
            and (self.right == frame.width or box.right < width)
            and (self.bottom == frame.height or box.bottom < height)
        )

    def to_frame(self, face: Face) -> Face:
        """A face from pixels of the tile to pixels of the frame."""
        left, top, right, bottom = face.box
        box = Box(left + self.left, top + self.top, right + self.left, bottom + self.top)
        landmarks = face.landmarks
        if landmarks is not None:
            landmarks = landmarks + np.array([self.left, self.top], np.float32)
        return Face(box, face.score, landmarks)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and columns of a picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def tiles_of(width: int, height: int, detect_px: int) -> tuple[Tile, ...]:
    """The tiles of a frame, row by row; none where the whole frame is searched nearly unreduced.

    There are as few as cover the frame at about its full resolution. They overlap by as much as the
    largest face that the search of the whole frame may miss.
    """
    reduced = max(width, height) / detect_px
    if reduced < LEAST_REDUCED:
        return ()
    overlap = math.ceil(SEEN_IN_WHOLE_PX * reduced)
    across = _pieces(width, math.ceil(width / reduced), overlap)
    down = _pieces(height, math.ceil(height / reduced), overlap)
    return tuple(Tile(left, top, right, bottom) for top, bottom in down for left, right in across)


def _pieces(length: int, side: int, overlap: int) -> list[tuple[int, int]]:
    """Begin and end of pieces of about `side`, or a little more, that cover `length` evenly."""
    count = math.ceil(length / max(side, overlap))
    side = min(length, math.ceil((length + (count - 1) * overlap) / count))
    begins = [round((length - side) * i / max(1, count - 1)) for i in range(count)]
    return [(begin, begin + side) for begin in begins]


class TileRound:
    """Chooses tiles of one source, frame by frame."""

    def __init__(self, detect_px: int) -> None:
        """Begin.

        Args:
            detect_px: long side of what the detector sees at a time, in pixels.
        """
        self._detect_px = detect_px
        self._size: tuple[int, ...] = ()
        self._tiles: tuple[Tile, ...] = ()
        self.restart()

    def restart(self) -> None:
        """Begin with all tiles again, as after a cut."""
        self._searched: dict[Tile, tuple[float, NDArray[np.float32]]] = {}

    def choose(self, gray: NDArray[np.uint8], now_s: float) -> Tile | None:
        """The tile to search in this frame, or None where none is worth it.

        Args:
            gray: (H, W) uint8, the frame.
            now_s: media time.
        """
        if gray.shape != self._size:
            self._size = gray.shape
            self._tiles = tiles_of(gray.shape[1], gray.shape[0], self._detect_px)
            self.restart()
        if not self._tiles:
            return None
        glance = _glance(gray)
        fresh = [tile for tile in self._tiles if tile not in self._searched]
        chosen = fresh[0] if fresh else self._most_urgent(glance, now_s)
        if chosen is not None:
            self._searched[chosen] = now_s, glance
        return chosen

    def _most_urgent(self, glance: NDArray[np.float32], now_s: float) -> Tile | None:
        best, most = None, 0.0
        for tile in self._tiles:
            then_s, then = self._searched[tile]
            rows, columns = _at_glance(tile)
            change = np.abs(glance[rows, columns] - then[rows, columns])
            changed = int((change >= CHANGED_FROM).sum())
            waited_s = now_s - then_s
            urgency = waited_s * (1 + changed / MUCH_CHANGED)
            if (changed >= LEAST_CHANGED or waited_s >= QUIET_S) and urgency > most:
                best, most = tile, urgency
        return best


def _glance(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = gray.shape
    size = max(1, width // GLANCE_STEP_PX), max(1, height // GLANCE_STEP_PX)
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _at_glance(tile: Tile) -> tuple[slice, slice]:
    return (
        slice(tile.top // GLANCE_STEP_PX, -(-tile.bottom // GLANCE_STEP_PX)),
        slice(tile.left // GLANCE_STEP_PX, -(-tile.right // GLANCE_STEP_PX)),
    )
