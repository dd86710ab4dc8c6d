"""What share of the time a face shows each expression, and how far to trust the share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS

SHOWN = (*LABELS, "unsure")
"""What a face can show: an expression, or none that is more likely right than wrong."""

BLOCK_S = 5
"""Length of the blocks that are drawn, in seconds: an expression lasts a few, so neighbouring
seconds are not independent."""

LEAST_BLOCKS = 6
DRAWS = 1000


class Shares(NamedTuple):
    """Shares of time by what was shown, in the order of `SHOWN`.

    Attributes:
        share: (9,) float64, sums to 1 (or is 0 where nothing was shown).
        low: (9,) lower end of the 95 % interval, or None where the time is too short for one.
        high: (9,) upper end.
    """

    share: NDArray[np.float64]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None


def shares_of_time(seconds: Mapping[int, NDArray[np.float64]], seed: int = 0) -> Shares:
    """Shares with block-bootstrap intervals (Kunsch 1989).

    The interval says how much the share would vary if other stretches of the same behaviour had
    been recorded. It says nothing of how often the labels are right.

    Args:
        seconds: by second of media time, (9,) how long each of `SHOWN` was shown, in seconds.
        seed: of the random draws, so that the same results give the same interval.
    """
    blocks: dict[int, NDArray[np.float64]] = {}
    for second, shown in seconds.items():
        block = second // BLOCK_S
        blocks[block] = blocks[block] + shown if block in blocks else shown
    table = np.array(list(blocks.values())).reshape(-1, len(SHOWN))
    total = table.sum()
    share = table.sum(axis=0) / total if total > 0 else np.zeros(len(SHOWN))
    if len(table) < LEAST_BLOCKS or total == 0:
        return Shares(share, None, None)
    even = np.full(len(table), 1 / len(table))
    counts = np.random.default_rng(seed).multinomial(len(table), even, size=DRAWS)
    drawn = counts @ table
    drawn = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-9)
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return Shares(share, low, high)
