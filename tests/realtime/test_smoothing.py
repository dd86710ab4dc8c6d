"""The filter over time."""

from __future__ import annotations

import numpy as np
import pytest

from srfer.realtime.smoothing import ExponentialSmoother, SteadyLabel

A, B = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def test_a_step_comes_through_with_the_time_constant() -> None:
    smoother = ExponentialSmoother(time_constant_s=0.5)
    smoother.update(0.0, A)
    assert smoother.update(0.5, B)[1] == pytest.approx(1 - np.exp(-1), abs=1e-6)


def test_the_frame_rate_does_not_matter() -> None:
    slow, fast = ExponentialSmoother(0.3), ExponentialSmoother(0.3)
    slow.update(0.0, A)
    fast.update(0.0, A)
    for step in range(1, 11):
        fast.update(step / 10, B)
    assert fast.value is not None
    assert slow.update(1.0, B)[1] == pytest.approx(float(fast.value[1]), abs=1e-5)


def test_values_cannot_be_changed_by_readers() -> None:
    value = ExponentialSmoother().update(0.0, A.copy())
    with pytest.raises(ValueError, match="read-only"):
        value[0] = 5


def shares(first: float) -> np.ndarray:
    return np.array([first, 1 - first], np.float32)


def test_a_label_stays_until_another_is_clearly_ahead() -> None:
    label = SteadyLabel(lead=0.1)
    seen = [label.update(shares(first)) for first in (0.6, 0.49, 0.51, 0.46, 0.44, 0.51, 0.56)]
    assert seen == [0, 0, 0, 0, 1, 1, 0]


def test_a_label_that_wavers_around_the_middle_does_not_flicker() -> None:
    random = np.random.default_rng(5)
    label = SteadyLabel()
    seen = [label.update(shares(0.5 + random.uniform(-0.04, 0.04))) for _ in range(200)]
    assert len(set(seen)) == 1
