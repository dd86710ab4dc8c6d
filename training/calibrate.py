"""Temperature scaling by native size (Guo et al., ICML 2017)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def fit_temperature(logits: Tensor, majority: Tensor) -> float:
    """Find the temperature with the lowest cross-entropy.

    Args:
        logits: (N, 8).
        majority: (N,) class of each face.

    Returns:
        what to divide logits by: above 1 where the network is too sure.
    """
    log_temperature = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], lr=0.5, max_iter=50)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(logits / log_temperature.exp(), majority)
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return float(log_temperature.detach().exp())
