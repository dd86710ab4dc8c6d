"""Chance: what two systems' answers on the same faces prove, and what they do not.

Answers are arrays of bool, (..., faces): True where a face was labelled correctly. Axes before the
last are seeds and sizes; a face's gain is its mean over them. Faces are what is drawn at random,
each with all its answers, since those belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

Answers = NDArray[np.bool_]

RESAMPLES = 10_000
SEED = 48
SURE = 0.95
"""Confidence level of all intervals."""


class Interval(NamedTuple):
    """Where the true value lies in 95 of 100 such experiments."""

    low: float
    high: float


class McNemar(NamedTuple):
    """McNemar's exact test.

    Attributes:
        only_first: faces that only the first system labels correctly.
        only_second: faces that only the second does.
        p: chance of a split at least as uneven if both were equally good.
    """

    only_first: int
    only_second: int
    p: float


def wilson_interval(correct: int, count: int) -> Interval:
    """Of one accuracy, `correct` of `count` faces."""
    found = binomtest(correct, count).proportion_ci(SURE, method="wilson")
    return Interval(float(found.low), float(found.high))


def retention(low: float, high: float) -> float:
    """What is left of the accuracy `high` on originals: `low` divided by it; 0 if both are 0."""
    return low / high if high else 0.0


def mcnemar(first: Answers, second: Answers) -> McNemar:
    """Compare two systems, (faces,) each: a binomial test on the faces where only one is right."""
    only_first = int((first & ~second).sum())
    only_second = int((second & ~first).sum())
    if only_first + only_second == 0:
        return McNemar(0, 0, 1.0)
    test = binomtest(only_first, only_first + only_second)
    return McNemar(only_first, only_second, float(test.pvalue))


def accuracy_gain(first: Answers, second: Answers) -> float:
    """Accuracy of the first system minus that of the second, over all axes."""
    return float(first.mean() - second.mean())


def _gains(first: Answers, second: Answers) -> NDArray[np.int64]:
    """(faces,) by how many more answers the first system is right about each face."""
    difference = first.astype(np.int64) - second.astype(np.int64)
    return np.asarray(difference.reshape(-1, difference.shape[-1]).sum(axis=0))


def bootstrap_interval(first: Answers, second: Answers, seed: int = SEED) -> Interval:
    """Paired percentile bootstrap of `accuracy_gain`: 10,000 times as many faces, drawn anew.

    The generator begins anew with every call: the interval depends on the answers only.
    """
    gains = _gains(first, second)
    values, counts = np.unique(gains, return_counts=True)
    # How often each gain comes up is all that matters of a draw of faces. It follows a multinomial
    # distribution, which is drawn thirty times faster than the faces: scipy.stats.bootstrap.
    draws = np.random.default_rng(seed).multinomial(gains.size, counts / gains.size, size=RESAMPLES)
    differences = draws @ values / first.size
    low, high = np.quantile(differences, [(1 - SURE) / 2, (1 + SURE) / 2])
    return Interval(float(low), float(high))


def swap_test(first: Answers, second: Answers) -> float:
    """Exact permutation test of `accuracy_gain`: McNemar's test for several seeds and sizes.

    If both systems were equally good, each face's answers could as well have been the other
    system's: the signs of the gains are chance. For one seed and size it is McNemar's exact test.

    Returns:
        the chance of signs with a sum at least as far from zero.
    """
    gains = _gains(first, second)
    sizes, counts = np.unique(np.abs(gains[gains != 0]), return_counts=True)
    chances = np.ones(1)  # of each sum, the middle one zero
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        of_size = np.zeros(2 * size * count + 1)
        of_size[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        chances = np.convolve(chances, of_size)
    sums = np.arange(chances.size) - chances.size // 2
    return min(1.0, float(chances[np.abs(sums) >= abs(int(gains.sum()))].sum()))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Correct p-values for their number (Holm 1979), in their order."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    steps = p[order] * np.arange(p.size, 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return tuple(corrected.tolist())
