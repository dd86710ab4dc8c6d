"""Making up for how seldom some expressions occur in training.

A network trained on a few rare faces learns to bet against them. Taking a multiple of the logarithm
of each expression's frequency off its logit (Menon et al., *Long-tail learning via logit
adjustment*, ICLR 2021) turns some of that back: 0 leaves the network as it is, 1 reads it as if all
expressions were equally frequent. Between them, recall of rare expressions is bought with a little
accuracy on a data set where they are rare.

The smaller a face, the less it shows, and the more it costs to bet on what is rare: so the multiple
may depend on the native size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srfer.engines import Curve

RAREST = 1e-3
"""A frequency below this counts as this: an expression without faces must not win them all."""

NONE = Curve((8.0, 48.0), (0.0, 0.0))


def interpolate(curve: Curve, native_px: Tensor) -> Tensor:
    """Values (N,) of a curve at sizes (N,), by clamps alone, which every runtime has."""
    sizes, values = curve.native_px, curve.values
    total = torch.full_like(native_px, values[0])
    for low, high, start, end in zip(sizes, sizes[1:], values, values[1:], strict=False):
        slope = (end - start) / (high - low)
        total = total + slope * (native_px - low).clamp(0.0, high - low)
    return total


class LogitAdjustment(nn.Module):
    """Adds to the logits of what is rare.

    Args:
        votes: (N, 8) of the training faces, whose mean is the frequency of each expression.
        strength: by native size; 0 leaves logits as they are.
        below: expressions that are at least this frequent are left alone, and the others are
            adjusted as if they had to become so frequent; 1 adjusts all.
    """

    offset: Tensor

    def __init__(self, votes: Tensor, strength: Curve = NONE, below: float = 1.0) -> None:
        super().__init__()
        frequency = votes.mean(dim=0).clamp(min=RAREST)
        self.register_buffer("offset", torch.log(below / frequency).clamp(min=0.0))
        self.strength = strength

    def forward(self, logits: Tensor, native_px: Tensor) -> Tensor:
        """Adjust logits (N, 8) of faces of native_px (N,) pixels."""
        adjusted: Tensor = logits + interpolate(self.strength, native_px)[:, None] * self.offset
        return adjusted
