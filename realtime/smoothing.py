"""Probabilities filtered over time, and a label that does not flicker."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TIME_CONSTANT_S = 0.15
"""A change has come through to 63 % after this long; the filter lags by about as much.

Longer ones flicker less and lag more: `python -m benchmarks.label_flips` measures both.
"""

LEAD = 0.1
"""By how much another expression has to be ahead before the label changes to it."""


@dataclass(slots=True)
class SteadyLabel:
    """The label of one track, with hysteresis.

    The filter alone still flickers while two expressions are nearly equally probable. The label
    stays until another one is ahead by `lead`.

    Attributes:
        lead: see `LEAD`.
        index: of the label to show; None before the first probabilities.
    """

    lead: float = LEAD
    index: int | None = None

    def update(self, smoothed: NDArray[np.float32]) -> int:
        """Take filtered probabilities (8,); gives the index of the label to show."""
        best = int(smoothed.argmax())
        if self.index is None or smoothed[best] >= smoothed[self.index] + self.lead:
            self.index = best
        return self.index


@dataclass(slots=True, eq=False)
class ExponentialSmoother:
    """First-order low-pass filter of one track's probabilities in media time.

    It weighs by real time, not by number of frames, so the result does not depend on the frame
    rate.

    Attributes:
        time_constant_s: see `TIME_CONSTANT_S`.
        time_s: of the last reading, in seconds.
        value: (8,) the filtered probabilities, or None before the first reading.
    """

    time_constant_s: float = TIME_CONSTANT_S
    time_s: float = 0.0
    value: NDArray[np.float32] | None = None

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
            elapsed_s = time_s - self.time_s
            weight = np.float32(1 - math.exp(-elapsed_s / self.time_constant_s))
            smoothed = self.value + weight * (probabilities - self.value)
        smoothed.flags.writeable = False
        self.time_s = time_s
        self.value = smoothed
        return smoothed
