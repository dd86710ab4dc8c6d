"""The systems of the comparison, one recipe each.

All use one expression network, begin with the weights of B0 and one super-resolution network
fitted on pixels, and then learn for the same number of epochs with the same augmentation. What
differs is what the row's line says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..recipe import Recipe, parse_recipe

FER = "residual-small"
OWN_SR = "unshuffle-small"
FIRST_EPOCHS = 12
"""Of B0, which all others begin with."""
EPOCHS = 4
"""Of every other row."""
AUGMENTATION = 0.5
"""Runs this short learn more from faces that are varied less."""
PIXEL = 16.0
ATTENTION = 16.0
"""Its gradient on the restored face is then half of the expression loss's in the first batches, as
measured by `python -m benchmarks.loss_gradients`; so are those of the variants below."""
COSINE, GRAD_CAM, LAST_STAGE, FIRST_STAGES = 98.0, 9.6, 7.0, 16.0

_ORIGINALS = {"sizes_px": [24], "full_size": 1.0, "blurred": 0.0, "noisy": 0.0}
_ONE_FACTOR = {"sizes_px": [12], "full_size": 0.0, "blurred": 0.2, "noisy": 0.15}
_MANY_SIZES = {
    "sizes_px": [7, 8, 9, 11, 12, 13, 14, 16, 18, 20, 22, 24, 28, 32, 36, 40],
    "full_size": 0.2,
    "blurred": 0.2,
    "noisy": 0.15,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One system.

    Attributes:
        title: what it is, in words.
        sr: its super-resolution network.
        update: which networks learn, and how; see `Recipe`.
        losses: weights that are not zero.
        sr_from: the row whose super-resolution network it begins with; "" for fresh weights.
        fer_from: the row whose expression network it begins with; "" for fresh weights.
        mix: sizes and degradations.
    """

    title: str
    sr: str = "none"
    update: str = "fer"
    losses: Mapping[str, Any] = field(default_factory=dict)
    sr_from: str = ""
    fer_from: str = "B0"
    mix: Mapping[str, Any] = field(default_factory=lambda: _MANY_SIZES)

    @property
    def needs(self) -> tuple[str, ...]:
        """Rows that have to be trained before."""
        return tuple(name for name in (self.sr_from, self.fer_from) if name)


def _pixel_row(title: str, sr: str) -> Row:
    return Row(title, sr, "sr", {"expression": 0.0, "pixel": PIXEL})


def _joint_row(title: str, losses: Mapping[str, Any], sr: str = OWN_SR, sr_from: str = "B5") -> Row:
    return Row(title, sr, "alternating", {"pixel": PIXEL, **losses}, sr_from)


_ATTENTION = {"attention": ATTENTION}
_PREDICTION = {"prediction": 1.0}
_BOTH = _ATTENTION | _PREDICTION


def _fsrcnn_row(title: str, losses: Mapping[str, Any]) -> Row:
    return _joint_row(f"{title}, with FSRCNN", losses, "fsrcnn", "B4-fsrcnn")


def _variant(what: str, attention: float, **changes: Any) -> Row:
    return _joint_row(f"P3, {what}", _BOTH | {"attention": attention} | changes)


ROWS: Mapping[str, Row] = MappingProxyType(
    {
        "B0": Row("FER trained on originals (B1: on smaller faces)", fer_from="", mix=_ORIGINALS),
        "B2": Row("FER fine-tuned on one factor (12 px)", mix=_ONE_FACTOR),
        "B3": Row("FER with multi-resolution augmentation"),
        "B4-srcnn": _pixel_row("SRCNN by pixel loss, then B0", "srcnn"),
        "B4-fsrcnn": _pixel_row("FSRCNN by pixel loss, then B0", "fsrcnn"),
        "B5": _pixel_row("our SR by pixel loss, then B0", OWN_SR),
        "B6": Row("B5, then FER fitted on its output", OWN_SR, "fer", sr_from="B5"),
        "B7": Row("naive joint training", OWN_SR, "together", {"pixel": PIXEL}, "B5"),
        "B8": _joint_row("SR4IR-like: task-feature loss, alternating", {"task_feature": 1.0}),
        "B9": Row("distillation only, no SR", losses={"distillation": 1.0}),
        "P1": _joint_row("SR-FER: attention consistency", _ATTENTION),
        "P2": _joint_row("SR-FER: prediction consistency", _PREDICTION),
        "P3": _joint_row("SR-FER: both", _BOTH),
        "P1-fsrcnn": _fsrcnn_row("SR-FER: attention consistency", _ATTENTION),
        "P2-fsrcnn": _fsrcnn_row("SR-FER: prediction consistency", _PREDICTION),
        "P3-fsrcnn": _fsrcnn_row("SR-FER: both", _BOTH),
        "A-cosine": _variant("cosine of attention", COSINE, attention_kind="cosine"),
        "A-grad-cam": _variant("Grad-CAM", GRAD_CAM, attention_kind="grad-cam"),
        "A-last-stage": _variant("last stage only", LAST_STAGE, attention_stages=[4]),
        "A-first-stages": _variant("first two stages", FIRST_STAGES, attention_stages=[1, 2]),
        "A-attention-x4": _joint_row("P3, 4x attention", _BOTH | {"attention": 4 * ATTENTION}),
        "A-prediction-x4": _joint_row("P3, 4x prediction", _BOTH | {"prediction": 4.0}),
    }
)
"""In an order in which each comes after what it needs."""

CLOSE = ("B0", "B3", "B5", "B6", "B8", "B9", "P3")
"""Rows that are repeated with further seeds."""


def run_folder(runs: Path, name: str, seed: int) -> Path:
    """Where a row's checkpoints are."""
    return runs / f"{name}-seed{seed}"


def recipe_of(name: str, seed: int, runs: Path) -> Recipe:
    """The recipe of a row.

    Args:
        name: a key of `ROWS`.
        seed: of weights, order and augmentation.
        runs: the folder of all runs, from which it takes what it begins with.
    """
    row = ROWS[name]
    start = {
        "sr": str(run_folder(runs, row.sr_from, seed)) if row.sr_from else "",
        "fer": str(run_folder(runs, row.fer_from, seed)) if row.fer_from else "",
        "teacher": str(run_folder(runs, "B0", seed)) if row.fer_from else "",
    }
    table = {
        "name": name,
        "sr": row.sr,
        "fer": FER,
        "epochs": EPOCHS if row.fer_from else FIRST_EPOCHS,
        "batch": 128,
        "seed": seed,
        "learning_rate": 1e-3 if row.fer_from else 2e-3,
        "warmup_epochs": 0.5,
        "weight_decay": 0.05,
        "bypass": 0.0,
        "ema_decay": 0.998,
        "precision": "fp32",
        "augmentation": AUGMENTATION,
        "update": row.update,
        "start": start,
        "losses": dict(row.losses),
        "mix": dict(row.mix),
    }
    return parse_recipe(table, name)
