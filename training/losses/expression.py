"""How far an answer is from what people voted (Barsoum et al., ICMI 2016)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

MANY_VOTES = 0.3
"""An expression with more than this share of the votes is as right as any other such."""


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy with a distribution as target; a scalar, at least the target's entropy.

    Args:
        logits: (N, 8).
        targets: (N, 8), rows sum to 1.
    """
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()


def multi_target(logits: Tensor, targets: Tensor) -> Tensor:
    """Minus the logarithm of the most probable of the expressions with many votes; 0 or more.

    Where none has more than 30 % of the votes, the one with most of them is asked for.

    Args:
        logits: (N, 8).
        targets: (N, 8), rows sum to 1.
    """
    most = targets == targets.max(dim=1, keepdim=True).values
    is_right = (targets > MANY_VOTES) | most
    allowed = functional.log_softmax(logits, dim=1).masked_fill(~is_right, -torch.inf)
    return -allowed.max(dim=1).values.mean()
