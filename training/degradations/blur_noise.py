"""What D2 and D3 add to D1: Gaussian blur; Gaussian noise and JPEG."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .jpeg import compress_jpeg
from .resize import FULL_PX

BLUR_SIGMA_PX = (0.2, 1.5)
"""Standard deviation of the blur, in pixels of the reduced face."""
NOISE_SIGMA = (1.0, 15.0)
"""Standard deviation of the noise, in grey levels of 255."""
JPEG_QUALITY = (30, 90)


def blur(images: Tensor, sigmas_px: Tensor) -> Tensor:
    """Gaussian blur with a sigma per image: (N, 1, H, W) and (N,) -> (N, 1, H, W).

    Borders are replicated. Sigmas are in pixels of `images`.
    """
    radius = max(1, math.ceil(3 * float(sigmas_px.max())))
    offsets = torch.arange(-radius, radius + 1, dtype=images.dtype)
    kernels = torch.exp(-0.5 * (offsets / sigmas_px.clamp(min=1e-3)[:, None]) ** 2)
    kernels = kernels / kernels.sum(dim=1, keepdim=True)
    count, _, height, width = images.shape
    stack = functional.pad(images.reshape(1, count, height, width), (radius,) * 4, mode="replicate")
    stack = functional.conv2d(stack, kernels.reshape(count, 1, 1, -1), groups=count)
    stack = functional.conv2d(stack, kernels.reshape(count, 1, -1, 1), groups=count)
    return stack.reshape(count, 1, height, width)


def _between(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def blur_randomly(images: Tensor, native_px: int, generator: torch.Generator) -> Tensor:
    """D2's blur with a drawn sigma per image, before the reduction to `native_px`.

    Args:
        images: (N, 1, 48, 48) in 0..1.
        native_px: the size they will be reduced to, whose pixels `BLUR_SIGMA_PX` is in.
        generator: source of the sigmas.
    """
    sigmas = _between(*BLUR_SIGMA_PX, len(images), generator) * (FULL_PX / native_px)
    return blur(images, sigmas)


def add_noise_and_jpeg(small: Tensor, generator: torch.Generator) -> Tensor:
    """D3's noise and JPEG with drawn strengths per image: (N, 1, s, s) in 0..1, 8 bits out."""
    count = len(small)
    sigmas = _between(*NOISE_SIGMA, count, generator) / 255
    noise = torch.randn(small.shape, generator=generator)
    qualities = torch.randint(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1, (count,), generator=generator)
    return compress_jpeg((small + noise * sigmas.reshape(-1, 1, 1, 1)).clamp(0, 1), qualities)
