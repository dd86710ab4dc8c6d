"""What pass one leaves of every track: where it began and ended, what it looked like, its gaps."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..types import Box
from .appearance import Appearance

END_SIGHTINGS = 8
"""So many sightings at either end tell speed and looks."""
SPEED_LASTS_S = 0.87
"""The believed speed of a face that is not seen falls to 37 % in this time: it halves every 0.6 s,
as in the tracker."""


class Sighting(NamedTuple):
    """A face that was seen.

    Attributes:
        position: number of the frame among those that are read.
        time_s: media time of the frame, in seconds after the first one.
        box: where, in pixels of the frame.
        looks: what it looked like.
    """

    position: int
    time_s: float
    box: Box
    looks: Appearance


class End(NamedTuple):
    """The beginning or the end of a track.

    Attributes:
        sighting: its outermost sighting.
        velocity: of the middle of the box there, in pixels a second, forwards in time.
        looks: the mean of its outermost sightings.
    """

    sighting: Sighting
    velocity: tuple[float, float]
    looks: Appearance

    def moved(self, elapsed_s: float) -> Box:
        """Where the face should be so long after the sighting; before it, if negative."""
        reach_s = SPEED_LASTS_S * (1 - np.exp(-abs(elapsed_s) / SPEED_LASTS_S))
        dx, dy = (float(np.copysign(reach_s, elapsed_s)) * speed for speed in self.velocity)
        left, top, right, bottom = self.sighting.box
        return Box(left + dx, top + dy, right + dx, bottom + dy)


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """A track of pass one.

    Attributes:
        track: its number.
        is_confirmed: it was detected more than once.
        start: its beginning.
        end: its end.
        gaps: pairs of sightings between which it was lost.
    """

    track: int
    is_confirmed: bool
    start: End
    end: End
    gaps: tuple[tuple[End, End], ...]


@dataclass(slots=True, eq=False)
class OpenFragment:
    """A track of pass one that may go on."""

    track: int
    is_confirmed: bool = False
    first: list[Sighting] = field(default_factory=list)
    last: deque[Sighting] = field(default_factory=lambda: deque(maxlen=END_SIGHTINGS))
    gaps: list[tuple[End, End]] = field(default_factory=list)

    def see(self, sighting: Sighting, *, is_confirmed: bool) -> None:
        """Take a sighting; one that does not follow the last closes a gap."""
        if self.last and sighting.position > self.last[-1].position + 1:
            self.gaps.append((_end(self.last), _start([sighting])))
            self.last.clear()  # speed and looks from before the gap are out of date
        if len(self.first) < END_SIGHTINGS and not self.gaps:
            self.first.append(sighting)
        self.last.append(sighting)
        self.is_confirmed |= is_confirmed

    def closed(self) -> Fragment:
        """The track, when it is over."""
        return Fragment(
            self.track,
            self.is_confirmed,
            _start(self.first),
            _end(self.last),
            tuple(self.gaps),
        )


def _start(seen: Sequence[Sighting]) -> End:
    return End(seen[0], _velocity(seen), _mean_looks(seen))


def _end(seen: Sequence[Sighting]) -> End:
    return End(seen[-1], _velocity(seen), _mean_looks(seen))


def _velocity(seen: Sequence[Sighting]) -> tuple[float, float]:
    first, last = seen[0], seen[-1]
    elapsed_s = last.time_s - first.time_s
    if elapsed_s <= 0:
        return 0.0, 0.0
    (x, y), (x_now, y_now) = first.box.center, last.box.center
    return (x_now - x) / elapsed_s, (y_now - y) / elapsed_s


def _mean_looks(seen: Sequence[Sighting]) -> Appearance:
    look = np.mean([sighting.looks.look for sighting in seen], axis=0)
    look /= max(float(np.linalg.norm(look)), 1e-6)
    colours = np.mean([sighting.looks.colours for sighting in seen], axis=0)
    return Appearance(look.astype(np.float32), colours.astype(np.float32))
