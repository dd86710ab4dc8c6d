"""Making up for how seldom some expressions occur in training.

A network trained on a few rare faces learns to bet against them. Taking a multiple of the logarithm
of each expression's frequency off its logit (Menon et al., *Long-tail learning via logit
adjustment*, ICLR 2021) turns some of that back: 0 leaves the network as it is, 1 reads it as if all
expressions were equally frequent. Between them, recall of rare expressions is bought with a little
accuracy on a data set where they are rare.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .networks import Cascade

RAREST = 1e-3
"""A frequency below this counts as this: an expression without faces must not win them all."""


@torch.no_grad()
def adjust_logits(network: Cascade, votes: Tensor, strength: float) -> None:
    """Change the last layer's bias, in place.

    Args:
        network: the network.
        votes: (N, 8) of the training faces, whose mean is the frequency of each expression.
        strength: 0 leaves the network as it is.
    """
    if strength:
        frequency = votes.mean(dim=0).clamp(min=RAREST)
        network.fer.classifier.bias.sub_(strength * torch.log(frequency))
