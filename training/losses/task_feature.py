"""Task-feature loss: what the expression network extracts has to survive."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def task_feature(restored: Sequence[Tensor], original: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of features, averaged over stages; a scalar.

    After Kim et al., *Beyond Image Super-Resolution for Image Recognition with Task-Driven
    Perceptual Loss* (SR4IR, CVPR 2024). Stages are (N, C, H, W); the original's get no gradient.
    """
    distances = [
        (found.float() - wanted.detach().float()).abs().mean()
        for found, wanted in zip(restored, original, strict=True)
    ]
    return torch.stack(distances).mean()
