"""Training a temporal head on tracks: read it from top to bottom.

The per-frame cascade is frozen, so what it makes of each frame is computed once, for a few
variations of every track; an epoch then only touches the small head. As in `training.train`, a run
is a function of its recipe and data: variations, order and dropout come from (seed, place), so a
run that was killed and resumed gives the same weights, bit for bit on the same processor.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from srfer.errors import ConfigError, TrainingError

from .checkpoint import load_newest_checkpoint, save_checkpoint
from .data.tracks import TrackSet, load_tracks, vary_tracks
from .degradations import FULL_PX
from .files import write_whole
from .initial import read_folded
from .networks import Cascade, build_cascade, fold
from .networks.temporal import (
    FRAMES,
    FrameReadings,
    TemporalFER,
    TemporalHead,
    fingerprint,
    read_frames,
)

LOG_NAME = "log.jsonl"
_TRACKS_AT_A_TIME = 32
_SEED_STRIDE = 1_000_003


@dataclass(frozen=True, slots=True)
class TemporalRecipe:
    """One training run on tracks.

    Attributes:
        sr: super-resolution network of the per-frame model, a name in `training.networks.SR`.
        fer: expression network of the per-frame model, a name in `training.networks.FER`.
        length: frames that are read of each track, the last ones.
        width: channels of the head's 3-D convolutions, even.
        blocks: how many blocks of them.
        dropout: share of pooled features dropped while training.
        sizes_px: native sizes that tracks are reduced to, drawn evenly; each is also evaluated.
        variants: how many variations of each track there are to learn from.
        epochs: passes over the tracks.
        batch: tracks per step; the last step of an epoch takes what is left.
        seed: of weights, variations, order and dropout.
        learning_rate: highest rate of AdamW; it falls as a cosine.
        weight_decay: of AdamW.
    """

    sr: str = "unshuffle"
    fer: str = "residual"
    length: int = FRAMES
    width: int = 64
    blocks: int = 2
    dropout: float = 0.3
    sizes_px: tuple[int, ...] = (48, 24, 16, 12, 8)
    variants: int = 4
    epochs: int = 40
    batch: int = 32
    seed: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.05

    def __post_init__(self) -> None:
        for name in ("length", "width", "blocks", "variants", "epochs", "batch"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.width % 2:
            raise ConfigError(f"width must be even, not {self.width}")
        if not self.sizes_px or any(not 4 <= size <= FULL_PX for size in self.sizes_px):
            raise ConfigError(
                f"sizes_px must be sizes of 4 to {FULL_PX} pixels, not {list(self.sizes_px)}"
            )
        if not self.learning_rate > 0:
            raise ConfigError(f"learning_rate must be positive, not {self.learning_rate}")
        for name in ("seed", "weight_decay", "dropout"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must not be negative")
        if not self.dropout < 1:
            raise ConfigError(f"dropout must be less than 1, not {self.dropout}")

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any value of the recipe."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class TrackScores:
    """How well tracks of one native size are read.

    Attributes:
        native_px: the size that they were reduced to.
        accuracy: share of tracks that the head labels correctly, 0..1.
        newest_accuracy: the same for the per-frame reading of the newest frame.
    """

    native_px: int
    accuracy: float
    newest_accuracy: float


@dataclass(frozen=True, slots=True)
class TemporalProgress:
    """Where a run is after an epoch; also a line of the log.

    Attributes:
        epoch: epochs done.
        epochs: epochs in all.
        loss: mean of the epoch's.
        scores: of the validation tracks, by native size.
    """

    epoch: int
    epochs: int
    loss: float
    scores: tuple[TrackScores, ...]


class _Stream(IntEnum):
    """What randomness is for; streams never meet."""

    WEIGHTS = 0
    VARIANTS = 1
    ORDER = 2
    CHOICE = 3
    DROPOUT = 4


class TemporalTrainer:
    """State of a run: head, optimiser, epoch; arguments as those of `train_temporal`."""

    def __init__(self, recipe: TemporalRecipe, cascade: Cascade, tracks: TrackSet) -> None:
        self.recipe = recipe
        self.tracks = tracks
        self.cascade = cascade.eval()
        dice = self._generator(_Stream.VARIANTS, 0)
        self.readings = _read_tracks(self.cascade, tracks, recipe.sizes_px, recipe.variants, dice)
        channels = self.readings.features.shape[2]
        self.shape = {"channels": channels, "width": recipe.width, "blocks": recipe.blocks}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed(_Stream.WEIGHTS, 0))
            self.head = TemporalHead(**self.shape, dropout=recipe.dropout)
        self.optimizer = torch.optim.AdamW(
            self.head.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.epoch = 0
        self.history: list[dict[str, Any]] = []
        self.steps_per_epoch = math.ceil(len(tracks) / recipe.batch)

    def _seed(self, stream: _Stream, place: int) -> int:
        return (self.recipe.seed * len(_Stream) + stream) * _SEED_STRIDE + place

    def _generator(self, stream: _Stream, place: int) -> torch.Generator:
        return torch.Generator().manual_seed(self._seed(stream, place))

    def run_epoch(self) -> float:
        """Show the head every track once, each in one of its variations; gives the mean loss.

        Raises:
            TrainingError: if the loss or its gradient is not finite; that step is not done.
        """
        self.head.train()
        generator = self._generator(_Stream.ORDER, self.epoch)
        order = torch.randperm(len(self.tracks), generator=generator)
        begin = self.epoch * self.steps_per_epoch
        parts = enumerate(torch.split(order, self.recipe.batch), begin)
        losses = [self._advance(step, chosen) for step, chosen in parts]
        self.epoch += 1
        return sum(losses) / len(losses)

    def _advance(self, step: int, chosen: Tensor) -> float:
        """Do one step on the chosen tracks; gives the loss."""
        generator = self._generator(_Stream.CHOICE, step)
        variant = torch.randint(self.recipe.variants, chosen.shape, generator=generator)
        features, newest = (values[variant * len(self.tracks) + chosen] for values in self.readings)
        with torch.random.fork_rng(devices=[]):  # dropout knows only the global generator
            torch.manual_seed(self._seed(_Stream.DROPOUT, step))
            logits = self.head(features, self.tracks.mask[chosen], newest)
        loss = functional.cross_entropy(logits, self.tracks.votes[chosen])
        progress = step / (self.recipe.epochs * self.steps_per_epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        steepness = float(nn.utils.clip_grad_norm_(self.head.parameters(), 5.0))
        value = float(loss.detach())
        if not math.isfinite(value + steepness):
            what = f"loss became {value} and its gradient {steepness} at step {step}"
            raise TrainingError(f"the {what}: lower learning_rate")
        self.optimizer.step()
        return value

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the run, and the use of its head, depend on."""
        return {
            "recipe": self.recipe.digest,
            "cascade": fingerprint(self.cascade),
            "shape": self.shape,
            "epoch": self.epoch,
            "history": self.history,
            "head": self.head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingError: if it belongs to another recipe or per-frame model.
        """
        own = (self.recipe.digest, fingerprint(self.cascade))
        if (state.get("recipe"), state.get("cascade")) != own:
            raise TrainingError(
                "the checkpoints belong to another recipe or model: choose an empty folder"
            )
        self.epoch = state["epoch"]
        self.history = state["history"]
        self.head.load_state_dict(state["head"])
        self.optimizer.load_state_dict(state["optimizer"])


def _read_tracks(
    cascade: Cascade,
    tracks: TrackSet,
    sizes_px: tuple[int, ...],
    times: int = 1,
    generator: torch.Generator | None = None,
) -> FrameReadings:
    """Read the frames of all tracks, so many times over; `vary_tracks` makes each time differ."""
    rows = torch.arange(len(tracks)).repeat(times)
    parts = [
        read_frames(cascade, *vary_tracks(tracks, chosen, sizes_px, generator))
        for chosen in torch.split(rows, _TRACKS_AT_A_TIME)
    ]
    return FrameReadings(*(torch.cat(values) for values in zip(*parts, strict=True)))


@torch.no_grad()
def _score(
    head: TemporalHead, readings: FrameReadings, tracks: TrackSet, native_px: int
) -> TrackScores:
    head.eval()
    labels = tracks.votes.argmax(dim=1)
    logits = head(readings.features, tracks.mask, readings.newest)
    shares = [(of.argmax(dim=1) == labels).float().mean() for of in (logits, readings.newest)]
    return TrackScores(native_px, *(round(float(share), 5) for share in shares))


def train_temporal(
    recipe: TemporalRecipe,
    cascade: Cascade,
    training: TrackSet,
    validation: TrackSet,
    folder: Path,
    *,
    on_progress: Callable[[TemporalProgress], None] = lambda _: None,
) -> Path:
    """Train a head to the end, going on from the newest checkpoint in the folder.

    Args:
        recipe: what to train.
        cascade: the per-frame network; put in eval mode, otherwise left as it is.
        training: the training split, of the recipe's length.
        validation: the validation split; watched, never learned from.
        folder: for checkpoints, written after each epoch, and the log, a line of JSON for each.
        on_progress: called after every epoch.

    Returns:
        the last checkpoint, for `load_temporal`.

    Raises:
        TrainingError: if the loss diverges, the disk is full or the folder is another run's.
    """
    trainer = TemporalTrainer(recipe, cascade, training)
    watched = {size: _read_tracks(trainer.cascade, validation, (size,)) for size in recipe.sizes_px}
    state = load_newest_checkpoint(folder)
    if state is not None:
        trainer.restore(state)
    checkpoint = _save(trainer, folder)
    while trainer.epoch < recipe.epochs:
        loss = trainer.run_epoch()
        scores = tuple(_score(trainer.head, r, validation, px) for px, r in watched.items())
        progress = TemporalProgress(trainer.epoch, recipe.epochs, round(loss, 5), scores)
        trainer.history.append(dataclasses.asdict(progress))
        checkpoint = _save(trainer, folder)
        on_progress(progress)
    return checkpoint


def _save(trainer: TemporalTrainer, folder: Path) -> Path:
    """Write a checkpoint, and the log as the checkpoint knows it: no kill can tear them apart."""
    checkpoint = save_checkpoint(folder, trainer.epoch, trainer.state())
    lines = "".join(json.dumps(record) + "\n" for record in trainer.history)
    write_whole(folder / LOG_NAME, lines.encode())
    return checkpoint


def load_temporal(path: Path, cascade: Cascade) -> TemporalFER:
    """Read a trained head; nothing is unpickled beyond tensors and plain values.

    Args:
        path: a checkpoint of `train_temporal`.
        cascade: the per-frame network with which the head was trained.

    Returns:
        both together, in eval mode.

    Raises:
        TrainingError: if the file is missing, damaged, no such checkpoint or of another cascade.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        head = TemporalHead(**state["shape"])
        head.load_state_dict(state["head"])
        trained_with = state["cascade"]
    except OSError as error:
        raise TrainingError(f"cannot read {path.name}: {error.strerror or error}") from None
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError, TypeError):
        raise TrainingError(f"{path.name} is no checkpoint of a temporal head") from None
    if trained_with != fingerprint(cascade):
        raise TrainingError(f"{path.name} was trained with another model than this one")
    return TemporalFER(cascade, head.requires_grad_(False)).eval()


