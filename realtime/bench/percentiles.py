"""Percentiles, defined once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Percentiles:
    """A summary of samples, in their unit.

    The q-th percentile is the nearest rank: the smallest sample that at least q % of all samples
    do not exceed. So it always is a sample, never a number between two.

    Attributes:
        n: number of samples. Of fewer than 100, p99 is the largest; of fewer than 20, p95 is too.
        mean: arithmetic mean.
        p50: median.
        p95: 95th percentile.
        p99: 99th percentile.
        max: largest sample.
    """

    n: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(
        cls, samples: Sequence[float] | NDArray[np.float64], digits: int = 3
    ) -> Percentiles | None:
        """Summarise samples, rounded to so many decimal places; None if there are none."""
        values = np.asarray(samples, dtype=np.float64)
        if not values.size:
            return None
        p50, p95, p99 = (round(nearest_rank(values, q), digits) for q in (50, 95, 99))
        mean, largest = round(float(values.mean()), digits), round(float(values.max()), digits)
        return cls(int(values.size), mean, p50, p95, p99, largest)


def nearest_rank(values: NDArray[np.float64], q: int) -> float:
    """The smallest of one or more values that at least q % of them do not exceed."""
    return float(np.percentile(values, q, method="inverted_cdf"))
