"""What is searched in which frame, by counting frames and by what has changed: never by a clock.

Once faces are followed and nothing happens beyond them, a search of the whole frame tells nothing
new: then a window round each face says the same of it, for a fraction of the cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ..load import EffortDial
from ..types import Box
from .config import TrackerConfig
from .glance import Glance, beyond, changed, is_news, person
from .second_look import FOLLOWED_IN_WINDOW_PX, window_of

RESTLESS_FACTOR = 2
"""So many times as seldom the whole frame is searched where something happens all the time."""
STILL_FACTOR = 4
"""So many times as seldom the whole frame is searched where all that moves is seen in windows."""


class Search(Enum):
    """What is searched in a frame."""

    NOTHING = auto()
    WHOLE = auto()
    """The whole frame, scaled down."""
    WINDOWS = auto()
    """A window round each face that is followed."""
    TILE = auto()
    """A part of a large frame, enlarged."""


@dataclass(slots=True, eq=False)
class ScheduleMemory:
    """What a schedule remembers.

    Attributes:
        since_tile: frames since a tile was searched.
        since_search: frames since the whole frame was searched, or windows were.
        since_whole: frames since the whole frame was searched.
        seen: how it looked then; None if it is to be searched next.
        is_restless: something had changed beyond the people who are followed.
    """

    since_tile: int = 0
    since_search: int = 0
    since_whole: int = 0
    seen: Glance | None = None
    is_restless: bool = False


class SearchSchedule:
    """Says for each frame what is to be searched.

    A search is due every `detect_every_frames`: of the whole frame, or in windows where those will
    do and nothing has changed beyond the people who are followed since the whole frame was searched
    last, at most `whole_every_frames` ago; `STILL_FACTOR` times as long ago where nothing has
    changed beyond the windows either. Where something has changed there at one search and at the
    next, every `RESTLESS_FACTOR`-th is one of the whole frame.

    Args:
        config: how often.
        dial: how much less often.

    Attributes:
        memory: may be replaced by that of an earlier schedule.
    """

    def __init__(self, config: TrackerConfig, dial: EffortDial) -> None:
        self._config, self._dial = config, dial
        self.memory = ScheduleMemory()

    def restart(self) -> None:
        """Have the whole frame searched next, as after a cut."""
        self.memory = ScheduleMemory(self.memory.since_tile)

    def next(
        self, seen: Glance, faces: Sequence[Box], *, is_in_doubt: bool, do_windows: bool
    ) -> Search:
        """What to search in the next frame.

        Args:
            seen: of the frame.
            faces: those that are seen.
            is_in_doubt: a face waits to be confirmed or has just been lost.
            do_windows: all that is known can be searched for in windows, and they cost less than
                the whole frame.
        """
        memory = self.memory
        memory.since_search += 1
        memory.since_whole += 1
        memory.since_tile += 1
        if self._is_search_due(is_in_doubt):
            memory.since_search = 0
            if do_windows and not is_in_doubt and not self._is_whole_due(seen, faces):
                return Search.WINDOWS
            memory.since_whole = 0
            memory.seen = seen
            return Search.WHOLE
        if self._is_tile_due():
            memory.since_tile = 0
            return Search.TILE
        return Search.NOTHING

    def _is_search_due(self, is_in_doubt: bool) -> bool:
        if self.memory.seen is None:
            return True
        config = self._config
        every = config.recheck_every_frames if is_in_doubt else config.detect_every_frames
        return self.memory.since_search >= every * self._dial.saving.search_factor

    def _is_whole_due(self, seen: Glance, faces: Sequence[Box]) -> bool:
        memory = self.memory
        if memory.seen is None:
            return True
        change, shape = changed(memory.seen, seen), memory.seen.shape
        was_restless = memory.is_restless
        memory.is_restless = is_news(change & beyond(shape, map(person, faces)))
        if memory.is_restless:
            every = RESTLESS_FACTOR * self._config.detect_every_frames if was_restless else 0
        else:
            every = self._config.whole_every_frames
            windows = [window_of(face, FOLLOWED_IN_WINDOW_PX) for face in faces]
            if not is_news(change & beyond(shape, windows)):
                every *= STILL_FACTOR
        return memory.since_whole >= every * self._dial.saving.search_factor

    def _is_tile_due(self) -> bool:
        if self._config.tiles_per_search == 0:
            return False
        every = max(1, self._config.detect_every_frames // self._config.tiles_per_search)
        return self.memory.since_tile >= every * self._dial.saving.search_factor
