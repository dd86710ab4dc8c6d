"""Who learns: an optimiser for each network that a recipe updates."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from .networks import Cascade
from .objective import Objective
from .recipe import Recipe

_LEARNERS = {
    "together": ("sr", "fer"),
    "alternating": ("sr", "fer"),
    "sr": ("sr",),
    "fer": ("fer",),
}


def build_optimizers(
    recipe: Recipe, network: Cascade, objective: Objective
) -> dict[str, torch.optim.AdamW]:
    """Make an AdamW for each learner: "sr", "fer", and "discriminator" where there is one.

    A loss that has parameters of its own learns them with the expression network. A network
    without parameters needs no optimiser.
    """
    parameters = {
        "sr": list(network.sr.parameters()),
        "fer": list(network.fer.parameters()),
    }
    if objective.centre is not None:
        parameters["fer"] += objective.centre.parameters()
    learners = [name for name in _LEARNERS[recipe.update] if parameters[name]]
    if objective.discriminator is not None:
        parameters["discriminator"] = list(objective.discriminator.parameters())
        learners.append("discriminator")
    return {name: _adamw(parameters[name], recipe) for name in learners}


def _adamw(parameters: Iterable[nn.Parameter], recipe: Recipe) -> torch.optim.AdamW:
    """AdamW; norms and biases are not decayed."""
    known = list(parameters)
    return torch.optim.AdamW(
        [
            {"params": [p for p in known if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in known if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )
