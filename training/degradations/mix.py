"""What training draws from: D1 to D3 in given shares, at given sizes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from srfer.errors import ConfigError

from .blur_noise import add_noise_and_jpeg, blur_randomly
from .resize import FULL_PX, enlarge, reduce


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


def degrade_group(
    images: Tensor, native_px: int, kinds: Tensor, generator: torch.Generator
) -> Tensor:
    """Degrade images that share a native size, each in its own way.

    Args:
        images: (N, 1, 48, 48) float32 in 0..1.
        native_px: size to reduce them to.
        kinds: (N,) of 1, 2 or 3: D1, D2, D3.
        generator: the only source of randomness.

    Returns:
        (N, 1, 48, 48) in steps of 1/255.
    """
    blurred, noisy = kinds >= 2, kinds == 3
    if blurred.any():
        images = images.clone()
        images[blurred] = blur_randomly(images[blurred], native_px, generator)
    small = reduce(images, native_px)
    if noisy.any():
        small[noisy] = add_noise_and_jpeg(small[noisy], generator)
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
        degraded[group] = degrade_group(images[group], size, kinds[group], generator)
    return degraded, sizes.float()
