"""Structural similarity (Wang et al., IEEE TIP 2004), batched."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SIGMA_PX = 1.5
RADIUS_PX = 5
BATCH = 256


def ssim(images: Tensor, references: Tensor) -> Tensor:
    """Compare gray images within a Gaussian window of 11x11 pixels.

    The same as scikit-image's `structural_similarity` with `gaussian_weights=True`, `sigma=1.5`,
    `use_sample_covariance=False` and `data_range=1`.

    Args:
        images: (N, 1, H, W) in 0..1, sides of 11 px or more.
        references: of the same shape.

    Returns:
        (N,) float64, 1 where both are equal; the mean over windows that lie inside the image.
    """
    pairs = zip(torch.split(images, BATCH), torch.split(references, BATCH), strict=True)
    return torch.cat([_ssim(first.double(), second.double()) for first, second in pairs])


def _ssim(first: Tensor, second: Tensor) -> Tensor:
    # Double precision: a variance is a small difference of large numbers here.
    stack = torch.cat([first, second, first * first, second * second, first * second], dim=1)
    mean_1, mean_2, square_1, square_2, product = _blur(stack).unbind(dim=1)
    variances = (square_1 - mean_1**2) + (square_2 - mean_2**2)
    covariance = product - mean_1 * mean_2
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_1 * mean_2 + c1) / (mean_1**2 + mean_2**2 + c1)
    structure = (2 * covariance + c2) / (variances + c2)
    return (luminance * structure).mean(dim=(1, 2))


def _blur(stack: Tensor) -> Tensor:
    """Gaussian means of the windows inside: (N, C, H, W) -> (N, C, H - 10, W - 10)."""
    offsets = torch.arange(-RADIUS_PX, RADIUS_PX + 1, dtype=stack.dtype, device=stack.device)
    kernel = torch.exp(-0.5 * (offsets / SIGMA_PX) ** 2)
    channels = stack.shape[1]
    kernel = (kernel / kernel.sum()).expand(channels, 1, 1, -1)
    across = functional.conv2d(stack, kernel, groups=channels)
    return functional.conv2d(across, kernel.transpose(2, 3), groups=channels)
