"""Logit adjustment: what is rare gets its due, as much as the recipe says and the size allows."""

from __future__ import annotations

import math

import pytest
import torch

from srfer.engines import Curve
from srfer.training.adjustment import LogitAdjustment, interpolate

VOTES = torch.tensor([[0.5, 0.3, 0.1, 0.05, 0.03, 0.01, 0.01, 0.0]])


def test_a_full_adjustment_undoes_the_prior() -> None:
    """A network that has learned nothing but frequencies is left with no opinion."""
    adjust = LogitAdjustment(VOTES, Curve((8.0, 48.0), (1.0, 1.0)))
    logits = torch.log(VOTES.clamp(min=1e-3)).repeat(2, 1)
    found = torch.softmax(adjust(logits, torch.tensor([8.0, 48.0])), dim=1)
    assert torch.allclose(found, torch.full((2, 8), 1 / 8), atol=1e-6)


def test_without_strength_nothing_changes() -> None:
    logits = torch.randn(3, 8)
    assert torch.equal(LogitAdjustment(VOTES)(logits, torch.tensor([8.0, 20.0, 48.0])), logits)


def test_what_is_frequent_enough_can_be_left_alone() -> None:
    adjust = LogitAdjustment(VOTES, Curve((8.0, 48.0), (1.0, 1.0)), below=0.04)
    assert adjust.offset[:4].tolist() == [0, 0, 0, 0]
    wanted = [math.log(0.04 / share) for share in (0.03, 0.01, 0.01, 0.001)]
    assert adjust.offset[4:].tolist() == pytest.approx(wanted, rel=1e-5)


def test_strength_follows_the_native_size() -> None:
    adjust = LogitAdjustment(VOTES, Curve((8.0, 48.0), (0.1, 0.5)))
    sizes = torch.tensor([4.0, 8.0, 28.0, 48.0, 300.0])
    gained = adjust(torch.zeros(5, 8), sizes)[:, 7] / adjust.offset[7]
    assert gained.tolist() == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.5], rel=1e-5)


def test_interpolation_is_that_of_the_runtime() -> None:
    curve = Curve((8.0, 12.0, 24.0, 48.0), (3.0, 2.0, 2.5, 1.0))
    sizes = torch.linspace(2, 60, 59)
    wanted = [curve.at(float(size)) for size in sizes]
    assert interpolate(curve, sizes).tolist() == pytest.approx(wanted, rel=1e-5)
