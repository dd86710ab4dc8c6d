"""D4 against the same chain, step by step, with other means."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import special
from torch.nn import functional

from srfer.training.degradations.second_order import (
    FIRST_BLUR_PX,
    LARGEST_FIRST,
    PHOTONS,
    QUALITY,
    SECOND_BLUR_PX,
    SINC_CUTOFF,
    Blur,
    Chain,
    Stage,
    apply_chain,
    blur_kernel,
    draw_chain,
    sinc_kernel,
)

from .pictures import convolved, smooth_faces, through_pillow_jpeg

SIZES = (24, 16, 12, 10, 8)
MODES = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
NOTHING = Stage(
    blur=None, size_px=48, mode=cv2.INTER_LINEAR, noise_sigma=0.0, photons=1000.0, quality=100
)


@pytest.mark.parametrize("size", SIZES)
def test_chain_step_by_step(size: int) -> None:
    for seed, picture in enumerate(smooth_faces(20)[:, 0].numpy()):
        generator = torch.Generator().manual_seed(seed)
        # Poisson noise jumps where its mean changes by a rounding error: it has a test of its own.
        chain = _gaussian_only(draw_chain(size, generator))
        reference = _chain(picture, chain, generator.clone_state())
        ours = apply_chain(picture, chain, generator).astype(float)
        assert ours.shape == (size, size)
        # A pixel that is rounded to the other side alters its whole block of a JPEG.
        assert np.abs(ours - reference).mean() < 1
        assert np.abs(ours - reference).max() <= 10


def test_each_kind_of_chain_is_drawn() -> None:
    chains = [draw_chain(16, torch.Generator().manual_seed(seed)) for seed in range(400)]
    stages = [stage for chain in chains for stage in (chain.first, chain.second)]
    assert {stage.mode for stage in stages} == {chain.mode for chain in chains} == set(MODES)
    assert {stage.size_px for stage in stages} >= {13, 16, 20, 30, 48, 53}
    assert {stage.size_px for stage in stages} <= set(range(13, round(48 * LARGEST_FIRST) + 1))
    assert _share(stage.noise_sigma is None for stage in stages) == pytest.approx(0.5, abs=0.1)
    assert _share(chain.second.blur is None for chain in chains) == pytest.approx(0.2, abs=0.1)
    assert _share(chain.sinc_cutoff is None for chain in chains) == pytest.approx(0.2, abs=0.1)
    assert _share(chain.is_jpeg_last for chain in chains) == pytest.approx(0.5, abs=0.1)
    assert all(QUALITY[0] <= stage.quality <= QUALITY[1] for stage in stages)
    assert all(PHOTONS[0] <= stage.photons <= PHOTONS[1] for stage in stages)
    blurs = [stage.blur for stage in stages if stage.blur is not None]
    assert _share(blur.sigmas_px[0] == blur.sigmas_px[1] for blur in blurs) == pytest.approx(
        0.6, abs=0.1
    )
    assert _share(blur.shape == 1 for blur in blurs) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("size", SIZES)
def test_lengths_are_in_pixels_of_the_native_face(size: int) -> None:
    for seed in range(100):
        chain = draw_chain(size, torch.Generator().manual_seed(seed))
        assert chain.first.blur is not None
        scale = 48 / size
        for sigma in chain.first.blur.sigmas_px:
            assert FIRST_BLUR_PX[0] <= sigma / scale <= FIRST_BLUR_PX[1]
        if chain.second.blur is not None:
            scale = chain.first.size_px / size
            for sigma in chain.second.blur.sigmas_px:
                assert SECOND_BLUR_PX[0] <= sigma / scale <= SECOND_BLUR_PX[1]
        assert chain.native_px == size


def test_a_seed_draws_the_same_strengths_at_all_sizes() -> None:
    small, large = (draw_chain(size, torch.Generator().manual_seed(4)) for size in (8, 24))
    assert small.second.quality == large.second.quality
    assert small.sinc_cutoff == large.sinc_cutoff
    assert small.first.noise_sigma == large.first.noise_sigma


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_poisson_noise_counts_photons(level: float) -> None:
    flat = np.full((48, 48), level, np.float32)
    noisy = dataclasses.replace(NOTHING, noise_sigma=None, photons=500.0)
    chain = Chain(noisy, NOTHING, 48, cv2.INTER_LINEAR, sinc_cutoff=None, is_jpeg_last=False)
    out = apply_chain(flat, chain, torch.Generator().manual_seed(2)) / 255
    assert float(out.mean()) == pytest.approx(level, abs=0.005)
    assert float(out.std()) == pytest.approx(math.sqrt(level / 500), rel=0.1)


def test_gaussian_noise_has_its_deviation() -> None:
    flat = np.full((48, 48), 0.5, np.float32)
    noisy = dataclasses.replace(NOTHING, noise_sigma=0.04)
    chain = Chain(NOTHING, noisy, 48, cv2.INTER_LINEAR, sinc_cutoff=None, is_jpeg_last=False)
    out = apply_chain(flat, chain, torch.Generator().manual_seed(2)) / 255
    assert float(out.std()) == pytest.approx(0.04, rel=0.1)


def test_sinc_kernel_passes_what_is_slow_and_stops_what_is_fast() -> None:
    kernel = sinc_kernel(SINC_CUTOFF[0]).astype(float)
    assert np.abs(kernel - _sinc(SINC_CUTOFF[0])).max() < 1e-6
    assert _response(kernel, 0) == pytest.approx(1)
    assert _response(kernel, 0.25 * math.pi) > 0.9
    assert abs(_response(kernel, math.pi)) < 0.25  # seven taps are too few for none


def _share(marks: Iterable[bool]) -> float:
    return float(np.mean(list(marks)))


def _response(kernel: NDArray[np.float64], frequency: float) -> float:
    """To a wave along the rows."""
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    return float((kernel.sum(axis=0) * np.cos(frequency * offsets)).sum())


def _gaussian_only(chain: Chain) -> Chain:
    first, second = (
        stage
        if stage.noise_sigma is not None
        else dataclasses.replace(stage, noise_sigma=1 / math.sqrt(2 * stage.photons))
        for stage in (chain.first, chain.second)
    )
    return dataclasses.replace(chain, first=first, second=second)


def _chain(
    picture: NDArray[np.float32], chain: Chain, generator: torch.Generator
) -> NDArray[np.float64]:
    """In grey levels."""
    current = _stage(picture.astype(np.float64), chain.first, generator)
    current = through_pillow_jpeg((current * 255).round(), chain.first.quality) / 255
    current = _stage(current, chain.second, generator)
    if not chain.is_jpeg_last:
        current = through_pillow_jpeg((current * 255).round(), chain.second.quality) / 255
    current = _resized(current, chain.native_px, chain.mode)
    if chain.sinc_cutoff is not None:
        current = convolved(current, _sinc(chain.sinc_cutoff)).clip(0, 1)
    if chain.is_jpeg_last:
        return through_pillow_jpeg((current * 255).round(), chain.second.quality)
    return (current * 255).round()


def _stage(
    picture: NDArray[np.float64], stage: Stage, generator: torch.Generator
) -> NDArray[np.float64]:
    """Up to the noise."""
    if stage.blur is not None:
        picture = convolved(picture, _gaussian(stage.blur))
    picture = _resized(picture, stage.size_px, stage.mode)
    assert stage.noise_sigma is not None
    noise = torch.randn(picture.shape, generator=generator).double().numpy()
    return (picture + stage.noise_sigma * noise).clip(0, 1)


def _gaussian(blur: Blur) -> NDArray[np.float64]:
    """By the inverse of the covariance, as the paper writes it."""
    turn = np.array(
        [
            [math.cos(blur.angle), -math.sin(blur.angle)],
            [math.sin(blur.angle), math.cos(blur.angle)],
        ]
    )
    covariance = turn @ np.diag(np.square(blur.sigmas_px)) @ turn.T
    inverse = np.linalg.inv(covariance)
    radius = len(blur_kernel(blur)) // 2
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1))
    for row in range(2 * radius + 1):
        for column in range(2 * radius + 1):
            place = np.array([column - radius, row - radius])
            kernel[row, column] = math.exp(-0.5 * float(place @ inverse @ place) ** blur.shape)
    return np.asarray(kernel / kernel.sum())


def _sinc(cutoff: float) -> NDArray[np.float64]:
    kernel = np.zeros((7, 7))
    for row in range(7):
        for column in range(7):
            distance = math.hypot(row - 3, column - 3)
            kernel[row, column] = (
                cutoff * special.j1(cutoff * distance) / (2 * math.pi * distance)
                if distance
                else cutoff**2 / (4 * math.pi)
            )
    return np.asarray(kernel / kernel.sum())


def _resized(picture: NDArray[np.float64], size: int, mode: int) -> NDArray[np.float64]:
    if mode == cv2.INTER_AREA and size <= len(picture):
        weights = _area_weights(len(picture), size)
        return weights @ picture @ weights.T
    resized = functional.interpolate(
        torch.from_numpy(picture)[None, None],
        size=(size, size),
        mode="bicubic" if mode == cv2.INTER_CUBIC else "bilinear",
    )
    return resized[0, 0].clamp(0, 1).numpy()


def _area_weights(source: int, size: int) -> NDArray[np.float64]:
    """(size, source) how much of each source pixel lies in each new one."""
    weights = np.zeros((size, source))
    for new in range(size):
        begin, end = new * source / size, (new + 1) * source / size
        for old in range(source):
            weights[new, old] = max(0.0, min(end, old + 1) - max(begin, old)) * size / source
    return weights
