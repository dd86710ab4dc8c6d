"""A Kalman filter for one face: where it will be, and how sure that is.

Middle x, middle y and the logarithm of the size, each with a constant velocity (Kalman 1960). The
three axes do not mix, so the filter is three small ones side by side and needs no matrix algebra.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..types import Box

ACCELERATION = np.array([6.0, 6.0, 2.0])
"""How briskly faces change speed: sides of the face per s^2, and log size per s^2."""
FIRST_SPEED = np.array([2.0, 2.0, 0.5])
"""Spread of speeds when a face is first seen: sides of the face per s, and log size per s."""
FASTEST_GROWTH = 2.0
"""Log size per s: a face seven times as large within a second is as much as is believed."""
COAST_HALF_LIFE_S = 0.6
"""While a face is hidden its speed is believed to halve in this time, so it cannot fly away."""


class MotionFilter:
    """Position, size and speed of one face."""

    def __init__(self, box: Box, noise: float) -> None:
        """Begin at a box.

        Args:
            box: where the face is, in pixels.
            noise: standard deviation of a measurement, as a share of the face's side.
        """
        self._place = _measure(box)
        self._speed = np.zeros(3)
        unit = self._unit()
        self._place_var = (noise * unit) ** 2
        self._cross_var = np.zeros(3)
        self._speed_var = (FIRST_SPEED * unit) ** 2
        self._aspect = box.width / box.height

    @property
    def box(self) -> Box:
        """Where the face is believed to be, in pixels."""
        x, y, log_side = self._place.tolist()
        side = math.exp(log_side)
        half_width = side * math.sqrt(self._aspect) / 2
        half_height = side / math.sqrt(self._aspect) / 2
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)

    @property
    def spread_px(self) -> float:
        """Standard deviation of the place, in pixels."""
        return float(np.sqrt(self._place_var[:2].max()))

    def predict(self, dt_s: float, *, is_seen: bool) -> None:
        """Let time pass.

        Args:
            dt_s: seconds since the last call, 0 or more.
            is_seen: False while the face is hidden: it then comes to rest.
        """
        self._place = self._place + self._speed * dt_s
        jerk_var = (ACCELERATION * self._unit()) ** 2 * dt_s
        self._place_var = (
            self._place_var
            + 2 * dt_s * self._cross_var
            + dt_s**2 * self._speed_var
            + jerk_var * dt_s**2 / 3
        )
        self._cross_var = self._cross_var + dt_s * self._speed_var + jerk_var * dt_s / 2
        self._speed_var = self._speed_var + jerk_var
        if not is_seen:
            kept = 0.5 ** (dt_s / COAST_HALF_LIFE_S)
            self._speed = self._speed * kept
            self._cross_var = self._cross_var * kept
            self._speed_var = self._speed_var * kept**2

    def correct(self, box: Box, noise: float) -> None:
        """Take in where the face was seen; `noise` as in `__init__`."""
        surprise = _measure(box) - self._place
        total_var = self._place_var + (noise * self._unit()) ** 2
        place_gain = self._place_var / total_var
        speed_gain = self._cross_var / total_var
        self._place = self._place + place_gain * surprise
        self._speed = self._speed + speed_gain * surprise
        self._speed[2] = min(max(self._speed[2], -FASTEST_GROWTH), FASTEST_GROWTH)
        self._speed_var = self._speed_var - speed_gain * self._cross_var
        self._cross_var = (1 - place_gain) * self._cross_var
        self._place_var = (1 - place_gain) * self._place_var
        self._aspect = box.width / box.height

    def _unit(self) -> NDArray[np.float64]:
        side = math.exp(self._place[2])
        return np.array([side, side, 1.0])


def _measure(box: Box) -> NDArray[np.float64]:
    return np.array([*box.center, math.log(box.width * box.height) / 2])
