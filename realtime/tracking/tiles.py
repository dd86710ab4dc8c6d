"""Which part of a frame is searched next for faces that the search of the whole frame cannot see.

That search scales large frames down, and no detector finds faces of any size. So the frame is also
searched in tiles, one after the other, each enlarged or reduced so that a face of 20 pixels has the
size that the detector needs: first all once, then those in which most has changed since they were
last searched, and the longer they wait the sooner; of those often only the part that has changed.
Nothing here depends on a clock: the same frames give the same tiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..types import Box, Face, Frame, RgbImage
from .glance import STEP_PX, Glance, Places, beyond, changed, is_news, person, places
from .placing import in_frame, searched_size
from .second_look import FOLLOWED_IN_WINDOW_PX, window_of

FACE_PX = 20.0
"""Side of the faces that tiles are made for, in pixels of the frame."""
OVERLAP_PX = 40
"""Tiles share this much, so that such a face is whole in one of them."""
LEAST_GAIN = 1.25
"""Tiles that show the frame no larger than this, beside the search of the whole, are left out."""
PART_STEP_PX = 64
"""Sides of searched parts of tiles are multiples of this: networks then meet few sizes."""
MUCH_CHANGED = 40
"""With so many changed places a tile waits half as long as without any."""
QUIET_S = 5.0
"""What has changed in a tile since it was searched whole, be it that followed people moved, is
searched after this time, in seconds of media time; and all of it where something may be a face that
is not followed."""
STILL_S = 20.0
"""And all of a tile after this."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the frame, in whole pixels; right and bottom are beyond the last.

    Attributes:
        zoom: pixels of the searched picture per pixel of the frame, about.
    """

    left: int
    top: int
    right: int
    bottom: int
    zoom: float

    def cut_out(self, frame: Frame) -> RgbImage:
        """The picture to search."""
        rows, columns = slice(self.top, self.bottom), slice(self.left, self.right)
        return frame.part(rows, columns, self._size)

    def to_frame(self, face: Face) -> Face:
        """A face from pixels of the searched picture to pixels of the frame."""
        width, height = self._size
        scales = width / (self.right - self.left), height / (self.bottom - self.top)
        return in_frame(face, scales, (self.left, self.top))

    @property
    def _size(self) -> tuple[int, int]:
        """(width, height) of the searched picture."""
        width, height = self.right - self.left, self.bottom - self.top
        return searched_size(width * self.zoom, height * self.zoom)

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


@dataclass(slots=True, eq=False)
class Searched:
    """What is remembered of a tile.

    Attributes:
        now_s: when it was searched last.
        seen: how it looked then.
        people_s: when what followed people had changed was searched with it.
        all_s: when all of it was searched.
        all_seen: how it looked then.
    """

    now_s: float
    seen: Glance
    people_s: float
    all_s: float
    all_seen: Glance


@dataclass(slots=True, eq=False)
class TilesMemory:
    """What is remembered of the tiles of a source.

    Attributes:
        size: (height, width) of its frames, in pixels; empty before the first choice.
        searched: the tiles that were searched.
        unsettled: those in which there may be a face that is not followed.
    """

    size: tuple[int, ...]
    searched: list[tuple[Tile, Searched]]
    unsettled: list[Tile]


class TileRound:
    """Chooses tiles of one source, or parts of them, frame by frame."""

    def __init__(self, *, detect_px: int, least_face_px: float) -> None:
        """Begin; for the arguments see `tiles_of`."""
        self._detect_px, self._least_face_px = detect_px, least_face_px
        self._size: tuple[int, ...] = ()
        self._tiles: dict[Tile, Places] = {}
        self.restart()

    def restart(self) -> None:
        """Begin with all tiles again, as after a cut."""
        self._searched: dict[Tile, Searched] = {}
        self._unsettled: set[Tile] = set()
        self._chosen: tuple[Tile, Tile] | None = None

    def remember(self) -> TilesMemory:
        """All that later choices depend on."""
        return TilesMemory(self._size, list(self._searched.items()), list(self._unsettled))

    def recall(self, memory: TilesMemory) -> None:
        """Go on where another round of the same source was."""
        self._begin(memory.size)
        self._searched = dict(memory.searched)
        self._unsettled = set(memory.unsettled)

    def choose(
        self, size: tuple[int, ...], seen: Glance, now_s: float, known: Sequence[Box] = ()
    ) -> Tile | None:
        """The tile to search in this frame, or None where none is worth it.

        Where something has changed in a small part of it, that part is a tile of its own.

        Args:
            size: (height, width) of the frame, in pixels.
            seen: of the frame.
            now_s: media time.
            known: faces that are followed: what moves round them is no news.
        """
        if size != self._size:
            self._begin(size)
        fresh = next((tile for tile in self._tiles if tile not in self._searched), None)
        chosen = (fresh, fresh) if fresh else self._most_urgent(seen, now_s, known)
        self._chosen = chosen
        if chosen is None:
            return None
        tile, part = chosen
        if part == tile:
            self._searched[tile] = Searched(now_s, seen, now_s, now_s, seen)
            return part
        then = self._searched[tile]
        people_s = now_s if now_s - then.people_s >= QUIET_S else then.people_s
        self._searched[tile] = replace(then, now_s=now_s, seen=seen, people_s=people_s)
        return part

    def settle(self, *, is_settled: bool) -> None:
        """Tell what the search of the chosen tile brought: all that may be a face is followed.

        What may be a face and is not followed will be looked at again soon, though nothing changes.
        """
        if self._chosen is None:
            return
        tile, part = self._chosen
        if not is_settled:
            self._unsettled.add(tile)
        elif part == tile:
            self._unsettled.discard(tile)

    def _begin(self, size: tuple[int, ...]) -> None:
        """Divide frames of a (height, width) into tiles; none is searched yet."""
        self._size = size
        self._tiles = {t: places(t.left, t.top, t.right, t.bottom) for t in self._divided(size)}
        self.restart()

    def _divided(self, size: tuple[int, ...]) -> tuple[Tile, ...]:
        if not size:
            return ()
        height, width = size
        return tiles_of(width, height, detect_px=self._detect_px, least_face_px=self._least_face_px)

    def _most_urgent(
        self, seen: Glance, now_s: float, known: Sequence[Box]
    ) -> tuple[Tile, Tile] | None:
        """The tile that is most urgent, and what of it is to be searched."""
        is_beyond_people = beyond(seen.shape, map(person, known))
        windows = [window_of(face, FOLLOWED_IN_WINDOW_PX) for face in known]
        is_beyond_windows = beyond(seen.shape, windows)
        best, most = None, 0.0
        for tile, place in self._tiles.items():
            then = self._searched[tile]
            news = changed(then.seen[place], seen[place]) & is_beyond_people[place]
            urgency = (now_s - then.now_s) * (1 + np.count_nonzero(news) / MUCH_CHANGED)
            is_all_due = now_s - then.all_s >= (QUIET_S if tile in self._unsettled else STILL_S)
            is_people_due = now_s - then.people_s >= QUIET_S
            if urgency <= most or not (is_all_due or is_people_due or is_news(news)):
                continue
            part: Tile | None = tile
            if not is_all_due:
                change = changed(then.all_seen[place], seen[place])
                counts = is_beyond_windows if is_people_due else is_beyond_people
                news |= change & counts[place]
                part = _part(tile, news) if is_news(news) else None
            if part is not None:
                best, most = (tile, part), urgency
        return best


def _part(tile: Tile, news: NDArray[np.bool_]) -> Tile:
    """The part of a tile in which a face may have moved there."""
    down, across = (np.flatnonzero(news.any(axis=axis)) for axis in (1, 0))
    left, right = _span(across, tile.left, tile.right, tile.zoom)
    top, bottom = _span(down, tile.top, tile.bottom, tile.zoom)
    return Tile(left, top, right, bottom, tile.zoom)


def _span(changed: NDArray[np.intp], first: int, last: int, zoom: float) -> tuple[int, int]:
    """Where a part of a tile begins and ends, along one axis on which the tile is first..last."""
    origin = first // STEP_PX * STEP_PX
    begin = origin + int(changed[0]) * STEP_PX - OVERLAP_PX
    end = origin + (int(changed[-1]) + 1) * STEP_PX + OVERLAP_PX
    steps = math.ceil((end - begin) * zoom / PART_STEP_PX)
    side = 2 * int(steps * PART_STEP_PX / zoom / 2)  # with even ends videos are cut out cheaply
    if side >= last - first:
        return first, last
    begin = min(max(first, begin), last - side)
    return begin, begin + side
