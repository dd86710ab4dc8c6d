"""D1 to D3 and the mix, against slow references by other libraries."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from srfer.training.degradations import (
    BLUR_SIGMA_PX,
    JPEG_QUALITY,
    NOISE_SIGMA,
    DegradationMix,
    blur,
    blur_noise,
    compress_jpeg,
    degrade,
    enlarge,
    reduce,
)
from srfer.training.degradations.mix import degrade_group

from .pictures import convolved, in_grey_levels, smooth_faces, through_pillow_jpeg

MIX = DegradationMix(sizes_px=(8, 12, 24), full_size=0.25, blurred=0.25, noisy=0.25)


@pytest.fixture
def faces() -> torch.Tensor:
    return smooth_faces()


@pytest.mark.parametrize("size", [24, 16, 12, 10, 8])
def test_reduce_is_antialiased_bicubic(faces: torch.Tensor, size: int) -> None:
    for picture, reduced in zip(faces, in_grey_levels(reduce(faces, size)), strict=True):
        reference = _reduced_by_pillow(picture[0].numpy() * 255, size)
        assert np.abs(reduced - reference.clip(0, 255)).max() <= 0.51


@pytest.mark.parametrize("size", [24, 16, 12, 10, 8])
def test_enlarge_is_what_the_engine_does_to_a_small_crop(faces: torch.Tensor, size: int) -> None:
    small = reduce(faces, size)
    for picture, enlarged in zip(
        in_grey_levels(small), in_grey_levels(enlarge(small)), strict=True
    ):
        reference = _enlarged_by_opencv(picture)
        assert np.abs(enlarged - reference).max() <= 1


def test_full_size_is_left_alone(faces: torch.Tensor) -> None:
    assert torch.equal(enlarge(reduce(faces, 48)), faces)


def test_blur_is_gaussian_with_a_sigma_per_image(faces: torch.Tensor) -> None:
    sigmas = torch.tensor([0.3, 0.8, 1.5, 2.5, 4.0, 6.0])
    ours = blur(faces, sigmas).numpy()[:, 0]
    for picture, blurred, sigma in zip(faces.numpy()[:, 0], ours, sigmas.tolist(), strict=True):
        reference = ndimage.gaussian_filter(picture, sigma, mode="nearest", truncate=18 / sigma)
        assert np.abs(blurred - reference).max() < 5e-3


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.7])
def test_blur_is_a_convolution(faces: torch.Tensor, sigma: float) -> None:
    picture = faces[0, 0].numpy()
    reference = convolved(picture, _gaussian(sigma))
    assert np.abs(blur(faces[:1], torch.tensor([sigma]))[0, 0].numpy() - reference).max() < 1e-5


def test_a_batch_is_blurred_like_each_alone(faces: torch.Tensor) -> None:
    sigmas = torch.tensor([0.3, 0.8, 1.5, 2.5, 4.0, 6.0])
    together = blur(faces, sigmas)
    alone = torch.cat([blur(faces[i : i + 1], sigmas[i : i + 1]) for i in range(6)])
    assert (together - alone).abs().max() < 5e-3  # alone, less of the tail is kept


def test_jpeg_is_that_of_another_library(faces: torch.Tensor) -> None:
    qualities = torch.tensor([10, 30, 50, 70, 90, 100])
    ours = in_grey_levels(compress_jpeg(faces, qualities))
    for picture, compressed, quality in zip(
        in_grey_levels(faces), ours, qualities.tolist(), strict=True
    ):
        assert np.abs(compressed - through_pillow_jpeg(picture, quality)).max() <= 1


def test_jpeg_loses_more_at_lower_quality(faces: torch.Tensor) -> None:
    fine = (compress_jpeg(faces, torch.full((6,), 95)) - faces).abs().mean()
    coarse = (compress_jpeg(faces, torch.full((6,), 10)) - faces).abs().mean()
    assert 0 < fine < coarse < 0.1


def test_noise_has_the_deviations_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blur_noise, "JPEG_QUALITY", (100, 100))
    flat = torch.full((400, 1, 24, 24), 0.5)
    noisy = blur_noise.add_noise_and_jpeg(flat, torch.Generator().manual_seed(1))
    deviations = (noisy - 0.5).flatten(1).std(dim=1) * 255
    assert deviations.min() > NOISE_SIGMA[0] * 0.8
    assert deviations.max() < NOISE_SIGMA[1] * 1.1
    assert float(deviations.mean()) == pytest.approx(sum(NOISE_SIGMA) / 2, abs=0.6)
    assert float(noisy.mean()) == pytest.approx(0.5, abs=0.5 / 255)


@pytest.mark.parametrize("size", [24, 16, 12, 10, 8])
def test_d2_step_by_step(faces: torch.Tensor, size: int) -> None:
    for index, picture in enumerate(faces[:, 0].numpy()):
        ours = degrade_group(
            faces[index : index + 1], size, torch.tensor([2]), torch.Generator().manual_seed(index)
        )
        drawn = torch.Generator().manual_seed(index)
        reference = _blurred_and_reduced(picture, size, drawn)
        assert np.abs(in_grey_levels(ours)[0] - _enlarged_by_opencv(reference)).max() <= 2


@pytest.mark.parametrize("size", [24, 16, 12, 10, 8])
def test_d3_step_by_step(faces: torch.Tensor, size: int) -> None:
    for index, picture in enumerate(faces[:, 0].numpy()):
        ours = degrade_group(
            faces[index : index + 1], size, torch.tensor([3]), torch.Generator().manual_seed(index)
        )
        drawn = torch.Generator().manual_seed(index)
        small = _blurred_and_reduced(picture, size, drawn)
        sigma = _drawn_between(NOISE_SIGMA, drawn)
        noise = torch.randn((1, 1, size, size), generator=drawn).numpy()[0, 0]
        low, high = JPEG_QUALITY
        quality = int(torch.randint(low, high + 1, (1,), generator=drawn))
        noisy = (small + sigma * noise).round().clip(0, 255)
        reference = _enlarged_by_opencv(through_pillow_jpeg(noisy, quality))
        difference = np.abs(in_grey_levels(ours)[0] - reference)
        # A pixel that is rounded to the other side alters its whole block a little.
        assert difference.mean() < 0.5
        assert difference.max() <= 6


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


def _gaussian(sigma: float) -> NDArray[np.float64]:
    radius = max(1, math.ceil(3 * sigma))
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1))
    for row in range(2 * radius + 1):
        for column in range(2 * radius + 1):
            distance = math.hypot(row - radius, column - radius)
            kernel[row, column] = math.exp(-((distance / sigma) ** 2) / 2)
    return np.asarray(kernel / kernel.sum())


def _reduced_by_pillow(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    # As float, or Pillow would round between its passes.
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC))


def _enlarged_by_opencv(picture: NDArray[np.float64]) -> NDArray[np.int64]:
    pixels = picture.astype(np.uint8)
    return cv2.resize(pixels, (48, 48), interpolation=cv2.INTER_CUBIC).astype(np.int64)


def _drawn_between(limits: tuple[float, float], generator: torch.Generator) -> float:
    low, high = limits
    return low + (high - low) * float(torch.rand(1, generator=generator))


def _blurred_and_reduced(
    picture: NDArray[np.float32], size: int, generator: torch.Generator
) -> NDArray[np.float64]:
    """In whole grey levels."""
    sigma = _drawn_between(BLUR_SIGMA_PX, generator) * 48 / size
    blurred = convolved(picture, _gaussian(sigma)).astype(np.float32)
    return _reduced_by_pillow(blurred * 255, size).round().clip(0, 255).astype(np.float64)
