"""A Kalman filter for one face: where it will be, and how sure that is.

Middle x, middle y and the logarithm of the size, each with a constant velocity (Kalman 1960). The
three axes do not mix, so the filter is three small ones side by side: a few sums of plain numbers,
for which arrays would cost more than the sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

from ..types import Box

ACCELERATION = (6.0, 6.0, 2.0)
"""How briskly faces change speed: sides of the face per s^2, and log size per s^2."""
FIRST_SPEED = (2.0, 2.0, 0.5)
"""Spread of speeds when a face is first seen: sides of the face per s, and log size per s."""
FASTEST_GROWTH = 2.0
"""Log size per s: a face seven times as large within a second is as much as is believed."""
COAST_HALF_LIFE_S = 0.6
"""While a face is hidden its speed is believed to halve in this time, so it cannot fly away."""


class _Axis(NamedTuple):
    """A Kalman filter of one number: what it is, how fast it changes, and how sure both are."""

    place: float
    speed: float
    place_var: float
    cross_var: float
    speed_var: float

    def predicted(self, dt_s: float, jerk_var: float, kept: float) -> _Axis:
        """After some time, in which the speed falls to a share of what it was."""
        return _Axis(
            self.place + self.speed * dt_s,
            self.speed * kept,
            self.place_var
            + 2 * dt_s * self.cross_var
            + dt_s**2 * self.speed_var
            + jerk_var * dt_s**2 / 3,
            (self.cross_var + dt_s * self.speed_var + jerk_var * dt_s / 2) * kept,
            (self.speed_var + jerk_var) * kept**2,
        )

    def corrected(self, measured: float, noise_var: float) -> _Axis:
        """After a measurement."""
        surprise = measured - self.place
        total_var = self.place_var + noise_var
        place_gain, speed_gain = self.place_var / total_var, self.cross_var / total_var
        return _Axis(
            self.place + place_gain * surprise,
            self.speed + speed_gain * surprise,
            (1 - place_gain) * self.place_var,
            (1 - place_gain) * self.cross_var,
            self.speed_var - speed_gain * self.cross_var,
        )


@dataclass(slots=True)
class MotionFilter:
    """Position, size and speed of one face.

    Attributes:
        axes: middle x, middle y, log size.
        aspect: width of the box over its height.
    """

    axes: tuple[_Axis, ...]
    aspect: float

    @classmethod
    def at(cls, box: Box, noise: float) -> Self:
        """Begin at a box.

        Args:
            box: where the face is, in pixels.
            noise: standard deviation of a measurement, as a share of the face's side.
        """
        places = _measure(box)
        axes = tuple(
            _Axis(place, 0.0, (noise * unit) ** 2, 0.0, (speed * unit) ** 2)
            for place, speed, unit in zip(places, FIRST_SPEED, _units(places[2]), strict=True)
        )
        return cls(axes, box.width / box.height)

    @property
    def box(self) -> Box:
        """Where the face is believed to be, in pixels."""
        x, y, log_side = (axis.place for axis in self.axes)
        side = math.exp(log_side)
        half_width = side * math.sqrt(self.aspect) / 2
        half_height = side / math.sqrt(self.aspect) / 2
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)

    @property
    def spread_px(self) -> float:
        """Standard deviation of the place, in pixels."""
        return math.sqrt(max(axis.place_var for axis in self.axes[:2]))

    def predict(self, dt_s: float, *, is_seen: bool) -> None:
        """Let time pass.

        Args:
            dt_s: seconds since the last call, 0 or more.
            is_seen: False while the face is hidden: it then comes to rest.
        """
        log_side = self.axes[2].place + self.axes[2].speed * dt_s
        kept = 1.0 if is_seen else 0.5 ** (dt_s / COAST_HALF_LIFE_S)
        self.axes = tuple(
            axis.predicted(dt_s, (acceleration * unit) ** 2 * dt_s, kept)
            for axis, acceleration, unit in zip(
                self.axes, ACCELERATION, _units(log_side), strict=True
            )
        )

    def correct(self, box: Box, noise: float) -> None:
        """Take in where the face was seen; `noise` as in `at`."""
        x, y, log_side = (
            axis.corrected(measured, (noise * unit) ** 2)
            for axis, measured, unit in zip(
                self.axes, _measure(box), _units(self.axes[2].place), strict=True
            )
        )
        growth = min(max(log_side.speed, -FASTEST_GROWTH), FASTEST_GROWTH)
        self.axes = x, y, log_side._replace(speed=growth)
        self.aspect = box.width / box.height


def _units(log_side: float) -> tuple[float, float, float]:
    """Of the three numbers: the side of the face, in pixels, for the places."""
    side = math.exp(log_side)
    return side, side, 1.0


def _measure(box: Box) -> tuple[float, float, float]:
    x, y = box.center
    return x, y, math.log(box.width * box.height) / 2
