"""Temperature scaling by native size (Guo et al., ICML 2017)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

LIMIT = math.log(16)
"""Bound on the temperature's logarithm: without it, a network that knows nothing drives the search
to infinity."""


def fit_temperature(logits: Tensor, majority: Tensor) -> float:
    """Find the temperature with the lowest cross-entropy.

    Args:
        logits: (N, 8).
        majority: (N,) class of each face.

    Returns:
        what to divide logits by, 1/16 to 16: above 1 where the network is too sure.
    """
    log_temperature = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], lr=0.5, max_iter=50)

    def closure() -> Tensor:
        optimizer.zero_grad()
        bounded = log_temperature.clamp(-LIMIT, LIMIT)
        loss = functional.cross_entropy(logits / bounded.exp(), majority)
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return float(log_temperature.detach().clamp(-LIMIT, LIMIT).exp())
