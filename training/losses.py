"""The loss functions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CHARBONNIER_EPSILON = 1e-6


def charbonnier(restored: Tensor, original: Tensor) -> Tensor:
    """Mean sqrt(d^2 + 1e-6) over all pixels, less its value at d = 0; a scalar.

    A differentiable L1 (Charbonnier et al., ICIP 1994). Both (N, 1, H, W).
    """
    difference = restored - original
    root = torch.sqrt(difference * difference + CHARBONNIER_EPSILON)
    loss: Tensor = root.mean() - CHARBONNIER_EPSILON**0.5
    return loss


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy with a distribution as target (Barsoum et al., ICMI 2016); a scalar.

    Args:
        logits: (N, 8).
        targets: (N, 8), rows sum to 1.
    """
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()
