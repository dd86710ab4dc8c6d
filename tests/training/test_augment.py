"""Augmentation: seeded, in range, and as strong as asked for."""

from __future__ import annotations

import pytest
import torch

from srfer.errors import ConfigError
from srfer.training.augment import augment
from tests.training.toy import toy_recipe

FACES = torch.rand(32, 1, 48, 48, generator=torch.Generator().manual_seed(1))


def vary(strength: float, seed: int = 2) -> torch.Tensor:
    return augment(FACES, torch.Generator().manual_seed(seed), strength)


def test_the_seed_decides() -> None:
    assert torch.equal(vary(1.0), vary(1.0))
    assert not torch.equal(vary(1.0), vary(1.0, seed=3))
    assert 0 <= vary(1.0).min() <= vary(1.0).max() <= 1


def test_no_strength_leaves_mirroring_alone() -> None:
    """Up to the rounding of resampling; faces keep away from 0 and 1."""
    found = vary(0.0)
    safe = FACES.clamp(1e-3, 1)
    as_is = (found - safe).abs().amax(dim=(1, 2, 3)) < 1e-3
    mirrored = (found - safe.flip(-1)).abs().amax(dim=(1, 2, 3)) < 1e-3
    assert (as_is ^ mirrored).all()
    assert 0 < as_is.sum() < len(FACES)


def test_more_strength_changes_more() -> None:
    """Of faces that are symmetric, so that mirroring does not count."""
    symmetric = (FACES + FACES.flip(-1)) / 2

    def change(strength: float) -> float:
        varied = augment(symmetric, torch.Generator().manual_seed(4), strength)
        return float((varied - symmetric).abs().mean())

    assert change(0.0) < 1e-3 < change(0.3) < change(1.0)


def test_a_recipe_says_how_strong() -> None:
    assert toy_recipe().augmentation == 1.0
    assert toy_recipe(augmentation=0.5).digest != toy_recipe().digest
    with pytest.raises(ConfigError, match="augmentation must lie between 0 and 1"):
        toy_recipe(augmentation=1.5)
