"""One system against another on the same faces, with the same seeds."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .result import Result
from .statistics import (
    Answers,
    Interval,
    accuracy_gain,
    bootstrap_interval,
    holm,
    mcnemar,
    swap_test,
)

SMALL_PX = (24, 16, 12, 8)
"""Over these sizes systems are compared; none ever learned from 10 px."""
SIGNIFICANT_BELOW = 0.05

Systems = Mapping[str, tuple[Result, ...]]
"""The results of each row, by seed."""


class Outcome(StrEnum):
    """What a comparison proves."""

    BEATS = "beats"
    LOSES = "loses to"
    OPEN = "cannot be told from"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One system against another, under D1.

    Attributes:
        ours: the first row.
        other: the second.
        sizes_px: over which gains are averaged.
        seeds: those that both rows have.
        count: number of faces.
        gain: accuracy of `ours` minus that of `other`, mean over seeds and sizes.
        interval: of `gain`, over faces drawn anew.
        seeds_ahead: number of seeds with which `ours` is ahead.
        mcnemar_p: of each seed; empty over several sizes.
        p: of the exact permutation test over all seeds and sizes.
        holm_p: `p` corrected for the number of comparisons made together.
    """

    ours: str
    other: str
    sizes_px: tuple[int, ...]
    seeds: tuple[int, ...]
    count: int
    gain: float
    interval: Interval
    seeds_ahead: int
    mcnemar_p: tuple[float, ...]
    p: float
    holm_p: float

    @property
    def outcome(self) -> Outcome:
        """A win or a loss if test and interval agree on it."""
        if self.holm_p < SIGNIFICANT_BELOW:
            if self.interval.low > 0:
                return Outcome.BEATS
            if self.interval.high < 0:
                return Outcome.LOSES
        return Outcome.OPEN


def answers(result: Result, sizes_px: Sequence[int]) -> Answers | None:
    """(sizes, faces) right or wrong under D1; None if one of the sizes was not measured."""
    found = [result.condition("D1", size) for size in sizes_px]
    if any(item is None for item in found):
        return None
    return np.array([item.correct for item in found if item is not None], bool)


def compare(
    systems: Systems, ours: str, other: str, sizes_px: tuple[int, ...] = SMALL_PX
) -> Comparison | None:
    """Compare two rows over the seeds that both have; None if there are none."""
    all_ours, all_others = (_by_seed(systems.get(row, ()), sizes_px) for row in (ours, other))
    seeds = sorted(all_ours.keys() & all_others.keys())
    if not seeds:
        return None
    first = np.stack([all_ours[seed] for seed in seeds])
    second = np.stack([all_others[seed] for seed in seeds])
    p = swap_test(first, second)
    one_size = len(sizes_px) == 1
    pairs = list(zip(first, second, strict=True))
    return Comparison(
        ours=ours,
        other=other,
        sizes_px=sizes_px,
        seeds=tuple(seeds),
        count=first.shape[-1],
        gain=accuracy_gain(first, second),
        interval=bootstrap_interval(first, second),
        seeds_ahead=sum(accuracy_gain(a, b) > 0 for a, b in pairs),
        mcnemar_p=tuple(mcnemar(a[0], b[0]).p for a, b in pairs) if one_size else (),
        p=p,
        holm_p=p,
    )


def _by_seed(results: Iterable[Result], sizes_px: Sequence[int]) -> dict[int, Answers]:
    found = {result.seed: answers(result, sizes_px) for result in results}
    return {seed: right for seed, right in found.items() if right is not None}


def compare_together(
    systems: Systems, pairs: Iterable[tuple[str, str]], sizes_px: tuple[int, ...] = SMALL_PX
) -> tuple[Comparison, ...]:
    """Compare several pairs of rows, with p-values corrected for their number.

    Args:
        systems: the results.
        pairs: names of rows; pairs that share no seed are left out.
        sizes_px: over which gains are averaged.
    """
    found = [compare(systems, ours, other, sizes_px) for ours, other in pairs]
    made = [item for item in found if item is not None]
    corrected = holm([item.p for item in made])
    return tuple(
        dataclasses.replace(item, holm_p=p) for item, p in zip(made, corrected, strict=True)
    )


def mean_accuracy(results: Iterable[Result], sizes_px: tuple[int, ...] = SMALL_PX) -> float | None:
    """Over sizes under D1 and over seeds; None where nothing has all the sizes."""
    found = [right for result in results if (right := answers(result, sizes_px)) is not None]
    return float(np.mean(found)) if found else None
