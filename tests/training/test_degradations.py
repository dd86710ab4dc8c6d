"""Degradations against slow references by other libraries."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from srfer.training.degradations import (
    DegradationMix,
    blur,
    compress_jpeg,
    degrade,
    enlarge,
    reduce,
)

MIX = DegradationMix(sizes_px=(8, 12, 24), full_size=0.25, blurred=0.25, noisy=0.25)


@pytest.fixture
def faces() -> torch.Tensor:
    """(6, 1, 48, 48) smooth pictures in steps of 1/255."""
    random = np.random.default_rng(3)
    coarse = random.random((6, 12, 12))
    smooth = np.stack(
        [cv2.resize(item, (48, 48), interpolation=cv2.INTER_CUBIC) for item in coarse]
    )
    return torch.from_numpy(np.round(smooth.clip(0, 1) * 255).astype(np.float32) / 255)[:, None]


@pytest.mark.parametrize("size", [24, 16, 12, 8])
def test_reduce_is_antialiased_bicubic(faces: torch.Tensor, size: int) -> None:
    ours = (reduce(faces, size) * 255).round().numpy().astype(int)[:, 0]
    for picture, reduced in zip(faces.numpy()[:, 0], ours, strict=True):
        pillow = Image.fromarray(picture * 255)  # float, or Pillow would round between its passes
        reference = np.asarray(pillow.resize((size, size), Image.Resampling.BICUBIC))
        assert np.abs(reduced - reference.clip(0, 255)).max() <= 0.51


@pytest.mark.parametrize("size", [24, 16, 12, 8])
def test_enlarge_is_what_the_engine_does_to_a_small_crop(faces: torch.Tensor, size: int) -> None:
    small = reduce(faces, size)
    ours = (enlarge(small) * 255).round().numpy().astype(int)[:, 0]
    for picture, enlarged in zip(small.numpy()[:, 0], ours, strict=True):
        pixels = (picture * 255).round().astype(np.uint8)
        reference = cv2.resize(pixels, (48, 48), interpolation=cv2.INTER_CUBIC).astype(int)
        assert np.abs(enlarged - reference).max() <= 1


def test_full_size_is_left_alone(faces: torch.Tensor) -> None:
    assert torch.equal(enlarge(reduce(faces, 48)), faces)


def test_blur_is_gaussian_with_a_sigma_per_image(faces: torch.Tensor) -> None:
    sigmas = torch.tensor([0.3, 0.8, 1.5, 2.5, 4.0, 6.0])
    ours = blur(faces, sigmas).numpy()[:, 0]
    for picture, blurred, sigma in zip(faces.numpy()[:, 0], ours, sigmas.tolist(), strict=True):
        reference = ndimage.gaussian_filter(picture, sigma, mode="nearest", truncate=18 / sigma)
        assert np.abs(blurred - reference).max() < 5e-3


def test_jpeg_loses_more_at_lower_quality(faces: torch.Tensor) -> None:
    fine = (compress_jpeg(faces, torch.full((6,), 95)) - faces).abs().mean()
    coarse = (compress_jpeg(faces, torch.full((6,), 10)) - faces).abs().mean()
    assert 0 < fine < coarse < 0.1


def test_degrade_repeats_with_the_seed_and_only_then(faces: torch.Tensor) -> None:
    first, sizes = degrade(faces, MIX, torch.Generator().manual_seed(5))
    again, sizes_again = degrade(faces, MIX, torch.Generator().manual_seed(5))
    other, _ = degrade(faces, MIX, torch.Generator().manual_seed(6))
    assert torch.equal(first, again)
    assert torch.equal(sizes, sizes_again)
    assert not torch.equal(first, other)


def test_degrade_draws_what_the_mix_says(faces: torch.Tensor) -> None:
    many = faces.repeat(200, 1, 1, 1)
    degraded, sizes = degrade(many, MIX, torch.Generator().manual_seed(1))
    assert set(sizes.tolist()) == {8.0, 12.0, 24.0, 48.0}
    assert abs(float((sizes == 48).float().mean()) - 0.25) < 0.05
    untouched = (degraded == many).flatten(1).all(dim=1) & (sizes == 48)
    assert abs(float(untouched.float().sum() / (sizes == 48).sum()) - 0.5) < 0.1
    assert torch.equal((degraded * 255).round() / 255, degraded)


def test_degrade_leaves_its_input_alone(faces: torch.Tensor) -> None:
    before = faces.clone()
    degrade(faces, MIX, torch.Generator().manual_seed(2))
    assert torch.equal(before, faces)
