"""The training run: read it from top to bottom.

A run is a function of its recipe and data. The order of faces comes from (seed, epoch), their
augmentation from (seed, step), the learning rate from the step; dropout draws from torch's global
generator, whose state is in the checkpoint. So a run that was killed and resumed gives the same
weights, bit for bit on the same processor, as one that was not.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from srfer.errors import TrainingError

from .augment import augment
from .checkpoint import load_newest_checkpoint, save_checkpoint
from .data import FaceSet
from .degradations import degrade
from .evaluate import Scores, evaluate
from .files import write_whole
from .losses import charbonnier, soft_cross_entropy
from .networks import Cascade, build_cascade
from .recipe import Recipe

LOG_NAME = "log.jsonl"
_SEED_STRIDE = 1_000_003


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is, for whoever wants to show it.

    Attributes:
        step: steps done.
        steps: steps in all.
        epoch: epochs done, with a fraction.
        loss: smoothed total loss.
        scores: fresh validation scores, or None between evaluations.
    """

    step: int
    steps: int
    epoch: float
    loss: float
    scores: tuple[Scores, ...] | None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What may differ between two runs of one recipe without changing the result.

    Attributes:
        folder: for checkpoints and the log.
        save_every: steps between checkpoints.
        evaluate_every: epochs between evaluations.
    """

    folder: Path
    save_every: int = 500
    evaluate_every: int = 2


class Trainer:
    """State of a run: networks, optimiser, step.

    Args:
        recipe: what to train.
        faces: the training split.
    """

    def __init__(self, recipe: Recipe, faces: FaceSet) -> None:
        if len(faces) < recipe.batch:
            raise TrainingError(f"{len(faces)} faces are fewer than one batch of {recipe.batch}")
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.faces = faces
        self.network = build_cascade(recipe.sr, recipe.fer)
        _use_channels_last(self.network)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = _build_optimizer(self.network, recipe)
        self.step = 0
        self.steps_per_epoch = len(faces) // recipe.batch
        self.steps = self.steps_per_epoch * recipe.epochs
        self.loss = math.nan

    def learning_rate(self) -> float:
        """The rate for the current step."""
        warmup = max(1, round(self.recipe.warmup_epochs * self.steps_per_epoch))
        if self.step < warmup:
            return self.recipe.learning_rate * (self.step + 1) / warmup
        progress = (self.step - warmup) / max(1, self.steps - warmup)
        return self.recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))

    def batch_indices(self) -> Tensor:
        """(B,) which faces the current step reads."""
        epoch, position = divmod(self.step, self.steps_per_epoch)
        generator = torch.Generator().manual_seed(self.recipe.seed * _SEED_STRIDE + epoch)
        order = torch.randperm(len(self.faces), generator=generator)
        return order[position * self.recipe.batch : (position + 1) * self.recipe.batch]

    def advance(self) -> None:
        """Do one step.

        Raises:
            TrainingError: if the loss is not a finite number; the weights are left as they were.
        """
        chosen = self.batch_indices()
        generator = torch.Generator().manual_seed((self.recipe.seed + 1) * _SEED_STRIDE + self.step)
        originals = augment(self.faces.images[chosen].float() / 255, generator)
        degraded, native_px = degrade(originals, self.recipe.mix, generator)
        gain = (torch.rand(len(chosen), generator=generator) >= self.recipe.bypass).float()
        loss = self._loss(originals, degraded, native_px, gain, self.faces.votes[chosen])
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss.item()} at step {self.step}: lower learning_rate"
            )
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self._average()
        self.step += 1
        value = float(loss.detach())
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value

    def _loss(
        self, originals: Tensor, degraded: Tensor, native_px: Tensor, gain: Tensor, votes: Tensor
    ) -> Tensor:
        is_bf16 = self.recipe.precision == "bf16"
        with torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
            out = self.network(degraded, native_px, gain)
        expression = soft_cross_entropy(out.logits.float(), votes)
        return expression + self.recipe.pixel_weight * charbonnier(out.restored.float(), originals)

    @torch.no_grad()
    def _average(self) -> None:
        # A young average follows quickly; 10 steps of delay at first, the full length later.
        decay = min(self.recipe.ema_decay, (1 + self.step) / (10 + self.step))
        for mean, value in zip(
            self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on."""
        return {
            "recipe": self.recipe.digest,
            "step": self.step,
            "loss": self.loss,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingError: if it belongs to another recipe.
        """
        if state["recipe"] != self.recipe.digest:
            raise TrainingError(
                f"the checkpoints belong to another recipe ({state['recipe']}, not "
                f"{self.recipe.digest}): choose an empty folder with --run"
            )
        self.step = state["step"]
        self.loss = state["loss"]
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])


def _use_channels_last(network: Cascade) -> None:
    """Lay kernels out as convolutions on a CPU want them: faster by a third in bfloat16."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def _build_optimizer(network: Cascade, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW; norms and biases are not decayed."""
    decayed = [value for value in network.parameters() if value.ndim > 1]
    free = [value for value in network.parameters() if value.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": free, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )


class _Log:
    """One JSON line per evaluation; lines after the checkpoint are cut off on resume."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        kept = []
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    if json.loads(line)["step"] <= step:
                        kept.append(line)
                except (json.JSONDecodeError, KeyError):
                    break  # a line torn by a kill; whatever followed belongs to the future
        write_whole(path, "".join(line + "\n" for line in kept).encode())

    def add(self, trainer: Trainer, scores: tuple[Scores, ...]) -> None:
        record = {
            "step": trainer.step,
            "epoch": trainer.step / trainer.steps_per_epoch,
            "loss": round(trainer.loss, 5),
            "accuracy": {str(s.native_px): round(s.accuracy, 5) for s in scores},
            "macro_recall": {str(s.native_px): round(s.macro_recall, 5) for s in scores},
            "psnr_db": {str(s.native_px): round(s.psnr_db, 3) for s in scores if s.native_px < 48},
        }
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise TrainingError(f"cannot write {self.path.name}: {error.strerror}") from None


def train(
    recipe: Recipe,
    training: FaceSet,
    validation: FaceSet,
    options: RunOptions,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Trainer:
    """Run a recipe to its end, going on from the newest checkpoint in the folder.

    Args:
        recipe: what to train.
        training: the training split.
        validation: the validation split; watched, never learned from.
        options: where to keep things and how often.
        on_progress: called after every step.

    Returns:
        the trainer; `averaged` is the network to use.

    Raises:
        TrainingError: if the loss diverges, the disk is full or the folder is another recipe's.
    """
    trainer = Trainer(recipe, training)
    state = load_newest_checkpoint(options.folder)
    if state is not None:
        trainer.restore(state)
    log = _Log(options.folder / LOG_NAME, trainer.step)
    every = options.evaluate_every * trainer.steps_per_epoch
    trainer.network.train()
    while trainer.step < trainer.steps:
        trainer.advance()
        is_end = trainer.step == trainer.steps
        scores = None
        if trainer.step % every == 0 or is_end:
            scores = evaluate(trainer.averaged, validation)
            log.add(trainer, scores)
        if trainer.step % options.save_every == 0 or is_end:
            save_checkpoint(options.folder, trainer.step, trainer.state())
        epoch = trainer.step / trainer.steps_per_epoch
        on_progress(Progress(trainer.step, trainer.steps, epoch, trainer.loss, scores))
    return trainer
