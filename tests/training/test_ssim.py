"""Structural similarity against scikit-image's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from srfer.training import ssim as module
from srfer.training.ssim import ssim


def faces(count: int, seed: int) -> torch.Tensor:
    """(count, 1, 48, 48) smooth patterns in steps of 1/255."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:48, 0:48]
    waves = np.sin(random.uniform(0.05, 0.4, (count, 1, 1)) * x + random.uniform(0, 9) + y / 7)
    return torch.from_numpy(np.round(127 + 120 * waves) / 255).float()[:, None]


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1, 0.5])
def test_it_is_scikit_image_s(noise: float) -> None:
    originals = faces(5, 1)
    generator = torch.Generator().manual_seed(2)
    changed = (originals + noise * torch.randn(originals.shape, generator=generator)).clamp(0, 1)
    expected = [
        structural_similarity(
            a.double().numpy(),
            b.double().numpy(),
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in zip(changed[:, 0], originals[:, 0], strict=True)
    ]
    assert ssim(changed, originals).tolist() == pytest.approx(expected, abs=1e-9)


def test_bounds_and_symmetry() -> None:
    first, second = faces(3, 3), faces(3, 4)
    assert ssim(first, first).tolist() == pytest.approx([1, 1, 1], abs=1e-12)
    assert ssim(torch.ones(1, 1, 48, 48), torch.zeros(1, 1, 48, 48)).item() < 1e-3
    assert torch.equal(ssim(first, second), ssim(second, first))
    assert (ssim(first, second).abs() < 1).all()


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = faces(7, 5), faces(7, 6)
    whole = ssim(first, second)
    monkeypatch.setattr(module, "BATCH", 3)
    assert torch.allclose(ssim(first, second), whole, rtol=0, atol=1e-12)
