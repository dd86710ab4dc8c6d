"""Keeping a share of the weights that a run began with.

Fine-tuned weights and those they came from lie in one valley, and a point between them is often
better than either (Wortsman et al., *Robust fine-tuning of zero-shot models*, CVPR 2022). Folded
weights are mixed, since batch norms have statistics that cannot be.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .initial import Beginning
from .networks import Cascade, build_cascade, fold
from .recipe import Recipe


@torch.no_grad()
def keep_share_of_start(
    folded: Cascade, recipe: Recipe, start: Beginning, originals: Tensor
) -> None:
    """Move folded weights towards the start's, in place, by the recipe's `start_share`.

    Args:
        folded: the trained network, folded.
        recipe: how it was trained.
        start: what it began with; networks that began from chance stay as they are.
        originals: (N, 1, 48, 48) float32 in 0..1, as the run's `start_from` had them.
    """
    if not recipe.start_share:
        return
    with torch.random.fork_rng(devices=[]):
        begun = build_cascade(recipe.sr, recipe.fer)
    start.apply(begun, originals)
    before = dict(fold(begun).named_parameters())
    for part, weights in (("sr", start.sr), ("fer", start.fer)):
        if weights is None:
            continue
        for name, value in folded.get_submodule(part).named_parameters():
            value.lerp_(before[f"{part}.{name}"], recipe.start_share)
