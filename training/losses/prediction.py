"""Prediction consistency, and distillation: answer as the teacher does."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def prediction_consistency(
    restored_logits: Tensor, original_logits: Tensor, temperature: float = 2.0
) -> Tensor:
    """T^2 KL(softmax(original / T) || softmax(restored / T)), mean over faces; a scalar, 0 or more.

    The factor keeps the gradient's size at any temperature (Hinton et al., 2015).

    Args:
        restored_logits: (N, 8), which learn.
        original_logits: (N, 8), which are the target and get no gradient.
        temperature: T.
    """
    divergence = functional.kl_div(
        functional.log_softmax(restored_logits / temperature, dim=1),
        functional.log_softmax(original_logits.detach() / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * divergence
