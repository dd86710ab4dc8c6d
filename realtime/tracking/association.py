"""Which detection belongs to which track: likeness and the best assignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..types import Box

Row = TypeVar("Row")
Column = TypeVar("Column")

LEAST_SIZE_RATIO = 0.5
"""Boxes whose sides differ by more than this are never the same face."""


def iou(boxes: Sequence[Box], others: Sequence[Box]) -> NDArray[np.float64]:
    """(N, M) intersection over union of each box with each other box, 0..1."""
    a, b = _as_array(boxes)[:, None], _as_array(others)[None]
    corner = np.maximum(a[..., :2], b[..., :2])
    opposite = np.minimum(a[..., 2:], b[..., 2:])
    shared = np.clip(opposite - corner, 0, None).prod(axis=-1)
    area_a, area_b = ((c[..., 2:] - c[..., :2]).prod(axis=-1) for c in (a, b))
    return np.asarray(shared / (area_a + area_b - shared))


def nearness(
    boxes: Sequence[Box], reach_px: Sequence[float], others: Sequence[Box]
) -> NDArray[np.float64]:
    """(N, M) nearness of middles: 1 at the same place, 0 at `reach_px` away or further.

    Unlike overlap it still tells which is nearer where small boxes do not touch. Boxes of very
    different size have nearness 0.
    """
    a, b = _as_array(boxes)[:, None], _as_array(others)[None]
    apart = np.linalg.norm((a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2, axis=-1)
    side_a, side_b = (np.sqrt((c[..., 2:] - c[..., :2]).prod(axis=-1)) for c in (a, b))
    ratio = np.minimum(side_a, side_b) / np.maximum(side_a, side_b)
    near = np.clip(1 - apart / np.asarray(reach_px, np.float64).reshape(-1, 1), 0, None)
    return np.where(ratio >= LEAST_SIZE_RATIO, near, 0.0)


def assign(likeness: NDArray[np.float64], *, at_least: float) -> list[tuple[int, int]]:
    """Pair rows with columns, each at most once, so that the sum of likeness is greatest.

    Args:
        likeness: (N, M), 0 or more.
        at_least: pairs that are less alike are never made; above 0.

    Returns:
        (row, column) of each pair, by row.
    """
    if 0 in likeness.shape:
        return []
    allowed = np.where(likeness >= at_least, likeness, 0.0)
    if allowed.shape[0] <= allowed.shape[1]:
        pairs = list(enumerate(_cheapest_columns(-allowed)))
    else:
        pairs = sorted((row, column) for column, row in enumerate(_cheapest_columns(-allowed.T)))
    return [(row, column) for row, column in pairs if allowed[row, column] > 0]


def left_over(
    rows: Sequence[Row], columns: Sequence[Column], pairs: Sequence[tuple[int, int]]
) -> tuple[list[Row], list[Column]]:
    """The rows and the columns that are in no pair, in their order."""
    paired_rows, paired_columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return (
        [row for i, row in enumerate(rows) if i not in paired_rows],
        [column for i, column in enumerate(columns) if i not in paired_columns],
    )


def _cheapest_columns(cost: NDArray[np.float64]) -> list[int]:
    """A column for each row at the least total cost; no more rows than columns.

    The Hungarian method by shortest augmenting paths with potentials (Jonker and Volgenant 1987):
    rows enter one by one, each time along the cheapest path to a free column.
    """
    n, m = cost.shape
    row_price, column_price = np.zeros(n), np.zeros(m)
    row_of = np.full(m, -1)
    for new_row in range(n):
        distance = np.full(m, np.inf)
        came_from = np.full(m, -1)
        is_done = np.zeros(m, bool)
        row, column, so_far = new_row, -1, 0.0
        while row >= 0:
            through = so_far + cost[row] - row_price[row] - column_price
            is_shorter = ~is_done & (through < distance)
            distance[is_shorter] = through[is_shorter]
            came_from[is_shorter] = column
            column = int(np.where(is_done, np.inf, distance).argmin())
            so_far = float(distance[column])
            is_done[column] = True
            row = int(row_of[column])
        # Prices change so that every pair made so far stays the cheapest for its row.
        is_inner = is_done & (row_of >= 0)
        row_price[new_row] += so_far
        row_price[row_of[is_inner]] += so_far - distance[is_inner]
        column_price[is_done] -= so_far - distance[is_done]
        while column >= 0:
            previous = int(came_from[column])
            row_of[column] = new_row if previous < 0 else row_of[previous]
            column = previous
    columns = np.empty(n, int)
    columns[row_of[row_of >= 0]] = np.flatnonzero(row_of >= 0)
    return [int(column) for column in columns]


def _as_array(boxes: Sequence[Box]) -> NDArray[np.float64]:
    return np.asarray(boxes, np.float64).reshape(-1, 4)
