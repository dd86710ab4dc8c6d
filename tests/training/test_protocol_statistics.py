"""Tests and intervals against values by hand, by enumeration and by scipy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from srfer.training.protocol.statistics import (
    Answers,
    accuracy_gain,
    bootstrap_interval,
    holm,
    mcnemar,
    retention,
    swap_test,
    wilson_interval,
)


def answers_with(both: int, only_first: int, only_second: int, neither: int) -> tuple[Answers, ...]:
    """Two systems' answers with these numbers of faces."""
    first = np.repeat([True, True, False, False], (both, only_first, only_second, neither))
    second = np.repeat([True, False, True, False], (both, only_first, only_second, neither))
    return first, second


def drawn(seed: int, shape: tuple[int, ...], gain: float) -> tuple[Answers, Answers]:
    """Answers that are right for 60 % and 60 % + gain of the faces, related face by face."""
    random = np.random.default_rng(seed)
    ease = 0.7 * random.random(shape[-1]) + 0.3 * random.random((2, *shape))
    thresholds = np.quantile(ease, (0.6 + gain, 0.6))
    return ease[0] < thresholds[0], ease[1] < thresholds[1]


def test_mcnemar_by_hand() -> None:
    # 9 faces differ, 8 to 1: 2 * (C(9,0) + C(9,1)) / 2^9 = 20 / 512
    found = mcnemar(*answers_with(50, 8, 1, 7))
    assert (found.only_first, found.only_second) == (8, 1)
    assert found.p == pytest.approx(20 / 512)
    assert mcnemar(*answers_with(50, 1, 8, 7)).p == pytest.approx(20 / 512)


def test_equal_answers_prove_nothing() -> None:
    first, second = answers_with(5, 0, 0, 3)
    assert mcnemar(first, second) == (0, 0, 1.0)
    assert swap_test(first, second) == 1.0
    assert bootstrap_interval(first, second) == (0.0, 0.0)


@pytest.mark.parametrize("split", [(8, 1), (1, 8), (30, 30), (31, 30), (400, 250)])
def test_the_swap_test_is_mcnemar_s_for_one_seed_and_size(split: tuple[int, int]) -> None:
    first, second = answers_with(70, *split, 20)
    assert swap_test(first, second) == pytest.approx(mcnemar(first, second).p, rel=1e-9)
    # Asking each face twice with the same outcome is no more evidence.
    twice = np.stack([first, first]), np.stack([second, second])
    assert swap_test(*twice) == pytest.approx(mcnemar(first, second).p, rel=1e-9)


def test_the_swap_test_by_enumeration() -> None:
    first, second = drawn(3, (2, 3, 11), 0.1)
    gains = (first.astype(int) - second.astype(int)).sum(axis=(0, 1))
    sums = [np.dot(signs, gains) for signs in itertools.product((-1, 1), repeat=11)]
    expected = np.mean(np.abs(sums) >= abs(gains.sum()))
    assert 0 < expected < 1
    assert swap_test(first, second) == pytest.approx(expected, rel=1e-9)


def test_the_swap_test_by_scipy() -> None:
    first, second = drawn(4, (3, 4, 500), 0.02)
    gains = (first.mean(axis=(0, 1)) - second.mean(axis=(0, 1))).round(9)
    reference = stats.permutation_test(
        (gains[gains != 0],),
        np.sum,
        permutation_type="samples",
        n_resamples=4000,
        rng=np.random.default_rng(0),
    )
    assert swap_test(first, second) == pytest.approx(reference.pvalue, abs=0.02)


def test_bootstrap_by_scipy() -> None:
    first, second = drawn(5, (3, 4, 400), 0.03)
    gains = (first.astype(float) - second.astype(float)).mean(axis=(0, 1))
    reference = stats.bootstrap(
        (gains,), np.mean, method="percentile", n_resamples=10_000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert bootstrap_interval(first, second) == pytest.approx(reference, abs=0.001)


def test_the_bootstrap_interval_covers_the_true_difference() -> None:
    random = np.random.default_rng(6)
    covered = 0
    for _ in range(200):
        first, second = random.random(300) < 0.7, random.random(300) < 0.6
        low, high = bootstrap_interval(first, second)
        covered += low <= 0.1 <= high
    assert 180 <= covered <= 199


def test_the_bootstrap_does_not_depend_on_what_was_called_before() -> None:
    one, other = drawn(7, (3, 2000), 0.05), drawn(8, (3, 2000), 0.0)
    forwards = bootstrap_interval(*one), bootstrap_interval(*other)
    backwards = bootstrap_interval(*other), bootstrap_interval(*one)
    assert forwards == backwards[::-1]
    assert bootstrap_interval(*one, seed=1) != forwards[0]


def test_swapped_systems_give_the_mirrored_interval() -> None:
    first, second = drawn(9, (3, 300), 0.04)
    low, high = bootstrap_interval(first, second)
    assert bootstrap_interval(second, first) == pytest.approx((-high, -low), abs=0.002)
    assert low < accuracy_gain(first, second) < high


def test_more_seeds_do_not_count_as_more_faces() -> None:
    first, second = drawn(10, (300,), 0.05)
    repeated = np.stack([first] * 3), np.stack([second] * 3)
    assert bootstrap_interval(*repeated) == pytest.approx(bootstrap_interval(first, second))


def test_wilson_by_hand() -> None:
    # 8 of 10, z = 1.96: (0.8 + z²/20 ± z·sqrt(0.016 + z²/400)) / (1 + z²/10)
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0, 10)[0] == pytest.approx(0)


def test_retention_is_what_is_left() -> None:
    assert retention(0.6, 0.8) == pytest.approx(0.75)
    assert retention(0.0, 0.0) == 0.0


def test_holm_by_hand() -> None:
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1; none smaller than the one before
    assert holm((0.01, 0.04, 0.03, 0.005)) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm((0.9, 0.8)) == (1.0, 1.0)
    assert holm(()) == ()
