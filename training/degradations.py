"""How faces lose resolution on the way to the camera, seeded and batched.

D1  antialiased bicubic reduction, 8 bits
D2  Gaussian blur (sigma 0.2-1.5 low-resolution pixels), then D1
D3  D2, then Gaussian noise (sigma 1-15 of 255) and JPEG (quality 30-90)

Each ends with bicubic enlargement to 48 px and rounding to 8 bits: what the engine receives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from srfer.errors import ConfigError

FULL_PX = 48
BLUR_SIGMA_PX = (0.2, 1.5)
NOISE_SIGMA = (1.0, 15.0)
JPEG_QUALITY = (30, 90)


@dataclass(frozen=True, slots=True)
class DegradationMix:
    """How often each degradation and each native size is drawn.

    Attributes:
        sizes_px: native sizes below 48 to draw from, evenly.
        full_size: share of faces left at 48 px.
        blurred: share of faces that get D2.
        noisy: share of faces that get D3; the others get D1.
    """

    sizes_px: tuple[int, ...]
    full_size: float
    blurred: float
    noisy: float

    def __post_init__(self) -> None:
        if not self.sizes_px or any(not 4 <= size < FULL_PX for size in self.sizes_px):
            raise ConfigError(
                f"mix.sizes_px must be sizes of 4 to 47 pixels, not {list(self.sizes_px)}"
            )
        for name in ("full_size", "blurred", "noisy"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"mix.{name} must lie between 0 and 1")
        if self.blurred + self.noisy > 1:
            raise ConfigError("mix.blurred and mix.noisy must not be more than 1 together")


def _round_to_8_bits(images: Tensor) -> Tensor:
    return (images * 255).round().clamp(0, 255) / 255


def reduce(images: Tensor, size_px: int) -> Tensor:
    """D1 without the enlargement: (N, 1, 48, 48) in 0..1 -> (N, 1, size_px, size_px)."""
    if size_px == FULL_PX:
        return _round_to_8_bits(images)
    small = functional.interpolate(images, size=size_px, mode="bicubic", antialias=True)
    return _round_to_8_bits(small)


def enlarge(images: Tensor) -> Tensor:
    """Bicubic enlargement, 8 bits: (N, 1, s, s) in 0..1 -> (N, 1, 48, 48)."""
    if images.shape[-1] == FULL_PX:
        return images
    return _round_to_8_bits(functional.interpolate(images, size=FULL_PX, mode="bicubic"))


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


def compress_jpeg(images: Tensor, qualities: Tensor) -> Tensor:
    """Encode and decode each image: (N, 1, H, W) in 0..1 and (N,) of 1..100 -> (N, 1, H, W)."""
    out = np.empty((images.shape[0], *images.shape[2:]), np.uint8)
    pixels = (images[:, 0] * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    for index, quality in enumerate(qualities.tolist()):
        _, data = cv2.imencode(".jpg", pixels[index], (cv2.IMWRITE_JPEG_QUALITY, int(quality)))
        out[index] = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return torch.from_numpy(out)[:, None].to(images.dtype) / 255


def _between(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def _degrade_group(
    images: Tensor, size_px: int, kinds: Tensor, generator: torch.Generator
) -> Tensor:
    """Degrade images that share a native size; kinds are 1, 2 or 3 (D1, D2, D3)."""
    blurred = kinds >= 2
    if blurred.any():
        sigmas = _between(*BLUR_SIGMA_PX, int(blurred.sum()), generator) * (FULL_PX / size_px)
        images = images.clone()
        images[blurred] = blur(images[blurred], sigmas)
    small = reduce(images, size_px)
    noisy = kinds == 3
    if noisy.any():
        count = int(noisy.sum())
        sigmas = _between(*NOISE_SIGMA, count, generator) / 255
        noise = torch.randn((count, *small.shape[1:]), generator=generator)
        small[noisy] = compress_jpeg(
            (small[noisy] + noise * sigmas.reshape(-1, 1, 1, 1)).clamp(0, 1),
            torch.randint(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1, (count,), generator=generator),
        )
    return enlarge(small)


def degrade(
    images: Tensor, mix: DegradationMix, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw a size and a degradation for each image and apply them.

    Args:
        images: (N, 1, 48, 48) float32 in 0..1.
        mix: what to draw from.
        generator: the only source of randomness.

    Returns:
        degraded (N, 1, 48, 48) in steps of 1/255, and native_px (N,) float32.
    """
    count = images.shape[0]
    choice = torch.randint(len(mix.sizes_px), (count,), generator=generator)
    sizes = torch.tensor(mix.sizes_px)[choice]
    sizes[torch.rand(count, generator=generator) < mix.full_size] = FULL_PX
    dice = torch.rand(count, generator=generator)
    kinds = 1 + (dice < mix.blurred + mix.noisy).long() + (dice < mix.noisy).long()
    degraded = torch.empty_like(images)
    for size in sorted(set(sizes.tolist())):
        group = sizes == size
        degraded[group] = _degrade_group(images[group], size, kinds[group], generator)
    return degraded, sizes.float()
