"""Which part of a frame is searched next for faces that the search of the whole frame cannot see.

That search scales large frames down, and no detector finds faces of any size. So the frame is also
searched in tiles, one after the other, each enlarged or reduced so that a face of 20 pixels has the
size that the detector needs: first all once, then those in which most has changed since they were
last searched, and the longer they wait the sooner. Nothing here depends on a clock: the same frames
give the same tiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..picture import GrayImage
from ..types import Box, Face, Frame, RgbImage
from .glance import Glance, beyond, changed, glance, is_news, person, places

FACE_PX = 20.0
"""Side of the faces that tiles are made for, in pixels of the frame."""
OVERLAP_PX = 40
"""Tiles share this much, so that such a face is whole in one of them."""
LEAST_GAIN = 1.25
"""Tiles that show the frame no larger than this, beside the search of the whole, are left out."""
MUCH_CHANGED = 40
"""With so many changed places a tile waits half as long as without any."""
QUIET_S = 5.0
"""A tile in which only followed people move is still searched this often, in seconds of media
time."""
STILL_S = 20.0
"""And one in which nothing changes at all this often."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the frame, in whole pixels; right and bottom are beyond the last.

    Attributes:
        zoom: pixels of the searched picture per pixel of the frame.
    """

    left: int
    top: int
    right: int
    bottom: int
    zoom: float

    def cut_out(self, frame: Frame) -> RgbImage:
        """The picture to search."""
        part = frame.part(slice(self.top, self.bottom), slice(self.left, self.right))
        how = cv2.INTER_AREA if self.zoom < 1 else cv2.INTER_LINEAR
        shown = cv2.resize(part, None, fx=self.zoom, fy=self.zoom, interpolation=how)
        return np.asarray(shown, np.uint8)

    def to_frame(self, face: Face) -> Face:
        """A face from pixels of the searched picture to pixels of the frame."""
        corner = np.array([self.left, self.top])
        box = np.asarray(face.box).reshape(2, 2) / self.zoom + corner
        landmarks = face.landmarks
        if landmarks is not None:
            landmarks = (landmarks / self.zoom + corner).astype(np.float32)
        return Face(Box(*map(float, box.reshape(-1))), face.score, landmarks)

    def is_whole(self, face: Face, frame: Frame) -> bool:
        """True where the tile's edge, inside the frame, does not cut the face in two."""
        box = face.box
        return (
            (self.left == 0 or box.left > self.left)
            and (self.top == 0 or box.top > self.top)
            and (self.right == frame.width or box.right < self.right)
            and (self.bottom == frame.height or box.bottom < self.bottom)
        )


def tiles_of(width: int, height: int, *, detect_px: int, least_face_px: float) -> tuple[Tile, ...]:
    """The tiles of a frame, row by row; none where they would show no more than the whole frame.

    Args:
        width: of the frame, in pixels.
        height: of the frame, in pixels.
        detect_px: long side of what the detector sees at a time.
        least_face_px: side of the smallest faces that it finds there.
    """
    longest = max(width, height)
    zoom = least_face_px / FACE_PX
    if zoom < LEAST_GAIN * min(1.0, detect_px / longest):
        return ()
    share = detect_px / zoom / longest
    across, down = _pieces(width, share), _pieces(height, share)
    largest = max(across[0][1] - across[0][0], down[0][1] - down[0][0])
    zoom = min(zoom, detect_px / largest)
    return tuple(
        Tile(left, top, right, bottom, zoom) for top, bottom in down for left, right in across
    )


def _pieces(length: int, share: float) -> list[tuple[int, int]]:
    """Begin and end of overlapping pieces, about `share` of the length each or a little more."""
    count = math.ceil(length / max(length * share, 2 * OVERLAP_PX))
    side = min(length, math.ceil((length + (count - 1) * OVERLAP_PX) / count))
    begins = [round((length - side) * i / max(1, count - 1)) for i in range(count)]
    return [(begin, begin + side) for begin in begins]


class TileRound:
    """Chooses tiles of one source, frame by frame."""

    def __init__(self, *, detect_px: int, least_face_px: float) -> None:
        """Begin; for the arguments see `tiles_of`."""
        self._detect_px, self._least_face_px = detect_px, least_face_px
        self._size: tuple[int, ...] = ()
        self._tiles: tuple[Tile, ...] = ()
        self.restart()

    def restart(self) -> None:
        """Begin with all tiles again, as after a cut."""
        self._searched: dict[Tile, tuple[float, Glance]] = {}
        self._unsettled: set[Tile] = set()

    def choose(self, gray: GrayImage, now_s: float, known: Sequence[Box] = ()) -> Tile | None:
        """The tile to search in this frame, or None where none is worth it.

        Args:
            gray: (H, W) uint8, the frame.
            now_s: media time.
            known: faces that are followed: what moves round them is no news.
        """
        if gray.shape != self._size:
            self._size = gray.shape
            self._tiles = tiles_of(
                gray.shape[1],
                gray.shape[0],
                detect_px=self._detect_px,
                least_face_px=self._least_face_px,
            )
            self.restart()
        if not self._tiles:
            return None
        seen = glance(gray)
        fresh = [tile for tile in self._tiles if tile not in self._searched]
        chosen = fresh[0] if fresh else self._most_urgent(seen, now_s, known)
        if chosen is not None:
            self._searched[chosen] = now_s, seen
        return chosen

    def settle(self, tile: Tile, *, is_settled: bool) -> None:
        """Tell what the search of a tile brought: all that may be a face there is followed, or not.

        What may be a face and is not followed will be looked at again soon, though nothing changes.
        """
        self._unsettled.discard(tile)
        if not is_settled:
            self._unsettled.add(tile)

    def _most_urgent(self, seen: Glance, now_s: float, known: Sequence[Box]) -> Tile | None:
        is_beyond = beyond(seen.shape, map(person, known))
        best, most = None, 0.0
        for tile in self._tiles:
            then_s, then = self._searched[tile]
            place = places(tile.left, tile.top, tile.right, tile.bottom)
            change = changed(then[place], seen[place])
            news = change & is_beyond[place]
            waited_s = now_s - then_s
            is_still = tile not in self._unsettled and not is_news(change)
            patience_s = STILL_S if is_still else QUIET_S
            urgency = waited_s * (1 + int(news.sum()) / MUCH_CHANGED)
            if (is_news(news) or waited_s >= patience_s) and urgency > most:
                best, most = tile, urgency
        return best
