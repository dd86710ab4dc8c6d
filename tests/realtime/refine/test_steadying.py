"""The filter over past and future: what it gives, and where labels change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from srfer.engines import LABELS, Expression
from srfer.realtime import Box, Face, Track, TrackState
from srfer.realtime.refine import Kept, Refinement
from srfer.realtime.refine.rows import NO_LABEL, ROWS_PER_BLOCK, RowFile, to_row
from srfer.realtime.refine.steadying import steady
from srfer.realtime.smoothing import ExponentialSmoother, SteadyLabel

SETTINGS = Refinement()
FACE = Face(Box(0, 0, 40, 40), 0.9)
Readings = Sequence[NDArray[np.float32] | None]


def shown(index: int, confidence: float = 0.8) -> NDArray[np.float32]:
    found = np.full(len(LABELS), (1 - confidence) / (len(LABELS) - 1), np.float32)
    found[index] = confidence
    return found


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[RowFile]:
    with RowFile(tmp_path, Kept()) as file:
        yield file


def steadied(rows: RowFile, times_s: Sequence[float], *faces: Readings) -> list[list[Any]]:
    """The steadied rows of every face; each has a reading or None in every frame."""
    for position in range(len(times_s)):
        for number, readings in enumerate(faces, 1):
            read = readings[position]
            state = TrackState.LOST if read is None else TrackState.TRACKED
            expression = None if read is None else Expression(read, 40.0, 0.7)
            rows.append(to_row(position, Track(number, state, FACE, 0), expression, Kept()))
    steady(rows, times_s, SETTINGS)
    found: list[list[Any]] = [[] for _ in faces]
    for row in rows.rows():
        found[int(row["track"][0]) - 1].append(row[0])
    return found


def mean_on_both_sides(times_s: Sequence[float], readings: Readings, at: int) -> Any:
    """The definition: a mean with weights that fall exponentially on both sides."""
    weights = [np.exp(-abs(time_s - times_s[at]) / SETTINGS.time_constant_s) for time_s in times_s]
    pairs = [(w, r) for w, r in zip(weights, readings, strict=True) if r is not None]
    return sum(w * r for w, r in pairs) / sum(w for w, _ in pairs)


def test_it_is_the_mean_on_both_sides_whatever_the_times(rows: RowFile) -> None:
    random = np.random.default_rng(3)
    times_s = np.cumsum(random.uniform(0.01, 0.2, 60)).tolist()
    readings: list[NDArray[np.float32] | None] = [
        random.dirichlet(np.ones(len(LABELS))).astype(np.float32) for _ in times_s
    ]
    readings[20:30] = [None] * 10
    (found,) = steadied(rows, times_s, readings)
    for at, row in enumerate(found):
        expected = mean_on_both_sides(times_s, readings, at)
        assert np.allclose(row["smoothed"], expected, atol=1e-5)
        assert row["smoothed"].sum() == pytest.approx(1, abs=1e-5)


def test_a_change_neither_lags_nor_leads(rows: RowFile) -> None:
    times_s = [at / 25 for at in range(100)]
    (found,) = steadied(rows, times_s, [shown(1)] * 50 + [shown(4)] * 50)
    assert [int(row["label"]) for row in found] == [1] * 50 + [4] * 50
    live, label = ExponentialSmoother(), SteadyLabel()
    late = [label.update(live.update(t, shown(1 if t < 2 else 4))) for t in times_s].index(4)
    assert late > 52, "the live filter cannot know"


def test_a_flicker_is_no_change(rows: RowFile) -> None:
    times_s = [at / 25 for at in range(60)]
    readings = [shown(4 if at in {30, 31} else 1) for at in range(60)]
    (found,) = steadied(rows, times_s, readings)
    assert {int(row["label"]) for row in found} == {1}


def test_before_a_face_is_read_nothing_is_said_of_it(rows: RowFile) -> None:
    times_s = [at / 25 for at in range(10)]
    first: Readings = [None] * 4 + [shown(2)] * 2 + [None] * 4
    never: Readings = [None] * 10
    found, unread = steadied(rows, times_s, first, never)
    assert [int(row["label"]) for row in found] == [NO_LABEL] * 4 + [2] * 6
    assert np.allclose(found[-1]["smoothed"], shown(2))
    assert {int(row["label"]) for row in unread} == {NO_LABEL}


def test_an_hour_without_a_reading_is_bridged(rows: RowFile) -> None:
    times_s = [0.0, 1700.0, 1900.0, 3600.0]
    (found,) = steadied(rows, times_s, [shown(1), None, None, shown(4)])
    for row, nearest in zip(found, (1, 1, 4, 4), strict=True):
        assert np.allclose(row["smoothed"], shown(nearest), atol=1e-4)


def test_faces_and_blocks_do_not_mix(rows: RowFile) -> None:
    frames = ROWS_PER_BLOCK // 2 + 40  # the border of the blocks lies within
    times_s = [at / 25 for at in range(frames)]
    random = np.random.default_rng(5)
    one = [random.dirichlet(np.ones(8)).astype(np.float32) for _ in times_s]
    other = [shown(6)] * frames
    found, constant = steadied(rows, times_s, one, other)
    for at in (0, frames // 2, ROWS_PER_BLOCK // 2 - 1, ROWS_PER_BLOCK // 2, frames - 1):
        assert np.allclose(found[at]["smoothed"], mean_on_both_sides(times_s, one, at), atol=1e-5)
    assert all(np.allclose(row["smoothed"], shown(6), atol=1e-5) for row in constant)
