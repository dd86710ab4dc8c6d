"""The filter over time."""

from __future__ import annotations

import numpy as np
import pytest

from srfer.realtime.smoothing import ExponentialSmoother

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
