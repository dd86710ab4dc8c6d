"""D1: antialiased bicubic reduction, and the enlargement that ends every degradation."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

FULL_PX = 48
"""Side of the originals, and of what the engine receives."""


def round_to_8_bits(images: Tensor) -> Tensor:
    """Clip to 0..1 and round to steps of 1/255; any shape."""
    return (images * 255).round().clamp(0, 255) / 255


def reduce(images: Tensor, size_px: int) -> Tensor:
    """D1 without the enlargement: (N, 1, 48, 48) in 0..1 -> (N, 1, size_px, size_px)."""
    if size_px == FULL_PX:
        return round_to_8_bits(images)
    small = functional.interpolate(images, size=size_px, mode="bicubic", antialias=True)
    return round_to_8_bits(small)


def enlarge(images: Tensor) -> Tensor:
    """Bicubic enlargement, 8 bits: (N, 1, s, s) in 0..1 -> (N, 1, 48, 48)."""
    if images.shape[-1] == FULL_PX:
        return images
    return round_to_8_bits(functional.interpolate(images, size=FULL_PX, mode="bicubic"))
