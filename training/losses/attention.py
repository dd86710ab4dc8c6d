"""Multi-stage attention consistency: look where you would look in the original.

The attention of a frozen network on the restored face is pulled, stage by stage, to its attention
on the original face (Xie et al., Expert Systems with Applications, 2024; the formula is ours).
Attention is what a stage responds to (attention transfer: Zagoruyko and Komodakis, ICLR 2017) or
what speaks for one expression (Grad-CAM: Selvaraju et al., ICCV 2017).

Stages are tuples of (N, C, H, W); the original's never get a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-6

Stages = Sequence[Tensor]


def attention_maps(stages: Stages) -> list[Tensor]:
    """The mean square over channels, as a vector of length 1: (N, H*W) per stage."""
    energies = [stage.float().square().mean(dim=1).flatten(1) for stage in stages]
    return [functional.normalize(energy, dim=1, eps=EPSILON) for energy in energies]


def attention_transfer(restored: Stages, original: Stages) -> Tensor:
    """1/K sum_k ||Q_k(restored) - Q_k(original)||^2, with `attention_maps` as Q; a scalar."""
    distances = [
        (found - wanted.detach()).square().sum(dim=1).mean()
        for found, wanted in zip(attention_maps(restored), attention_maps(original), strict=True)
    ]
    return torch.stack(distances).mean()


def attention_cosine(restored: Stages, original: Stages) -> Tensor:
    """1/K sum_k 1 - cos(A_k(restored), A_k(original)) of the mean absolute response; a scalar.

    Responses are not squared, so weak ones count more than in `attention_transfer`.
    """
    distances = []
    for found, wanted in zip(restored, original, strict=True):
        maps = [stage.float().abs().mean(dim=1).flatten(1) for stage in (found, wanted.detach())]
        cosine = functional.cosine_similarity(maps[0], maps[1], dim=1, eps=EPSILON)
        distances.append((1 - cosine).mean())
    return torch.stack(distances).mean()


def grad_cam_consistency(
    restored: Stages,
    restored_logits: Tensor,
    original: Stages,
    original_logits: Tensor,
    classes: Tensor,
) -> Tensor:
    """1/K sum_k mean (C_k(restored) - C_k(original))^2 of Grad-CAMs in 0..1; a scalar.

    Args:
        restored: stages of the restored faces, with a graph from stages to logits.
        restored_logits: (N, 8).
        original: stages of the originals, likewise.
        original_logits: (N, 8).
        classes: (N,) the expression that is asked about, the same in both.
    """
    found = _grad_cams(restored, restored_logits, classes, is_trained=True)
    wanted = _grad_cams(original, original_logits, classes, is_trained=False)
    distances = [(a - b.detach()).square().mean() for a, b in zip(found, wanted, strict=True)]
    return torch.stack(distances).mean()


def _grad_cams(
    stages: Stages, logits: Tensor, classes: Tensor, *, is_trained: bool
) -> list[Tensor]:
    """Min-max scaled maps, (N, H*W) per stage."""
    score = logits.gather(1, classes[:, None]).sum()
    gradients = torch.autograd.grad(score, stages, create_graph=is_trained, retain_graph=True)
    maps = []
    for stage, gradient in zip(stages, gradients, strict=True):
        weights = gradient.mean(dim=(2, 3), keepdim=True)
        cam = functional.relu((weights * stage).sum(dim=1)).flatten(1)
        low, high = cam.amin(dim=1, keepdim=True), cam.amax(dim=1, keepdim=True)
        maps.append((cam - low) / (high - low + EPSILON))
    return maps
