"""Losses: zero where they should be, with the gradient they should have."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from srfer.training.losses import charbonnier, soft_cross_entropy


def test_charbonnier_is_zero_on_identical_images() -> None:
    images = torch.rand(2, 1, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert float(charbonnier(images, images)) == pytest.approx(0, abs=1e-12)


def test_charbonnier_is_the_mean_difference_where_it_is_large() -> None:
    zeros = torch.zeros(1, 1, 4, 4)
    assert float(charbonnier(zeros + 0.5, zeros)) == pytest.approx(0.499, abs=1e-3)


def test_charbonnier_survives_finite_differences() -> None:
    generator = torch.Generator().manual_seed(2)
    restored = torch.rand(2, 1, 3, 3, dtype=torch.float64, generator=generator)
    original = torch.rand(2, 1, 3, 3, dtype=torch.float64, generator=generator)
    assert gradcheck(charbonnier, (restored.requires_grad_(), original))


def test_soft_cross_entropy_is_least_where_prediction_and_votes_agree() -> None:
    votes = torch.tensor([[0.7, 0.2, 0.1]], dtype=torch.float64)
    agreeing = soft_cross_entropy(votes.log(), votes)
    entropy = -(votes * votes.log()).sum()
    assert float(agreeing) == pytest.approx(float(entropy))
    assert soft_cross_entropy(torch.zeros(1, 3, dtype=torch.float64), votes) > agreeing


def test_soft_cross_entropy_survives_finite_differences() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(4, 8, dtype=torch.float64, generator=generator).requires_grad_()
    votes = torch.rand(4, 8, dtype=torch.float64, generator=generator).softmax(dim=1)
    assert gradcheck(soft_cross_entropy, (logits, votes))
