"""Probabilities filtered over time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

TIME_CONSTANT_S = 0.25
"""A change has come through to 63 % after this long; the filter lags by about as much."""


class ExponentialSmoother:
    """First-order low-pass filter of one track's probabilities in media time.

    It weighs by real time, not by number of frames, so the result does not depend on the frame
    rate.

    Args:
        time_constant_s: see `TIME_CONSTANT_S`.
    """

    def __init__(self, time_constant_s: float = TIME_CONSTANT_S) -> None:
        self._time_constant_s = time_constant_s
        self._time_s = 0.0
        self.value: NDArray[np.float32] | None = None

    def update(self, time_s: float, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take a reading.

        Args:
            time_s: media time in seconds, never less than before (see `MediaTime`).
            probabilities: (8,), sums to 1.

        Returns:
            (8,) the filtered probabilities, which sum to 1; read-only.
        """
        if self.value is None:
            smoothed = probabilities.copy()
        else:
            elapsed_s = time_s - self._time_s
            weight = np.float32(1 - math.exp(-elapsed_s / self._time_constant_s))
            smoothed = self.value + weight * (probabilities - self.value)
        smoothed.flags.writeable = False
        self._time_s = time_s
        self.value = smoothed
        return smoothed
