"""Temperature scaling."""

from __future__ import annotations

import pytest
import torch

from srfer.training.calibrate import fit_temperature


def draw(scale: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits whose softmax is true when divided by `scale`, and labels drawn from it."""
    generator = torch.Generator().manual_seed(1)
    honest = 2 * torch.randn(4000, 8, generator=generator)
    labels = torch.multinomial(honest.softmax(dim=1), 1, generator=generator)[:, 0]
    return honest * scale, labels


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_it_finds_by_how_much_a_network_is_too_sure(scale: float) -> None:
    assert fit_temperature(*draw(scale)) == pytest.approx(scale, rel=0.06)


@pytest.mark.parametrize("size", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_network_that_knows_nothing_gets_a_finite_temperature(size: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = size * torch.randn(400, 8, generator=generator)
    labels = torch.randint(8, (400,), generator=generator)
    assert 1 / 16.1 <= fit_temperature(logits, labels) <= 16.1
