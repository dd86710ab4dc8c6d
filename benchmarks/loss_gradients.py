"""How hard each loss of SR-FER pulls at the restored face, before training with it begins.

    srfer protocol --data ferplus_train_val.npz --rows B0,B5
    python -m benchmarks.loss_gradients --data ferplus_train_val.npz

The weight of attention consistency is chosen so that its gradient on the restored face is about
half of the expression loss's. Reads the runs of B0 and B5; writes
benchmarks/results/loss_gradients.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.harness import ROOT, write_result
from srfer.training.data import load_faces
from srfer.training.initial import find_beginning
from srfer.training.objective import Batch
from srfer.training.protocol.rows import recipe_of
from srfer.training.recipe import Losses
from srfer.training.train import Trainer

BATCHES = 10
LOSSES = {
    "expression": Losses(expression=1.0),
    "pixel": Losses(expression=0.0, pixel=1.0),
    "prediction": Losses(expression=0.0, prediction=1.0),
    "task feature": Losses(expression=0.0, task_feature=1.0),
    "attention, transfer": Losses(expression=0.0, attention=1.0),
    "attention, cosine": Losses(expression=0.0, attention=1.0, attention_kind="cosine"),
    "attention, Grad-CAM": Losses(expression=0.0, attention=1.0, attention_kind="grad-cam"),
    "attention, last stage": Losses(expression=0.0, attention=1.0, attention_stages=(4,)),
    "attention, first two": Losses(expression=0.0, attention=1.0, attention_stages=(1, 2)),
}
"""Each alone, with weight 1."""


def main() -> None:
    """Measure, print the table, write the JSON file."""
    shared = Path(os.environ.get("SRFER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=shared / "data" / "ferplus_train_val.npz")
    parser.add_argument("--runs", type=Path, default=Path("runs/protocol"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    recipe = recipe_of("P3", options.seed, options.runs)
    trainer = Trainer(recipe, load_faces(options.data, "training"), find_beginning(recipe))
    trainer.network.eval()
    norms: dict[str, list[float]] = {name: [] for name in LOSSES}
    for step in range(BATCHES):
        trainer.step = step
        batch = trainer.draw()
        for name, losses in LOSSES.items():
            norms[name].append(_gradient_norm(trainer, batch, losses))
    unit = statistics.median(norms["expression"])
    rows: dict[str, Any] = {}
    for name, values in norms.items():
        median = statistics.median(values)
        rows[name] = {"median": median, "of_expression": median / unit, "weight_for_half": None}
        if name != "expression" and median:
            rows[name]["weight_for_half"] = unit / (2 * median)
        print(f"{name:22} {median:10.3g}  {median / unit:9.3g} x expression's")
    report = {"batches": BATCHES, "batch": recipe.batch, "seed": options.seed, "losses": rows}
    print("wrote", write_result("loss_gradients", report).relative_to(ROOT))


def _gradient_norm(trainer: Trainer, batch: Batch, losses: Losses) -> float:
    """Length of the loss's gradient on the restored faces of a batch."""
    objective = trainer.objective
    objective.recipe = dataclasses.replace(trainer.recipe, losses=losses)
    held: list[Tensor] = []
    restore = trainer.network.restore

    def keep(*inputs: Tensor) -> Tensor:
        held.append(restore(*inputs).detach().requires_grad_())
        return held[0]

    trainer.network.restore = keep  # type: ignore[method-assign, assignment]
    loss, _ = objective.of_restoration(batch)
    trainer.network.restore = restore  # type: ignore[method-assign]
    (gradient,) = torch.autograd.grad(loss, held)
    return float(gradient.norm())


if __name__ == "__main__":
    main()
