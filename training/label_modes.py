"""How votes become targets: the four label modes of FER+ (Barsoum et al., ICMI 2016)."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from srfer.errors import ConfigError

from .losses import multi_target, soft_cross_entropy

LabelMode = Literal["majority", "probabilistic", "cross-entropy", "multi-target"]


def targets(votes: Tensor, mode: LabelMode, generator: torch.Generator) -> Tensor:
    """Make targets of votes.

    Args:
        votes: (N, 8), rows sum to 1.
        mode: "majority" asks for the expression with most votes, "probabilistic" for one drawn
            from them, "cross-entropy" and "multi-target" take them as they are.
        generator: draws; a fresh label each time a face comes up.

    Returns:
        (N, 8), rows sum to 1.

    Raises:
        ConfigError: if the mode is unknown.
    """
    _check(mode)
    if mode == "majority":
        return _one_hot(votes.argmax(dim=1), votes)
    if mode == "probabilistic":
        return _one_hot(torch.multinomial(votes, 1, generator=generator)[:, 0], votes)
    return votes


def expression_loss(logits: Tensor, targets: Tensor, mode: LabelMode) -> Tensor:
    """The loss that belongs to a mode; a scalar.

    Args:
        logits: (N, 8).
        targets: (N, 8), what the function of that name made of votes.
        mode: as there.

    Raises:
        ConfigError: if the mode is unknown.
    """
    _check(mode)
    return (multi_target if mode == "multi-target" else soft_cross_entropy)(logits, targets)


def _check(mode: str) -> None:
    if mode not in get_args(LabelMode):
        raise ConfigError(f"no label mode {mode!r}: choose one of {', '.join(get_args(LabelMode))}")


def _one_hot(classes: Tensor, like: Tensor) -> Tensor:
    return functional.one_hot(classes, like.shape[1]).to(like.dtype)
