"""The training run: read it from top to bottom.

A run is a function of its recipe and data. The order of faces comes from (seed, epoch), their
augmentation from (seed, step), the learning rate from the step; dropout draws from torch's global
generator, whose state is in the checkpoint. So a run that was killed and resumed gives the same
weights, bit for bit on the same processor, as one that was not.
"""

from __future__ import annotations

import copy
import math
import time
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
from .distributed import ALONE, Crew
from .evaluate import EVALUATED_PX, Scores, evaluate
from .initial import FRESH, STATISTICS_SAMPLE, Beginning
from .label_modes import targets
from .mixup import draw_kept, mixup
from .networks import Cascade, build_cascade
from .objective import PATCHES, Batch, Objective
from .optimizers import build_optimizers
from .recipe import Recipe
from .run_log import RunLog

_SEED_STRIDE = 1_000_003
STEPS_PER_EVENT = 20
"""Steps between points of the training curves."""


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
        evaluated_px: native sizes that are watched.
    """

    folder: Path
    save_every: int = 500
    evaluate_every: int = 2
    evaluated_px: tuple[int, ...] = EVALUATED_PX


class Trainer:
    """State of a run: networks, optimiser, step.

    Args:
        recipe: what to train.
        faces: the training split.
        start: weights to begin with.
        crew: the processes that share the run.
    """

    def __init__(
        self, recipe: Recipe, faces: FaceSet, start: Beginning = FRESH, crew: Crew = ALONE
    ) -> None:
        if len(faces) < recipe.batch:
            raise TrainingError(f"{len(faces)} faces are fewer than one batch of {recipe.batch}")
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.faces = faces
        self.crew = crew
        network = build_cascade(recipe.sr, recipe.fer)
        originals = faces.images[:STATISTICS_SAMPLE].float() / 255
        start.apply(network, originals)
        _use_channels_last(network)
        self.network = network.to(crew.device)
        crew.synchronise_norms(self.network)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        teacher = start.build_teacher(recipe, originals)
        if teacher is not None:
            teacher.network.to(crew.device)
        self.objective = Objective(recipe, self.network, teacher).to(crew.device)
        self.optimizers = build_optimizers(recipe, self.network, self.objective)
        self.scaler = torch.amp.GradScaler(crew.device.type, enabled=recipe.precision == "fp16")
        self.step = 0
        self.steps_per_epoch = len(faces) // recipe.batch
        self.steps = self.steps_per_epoch * recipe.epochs
        self.loss = math.nan
        self.seconds = 0.0

    def learning_rate(self) -> float:
        """The rate for the current step."""
        warmup = max(1, round(self.recipe.warmup_epochs * self.steps_per_epoch))
        if self.step < warmup:
            return self.recipe.learning_rate * (self.step + 1) / warmup
        progress = (self.step - warmup) / max(1, self.steps - warmup)
        return self.recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))

    def _step_in_cycle(self) -> int:
        """The step whose faces, in order and augmentation, the current one reads again."""
        cycle = self.recipe.cycle * self.steps_per_epoch
        return self.step % cycle if cycle else self.step

    def batch_indices(self) -> Tensor:
        """(B,) which faces the current step reads."""
        epoch, position = divmod(self._step_in_cycle(), self.steps_per_epoch)
        generator = torch.Generator().manual_seed(self.recipe.seed * _SEED_STRIDE + epoch)
        order = torch.randperm(len(self.faces), generator=generator)
        return order[position * self.recipe.batch : (position + 1) * self.recipe.batch]

    def _generator(self, stream: int, step: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.recipe.seed + stream) * _SEED_STRIDE + step)

    def draw(self) -> Batch:
        """This process's part of the current step's batch."""
        recipe, chosen = self.recipe, self.batch_indices()
        place = self._step_in_cycle()
        faces = self.faces.images[chosen].float() / 255
        generator = self._generator(1, place)
        originals = augment(faces, generator, recipe.augmentation)
        kept = draw_kept(len(chosen), recipe.mixup, generator)
        originals = mixup(originals, kept)
        generator = self._generator(2, self.step)
        degraded, native_px = degrade(originals, recipe.mix, generator)
        gain = (torch.rand(len(chosen), generator=generator) >= recipe.bypass).float()
        votes = mixup(targets(self.faces.votes[chosen], recipe.labels, generator), kept)
        dice = torch.rand(len(chosen), 1 + PATCHES**2, generator=generator)
        own = self.crew.own_part
        return Batch(
            originals=own(originals),
            degraded=own(degraded),
            native_px=own(native_px),
            gain=own(gain),
            targets=own(votes),
            dice=own(dice),
            key=place if recipe.cycle else None,
        )

    def advance(self) -> None:
        """Do one step.

        Raises:
            TrainingError: if the loss is not a finite number; the network whose loss it is keeps
                its weights.
        """
        began = time.perf_counter()
        batch = self.draw()
        rate = self.learning_rate()
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate
        self.network.train()
        if self.recipe.update == "together":
            with self._precision():
                loss, restored = self.objective.together(batch)
            self._update(loss, "sr", "fer")
        elif self.recipe.update == "fer":
            with self._precision():
                loss = self.objective.of_reading(batch, None)
            self._update(loss, "fer")
            restored = None
        else:
            loss, restored = self._restore_then_read(batch)
        if restored is not None and "discriminator" in self.optimizers:
            with self._precision():
                judged = self.objective.of_discrimination(batch.originals, restored)
            self._update(judged, "discriminator")
        if self.scaler.is_enabled():
            self.scaler.update()
        self._average()
        self.step += 1
        value = self.crew.agree(float(loss.detach()))
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
        self.seconds += time.perf_counter() - began

    def _restore_then_read(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Let super-resolution learn with the expression network frozen, then that one.

        The latter only where the recipe alternates. Gives the first loss and the restored faces.
        """
        fer = self.network.fer.eval().requires_grad_(False)
        with self._precision():
            loss, restored = self.objective.of_restoration(batch)
        self._update(loss, "sr")
        fer.requires_grad_(True)
        if self.recipe.update == "alternating":
            fer.train()
            with self._precision():
                reading = self.objective.of_reading(batch, restored)
            self._update(reading, "fer")
        return loss, restored

    def _precision(self) -> torch.autocast:
        name = self.recipe.precision
        kind = torch.float16 if name == "fp16" else torch.bfloat16
        return torch.autocast(self.crew.device.type, kind, enabled=name != "fp32")

    def _update(self, loss: Tensor, *names: str) -> None:
        """Step the named optimisers down the gradient of a loss."""
        value = self.crew.agree(float(loss.detach()))
        if not math.isfinite(value):
            raise TrainingError(f"the loss became {value} at step {self.step}: lower learning_rate")
        optimizers = [self.optimizers[name] for name in names if name in self.optimizers]
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(self.scaler.scale(loss))
        for optimizer in optimizers:
            parameters = [value for group in optimizer.param_groups for value in group["params"]]
            self.crew.average_gradients(parameters)
            self.scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(parameters, 5.0)
            self.scaler.step(optimizer)

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
            "recipe": self.recipe.run_digest,
            "sr": self.recipe.sr,
            "fer": self.recipe.fer,
            "step": self.step,
            "loss": self.loss,
            "seconds": self.seconds,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "objective": self.objective.state_dict(),
            "optimizers": {name: value.state_dict() for name, value in self.optimizers.items()},
            "scaler": self.scaler.state_dict(),
            "random": torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingError: if it belongs to another recipe.
        """
        if state["recipe"] != self.recipe.run_digest:
            raise TrainingError(
                f"the checkpoints belong to another recipe ({state['recipe']}, not "
                f"{self.recipe.run_digest}): choose an empty folder with --run"
            )
        self.step = state["step"]
        self.loss = state["loss"]
        self.seconds = state["seconds"]
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.objective.load_state_dict(state["objective"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"].cpu())


def _use_channels_last(network: Cascade) -> None:
    """Lay kernels out as convolutions on a CPU want them: faster by a third in bfloat16."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def train(
    recipe: Recipe,
    training: FaceSet,
    validation: FaceSet,
    options: RunOptions,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    start: Beginning = FRESH,
    crew: Crew = ALONE,
) -> Trainer:
    """Run a recipe to its end, going on from the newest checkpoint in the folder.

    Args:
        recipe: what to train.
        training: the training split.
        validation: the validation split; watched, never learned from.
        options: where to keep things and how often.
        on_progress: called after every step.
        start: weights to begin with.
        crew: the processes that share the run; only the first writes and evaluates.

    Returns:
        the trainer; `averaged` is the network to use.

    Raises:
        TrainingError: if the loss diverges, the disk is full or the folder is another recipe's.
    """
    trainer = Trainer(recipe, training, start, crew)
    state = load_newest_checkpoint(options.folder)
    if state is not None:
        trainer.restore(state)
    log = RunLog(options.folder, trainer.step) if crew.is_first else None
    try:
        while trainer.step < trainer.steps:
            rate = trainer.learning_rate()
            trainer.advance()
            if log is not None:
                scores = _record(trainer, validation, options, log, rate)
                on_progress(_progress(trainer, scores))
    finally:
        if log is not None:
            log.close()
    return trainer


def _record(
    trainer: Trainer, validation: FaceSet, options: RunOptions, log: RunLog, rate: float
) -> tuple[Scores, ...] | None:
    """Evaluate, log and save where it is time to; gives the scores of an evaluation."""
    is_end = trainer.step == trainer.steps
    scores = None
    if trainer.step % STEPS_PER_EVENT == 0:
        log.add_step(trainer.step, trainer.loss, rate)
    if trainer.step % (options.evaluate_every * trainer.steps_per_epoch) == 0 or is_end:
        scores = evaluate(trainer.averaged, validation, options.evaluated_px)
        log.add_scores(trainer.step, trainer.step / trainer.steps_per_epoch, trainer.loss, scores)
    if trainer.step % options.save_every == 0 or is_end:
        save_checkpoint(options.folder, trainer.step, trainer.state())
    return scores


def _progress(trainer: Trainer, scores: tuple[Scores, ...] | None) -> Progress:
    epoch = trainer.step / trainer.steps_per_epoch
    return Progress(trainer.step, trainer.steps, epoch, trainer.loss, scores)
