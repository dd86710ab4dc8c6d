"""Task-feature loss: what the expression network extracts has to survive."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .precision import widen


def task_feature(restored_stages: Sequence[Tensor], original_stages: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of features, averaged over stages; a scalar, 0 or more.

    After Kim et al., *Beyond Image Super-Resolution for Image Recognition with Task-Driven
    Perceptual Loss* (SR4IR, CVPR 2024). Stages are (N, C, H, W); the original's get no gradient.
    """
    distances = [
        (widen(found) - widen(wanted.detach())).abs().mean()
        for found, wanted in zip(restored_stages, original_stages, strict=True)
    ]
    return torch.stack(distances).mean()
