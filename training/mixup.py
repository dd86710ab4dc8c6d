"""Faces blended with other faces, and their targets with them (mixup, Zhang et al., ICLR 2018).

A teacher reads the same blend, so the student learns its answers also between faces (Beyer et al.,
"Knowledge distillation: a good teacher is patient and consistent", CVPR 2022).
"""

from __future__ import annotations

import torch
from torch import Tensor


def draw_kept(count: int, share: float, generator: torch.Generator) -> Tensor:
    """Draw how much of itself each face of a batch keeps.

    Args:
        count: faces.
        share: of them that are blended, 0..1.
        generator: the only source of randomness.

    Returns:
        (count,) float32: 0.5..1 for those that are blended, 1 for the others.
    """
    is_blended = torch.rand(count, generator=generator) < share
    kept = 1 - 0.5 * torch.rand(count, generator=generator)
    return torch.where(is_blended, kept, torch.ones(count))


def mixup(values: Tensor, kept: Tensor) -> Tensor:
    """Blend each item with the one before it.

    Args:
        values: (N, ...) float32, faces or targets.
        kept: (N,) from `draw_kept`.

    Returns:
        of the shape of `values`.
    """
    share = kept.reshape(-1, *[1] * (values.ndim - 1))
    return share * values + (1 - share) * values.roll(1, dims=0)