def load_cascade(model_bytes: bytes, sr: str, fer: str) -> Cascade:
    """Build the per-frame network of a model file, as it is deployed: folded, in eval mode.

    Args:
        model_bytes: an .onnx file that srfer exported.
        sr: name of the super-resolution network that it was trained with.
        fer: name of its expression network.

    Raises:
        ConfigError: if a name is unknown.
        TrainingError: if the file holds no weights, or those of other networks.
    """
    with torch.random.fork_rng(devices=[]):  # fresh weights, which are replaced at once
        cascade = fold(build_cascade(sr, fer).eval())
    weights = read_folded(model_bytes)
    # Exporting keeps one of several equal biases; those of layers that never learned are all 0.
    biases = {name: b * 0 for name, b in cascade.state_dict().items() if name.endswith(".bias")}
    try:
        cascade.load_state_dict(biases | weights)
    except RuntimeError:
        what = f"the model file does not name all weights of {sr!r} and {fer!r}"
        raise TrainingError(f"{what}: give the networks that it was trained with") from None
    return cascade


def train_on_tracks(
    data: Path,
    model_bytes: bytes,
    recipe: TemporalRecipe,
    folder: Path,
    on_progress: Callable[[TemporalProgress], None] = lambda _: None,
) -> Path:
    """Train a temporal head for a model on the tracks of a folder; see `docs/tracks.md`.

    Args:
        data: a folder that `load_tracks` reads.
        model_bytes: the per-frame model, an .onnx file that srfer exported.
        recipe: what to train; its `sr` and `fer` are the networks of the model.
        folder: for checkpoints and the log; a run that was interrupted goes on.
        on_progress: called after every epoch.

    Returns:
        the last checkpoint, for `load_temporal`.

    Raises:
        ConfigError: if the recipe names an unknown network.
        TrainingError: if the model, the data, the disk or the run fails.
    """
    cascade = load_cascade(model_bytes, recipe.sr, recipe.fer)
    training = load_tracks(data, "training", recipe.length)
    validation = load_tracks(data, "validation", recipe.length)
    return train_temporal(recipe, cascade, training, validation, folder, on_progress=on_progress)
