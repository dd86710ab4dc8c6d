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

from .precision import widen

EPSILON = 1e-6

Stages = Sequence[Tensor]


def attention_maps(stages: Stages) -> list[Tensor]:
    """The mean square over channels, as a vector of length 1: (N, H*W) per stage."""
    energies = [widen(stage).square().mean(dim=1).flatten(1) for stage in stages]
    return [_unit(energy) for energy in energies]


def attention_transfer(restored_stages: Stages, original_stages: Stages) -> Tensor:
    """1/K sum_k ||Q_k(restored) - Q_k(original)||^2, with `attention_maps` as Q; a scalar, 0..2."""
    return _mean_distance(attention_maps(restored_stages), attention_maps(original_stages))


def attention_cosine(restored_stages: Stages, original_stages: Stages) -> Tensor:
    """1/K sum_k 1 - cos(A_k(restored), A_k(original)) of the mean absolute response; 0..1.

    Responses are not squared, so weak ones count more than in `attention_transfer`: with the same
    maps this would be half of it, since 1 - cos(a, b) = ||a - b||^2 / 2 for a and b of length 1.
    Computed so, two maps without any response cost nothing.
    """
    found, wanted = (
        [_unit(widen(stage).abs().mean(dim=1).flatten(1)) for stage in stages]
        for stages in (restored_stages, original_stages)
    )
    return _mean_distance(found, wanted) / 2


def grad_cam_consistency(
    restored_stages: Stages,
    restored_logits: Tensor,
    original_stages: Stages,
    original_logits: Tensor,
    classes: Tensor,
) -> Tensor:
    """1/K sum_k mean (C_k(restored) - C_k(original))^2 of Grad-CAMs in 0..1; a scalar, 0..1.

    Args:
        restored_stages: of the restored faces, with a graph from stages to logits.
        restored_logits: (N, 8).
        original_stages: of the originals, likewise.
        original_logits: (N, 8).
        classes: (N,) the expression that is asked about, the same in both; take the one that the
            network sees in the original.
    """
    found = _grad_cams(restored_stages, restored_logits, classes, is_trained=True)
    wanted = _grad_cams(original_stages, original_logits, classes, is_trained=False)
    distances = [(a - b.detach()).square().mean() for a, b in zip(found, wanted, strict=True)]
    return torch.stack(distances).mean()


def _unit(maps: Tensor) -> Tensor:
    """Scale each row to length 1; one of zeros stays so, with a finite gradient."""
    return functional.normalize(maps, dim=1, eps=EPSILON)


def _mean_distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Squared distance of rows, mean over faces and then stages; the second gets no gradient."""
    distances = [
        (a - b.detach()).square().sum(dim=1).mean() for a, b in zip(found, wanted, strict=True)
    ]
    return torch.stack(distances).mean()


def _grad_cams(
    stages: Stages, logits: Tensor, classes: Tensor, *, is_trained: bool
) -> list[Tensor]:
    """Min-max scaled maps, (N, H*W) per stage; a flat map becomes zeros."""
    score = logits.gather(1, classes[:, None]).sum()
    gradients = torch.autograd.grad(score, stages, create_graph=is_trained, retain_graph=True)
    maps = []
    for stage, gradient in zip(stages, gradients, strict=True):
        weights = widen(gradient).mean(dim=(2, 3), keepdim=True)
        cam = functional.relu((weights * widen(stage)).sum(dim=1)).flatten(1)
        low, high = cam.amin(dim=1, keepdim=True), cam.amax(dim=1, keepdim=True)
        maps.append((cam - low) / (high - low + EPSILON))
    return maps
