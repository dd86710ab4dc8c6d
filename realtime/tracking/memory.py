"""What a tracker remembers, to be continued by another."""

from __future__ import annotations

from dataclasses import dataclass

from .media_time import MediaTime
from .scene import SceneWatch
from .schedule import ScheduleMemory
from .target import Target
from .tiles import TilesMemory


@dataclass(frozen=True, slots=True, eq=False)
class TrackerMemory:
    """All that later tracks depend on, but for the picture of the last frame."""

    targets: list[Target]
    next_number: int
    time: MediaTime
    scene: SceneWatch
    schedule: ScheduleMemory
    tiles: TilesMemory
    is_in_doubt: bool
    has_strangers: bool
