"""How far a restored face is from the original, pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor

CHARBONNIER_EPSILON = 1e-6


def charbonnier(restored: Tensor, original: Tensor) -> Tensor:
    """Mean sqrt(d^2 + 1e-6) over all pixels, less its value at d = 0; a scalar, 0 or more.

    A differentiable L1 (Charbonnier et al., ICIP 1994). Both (N, 1, H, W).
    """
    difference = restored - original
    root = torch.sqrt(difference * difference + CHARBONNIER_EPSILON)
    loss: Tensor = root.mean() - CHARBONNIER_EPSILON**0.5
    return loss
