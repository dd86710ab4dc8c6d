"""What a recipe asks of the two networks: the sum of its losses, for whichever of them learns.

SR-FER after the abstract of Xie et al., *A joint learning method with consistency-aware for
low-resolution facial expression recognition* (Expert Systems with Applications, 2024); alternating
updates and patch mixing after Kim et al., *SR4IR* (CVPR 2024). The formulas are in the docstrings
of `training.losses`; weights are ours.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .label_modes import expression_loss
from .losses import (
    DeepAttentiveCentreLoss,
    Discriminator,
    attention_cosine,
    attention_transfer,
    charbonnier,
    discriminator_loss,
    generator_loss,
    grad_cam_consistency,
    prediction_consistency,
    task_feature,
)
from .networks import Cascade, Reading
from .recipe import Recipe
from .teacher import Teacher

PATCHES = 4
"""A patch mix takes each of 4x4 patches from the restored or from the original face."""
RESTORED_SHARE = 0.5
"""Of the faces that the expression network learns from in alternating updates; the others are
originals and patch mixes in equal parts."""


class Batch(NamedTuple):
    """What a step learns from.

    Attributes:
        originals: (N, 1, 48, 48) in 0..1.
        degraded: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
        native_px: (N,) side of each degraded face before interpolation.
        gain: (N,) 1 where super-resolution is used, 0 where it is skipped.
        targets: (N, 8), rows sum to 1.
        dice: (N, 1 + 16) uniform in 0..1, for choosing between restored, original and patch mix.
        key: stands for `originals` whenever the same ones come again; None if they never do.
    """

    originals: Tensor
    degraded: Tensor
    native_px: Tensor
    gain: Tensor
    targets: Tensor
    dice: Tensor
    key: int | None = None


class Objective(nn.Module):
    """The losses of a recipe. A module, since two of them have parameters of their own.

    Args:
        recipe: which losses, with which weights.
        cascade: the networks that learn.
        teacher: reads originals; None where no loss asks it.
    """

    def __init__(self, recipe: Recipe, cascade: Cascade, teacher: Teacher | None) -> None:
        super().__init__()
        self.recipe = recipe
        self.teacher = teacher
        self._cascade = (cascade,)  # in a tuple: its parameters are not this module's
        losses = recipe.losses
        self.discriminator = Discriminator() if losses.adversarial else None
        channels = cascade.fer.classifier.in_features
        self.centre = DeepAttentiveCentreLoss(channels) if losses.centre else None

    def together(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One loss for both networks; gives it and the restored faces."""
        cascade = self._cascade[0]
        out = cascade(batch.degraded, batch.native_px, batch.gain)
        loss = self._restoration(batch, out.restored.float(), out.reading)
        return loss + self._beside_labels(batch, out.reading), out.restored.float()

    def of_restoration(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss of super-resolution; the caller has frozen the expression network."""
        cascade = self._cascade[0]
        out = cascade(batch.degraded, batch.native_px, batch.gain)
        return self._restoration(batch, out.restored.float(), out.reading), out.restored.float()

    def of_reading(self, batch: Batch, restored: Tensor | None) -> Tensor:
        """The loss of the expression network on faces that carry no gradient.

        Args:
            batch: what to read.
            restored: (N, 1, 48, 48): originals and patch mixes of both are read as well. None:
                only what super-resolution, frozen, makes of the batch is read.
        """
        cascade = self._cascade[0]
        if restored is None:
            with torch.no_grad():
                faces = cascade.restore(batch.degraded, batch.native_px, batch.gain)
            sizes = batch.native_px
        else:
            faces, sizes = mix_patches(batch, restored.detach())
        reading = cascade.fer.read(faces, sizes)
        labelled = expression_loss(reading.logits.float(), batch.targets, self.recipe.labels)
        return self.recipe.losses.expression * labelled + self._beside_labels(batch, reading)

    def of_discrimination(self, originals: Tensor, restored: Tensor) -> Tensor:
        """The loss of the discriminator."""
        assert self.discriminator is not None
        return discriminator_loss(
            self.discriminator(originals), self.discriminator(restored.detach())
        )

    def _restoration(self, batch: Batch, restored: Tensor, reading: Reading) -> Tensor:
        """Everything that super-resolution is asked for."""
        losses = self.recipe.losses
        total = restored.new_zeros(())
        if losses.expression:
            labelled = expression_loss(reading.logits.float(), batch.targets, self.recipe.labels)
            total = total + losses.expression * labelled
        if losses.pixel:
            total = total + losses.pixel * charbonnier(restored, batch.originals)
        if losses.attention or losses.prediction:
            total = total + self._consistency(batch.originals, restored)
        if losses.task_feature:
            with torch.no_grad():
                fer = self._cascade[0].fer
                wanted = fer.extract(batch.originals, torch.full_like(batch.native_px, 48.0))[-1:]
            total = total + losses.task_feature * task_feature(reading.stages[-1:], wanted)
        if self.discriminator is not None:
            scores = self.discriminator(batch.originals), self.discriminator(restored)
            total = total + losses.adversarial * generator_loss(*scores)
        return total

    def _consistency(self, originals: Tensor, restored: Tensor) -> Tensor:
        """Attention and prediction of the teacher on restored as on original faces."""
        losses = self.recipe.losses
        assert self.teacher is not None
        uses_grad_cam = losses.attention > 0 and losses.attention_kind == "grad-cam"
        with torch.set_grad_enabled(uses_grad_cam):
            wanted = self.teacher.read(originals.detach().requires_grad_(uses_grad_cam))
        found = self.teacher.read(restored)
        total = restored.new_zeros(())
        if losses.prediction:
            total = losses.prediction * prediction_consistency(
                found.logits.float(), wanted.logits.float()
            )
        if losses.attention:
            total = total + losses.attention * self._attention(found, wanted)
        return total

    def _attention(self, found: Reading, wanted: Reading) -> Tensor:
        losses = self.recipe.losses
        found_stages = tuple(found.stages[k - 1] for k in losses.attention_stages)
        wanted_stages = tuple(wanted.stages[k - 1] for k in losses.attention_stages)
        if losses.attention_kind == "transfer":
            return attention_transfer(found_stages, wanted_stages)
        if losses.attention_kind == "cosine":
            return attention_cosine(found_stages, wanted_stages)
        classes = wanted.logits.argmax(dim=1)
        return grad_cam_consistency(
            found_stages, found.logits, wanted_stages, wanted.logits, classes
        )

    def _beside_labels(self, batch: Batch, reading: Reading) -> Tensor:
        """What only the expression network is asked for."""
        losses = self.recipe.losses
        total = reading.logits.new_zeros((), dtype=torch.float32)
        if losses.distillation:
            assert self.teacher is not None
            wanted = self.teacher.recall(batch.key, batch.originals)
            total = losses.distillation * prediction_consistency(reading.logits.float(), wanted)
        if self.centre is not None:
            classes = batch.targets.argmax(dim=1)
            total = total + losses.centre * self.centre(reading.stages[-1].float(), classes)
        return total


def mix_patches(batch: Batch, restored: Tensor) -> tuple[Tensor, Tensor]:
    """Let each face be the restored one, the original, or a mix of 4x4 patches of both.

    Args:
        batch: with the dice that decide.
        restored: (N, 1, 48, 48) without a graph.

    Returns:
        faces (N, 1, 48, 48), and their native_px (N,): 48 for originals.
    """
    count = len(restored)
    kind, coins = batch.dice[:, 0], batch.dice[:, 1:]
    original_from = 1 - (1 - RESTORED_SHARE) / 2
    patches = (coins < 0.5).float().reshape(count, 1, PATCHES, PATCHES)
    from_original = functional.interpolate(patches, size=restored.shape[-1], mode="nearest")
    is_mix = (kind >= RESTORED_SHARE) & (kind < original_from)
    is_original = kind >= original_from
    share = torch.where(is_mix[:, None, None, None], from_original, torch.zeros_like(from_original))
    share = torch.where(is_original[:, None, None, None], torch.ones_like(share), share)
    sizes = torch.where(is_original, torch.full_like(batch.native_px, 48.0), batch.native_px)
    return torch.lerp(restored, batch.originals, share), sizes
