"""The loss functions, one file each; every one is a scalar and says what it is at its best."""

from __future__ import annotations

from .adversarial import Discriminator, discriminator_loss, generator_loss
from .attention import (
    attention_cosine,
    attention_maps,
    attention_transfer,
    grad_cam_consistency,
)
from .centre import DeepAttentiveCentreLoss
from .expression import MANY_VOTES, multi_target, soft_cross_entropy
from .pixel import CHARBONNIER_EPSILON, charbonnier
from .prediction import prediction_consistency
from .task_feature import task_feature

__all__ = [
    "CHARBONNIER_EPSILON",
    "MANY_VOTES",
    "DeepAttentiveCentreLoss",
    "Discriminator",
    "attention_cosine",
    "attention_maps",
    "attention_transfer",
    "charbonnier",
    "discriminator_loss",
    "generator_loss",
    "grad_cam_consistency",
    "multi_target",
    "prediction_consistency",
    "soft_cross_entropy",
    "task_feature",
]
