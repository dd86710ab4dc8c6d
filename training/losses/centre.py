"""Deep attentive centre loss: faces of one expression should have like features, where it matters.

Farzaneh and Qi, *Facial Expression Recognition in the Wild via Deep Attentive Center Loss*, WACV
2021: the distance of a face's deep features to the centre of its expression, weighed dimension by
dimension by an attention network that sees the last stage. Ours sees it pooled and as a constant,
so that features move towards their centre and not to where they are weighed less.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srfer.engines import LABELS


class DeepAttentiveCentreLoss(nn.Module):
    """Pulls deep features to the centre of their expression.

    Args:
        channels: C of the last stage.
        reduction: how much narrower the attention network is inside.
    """

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(len(LABELS), channels) * 0.1)
        narrow = max(1, channels // reduction)
        self.attention = nn.Sequential(
            nn.Linear(channels, narrow), nn.ReLU(), nn.Linear(narrow, channels), nn.Sigmoid()
        )

    def forward(self, features: Tensor, classes: Tensor) -> Tensor:
        """Half the weighed squared distance, mean over faces; 0 where all are in their centre.

        Args:
            features: (N, C, H, W) of the last stage.
            classes: (N,) expression of each face.
        """
        pooled = features.mean(dim=(2, 3))
        weights = self.attention(pooled.detach())
        distances = (pooled - self.centres[classes]).square()
        loss: Tensor = (weights * distances).sum(dim=1).mean() / 2
        return loss
