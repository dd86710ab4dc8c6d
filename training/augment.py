"""Geometric and photometric augmentation of whole batches, seeded.

Place and scale are jittered more than a face data set alone would ask for, because a detector's
box in a video is never framed exactly like a training picture.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

MAX_TURN_RAD = math.radians(12)
MAX_LOG_SCALE = math.log(1.18)
MAX_SHIFT = 0.08
"""Largest shift as a share of the picture's side."""
ERASE_SHARE = 0.3


def _symmetric(count: int, limit: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * limit


def _warp(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Mirror, turn, scale and shift each image; borders are mirrored.

    Bicubic, since these are also the sharp faces that super-resolution has to restore.
    """
    count = images.shape[0]
    turn = _symmetric(count, strength * MAX_TURN_RAD, generator)
    scale = torch.exp(_symmetric(count, strength * MAX_LOG_SCALE, generator))
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    shift = _symmetric(2 * count, strength * 2 * MAX_SHIFT, generator).reshape(count, 2, 1)
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    matrix = torch.stack([cos * mirror, -sin, sin * mirror, cos], dim=1).reshape(count, 2, 2)
    grid = functional.affine_grid(
        torch.cat([matrix, shift], dim=2), list(images.shape), align_corners=False
    )
    return functional.grid_sample(
        images, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )


def _relight(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Change contrast, brightness and gamma."""
    count = images.shape[0]
    contrast = torch.exp(_symmetric(count, strength * 0.35, generator)).reshape(-1, 1, 1, 1)
    brightness = _symmetric(count, strength * 0.12, generator).reshape(-1, 1, 1, 1)
    gamma = torch.exp(_symmetric(count, strength * 0.3, generator)).reshape(-1, 1, 1, 1)
    mean = images.mean(dim=(2, 3), keepdim=True)
    return ((images - mean) * contrast + mean + brightness).clamp(1e-3, 1) ** gamma


def _erase(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Cover a rectangle of some images with their mean (random erasing, Zhong, AAAI 2020)."""
    count, _, height, width = images.shape
    chosen = torch.rand(count, generator=generator) < strength * ERASE_SHARE
    extent = 0.15 + 0.25 * torch.rand(count, 2, generator=generator)
    place = torch.rand(count, 2, generator=generator) * (1 - extent)
    rows = torch.arange(height) / height
    columns = torch.arange(width) / width
    in_rows = (rows >= place[:, :1]) & (rows < (place + extent)[:, :1])
    in_columns = (columns >= place[:, 1:]) & (columns < (place + extent)[:, 1:])
    hole = (in_rows[:, :, None] & in_columns[:, None, :] & chosen[:, None, None])[:, None]
    return torch.where(hole, images.mean(dim=(2, 3), keepdim=True), images)


def augment(images: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Vary a batch of faces.

    Args:
        images: (N, 1, 48, 48) float32 in 0..1.
        generator: the only source of randomness.
        strength: 1 for the full range of each change, 0 for mirroring alone.

    Returns:
        (N, 1, 48, 48) float32 in 0..1.
    """
    warped = _warp(images, strength, generator)
    return _erase(_relight(warped, strength, generator), strength, generator)
