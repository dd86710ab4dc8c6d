"""What `srfer train` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .card import write_card
from .data import load_faces
from .export import ExportedModel, export_model
from .files import write_whole
from .recipe import Recipe
from .train import LOG_NAME, Progress, RunOptions, train


@dataclass(frozen=True, slots=True)
class TrainedFiles:
    """What a finished run leaves in its folder.

    Attributes:
        model: the ONNX file.
        card: the model card.
        log: one JSON line per evaluation.
        exported: the model with its scores.
    """

    model: Path
    card: Path
    log: Path
    exported: ExportedModel


def train_and_export(
    recipe: Recipe,
    data: Path,
    options: RunOptions,
    version: str,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> TrainedFiles:
    """Train to the end, or go on where a run was interrupted, then export the result.

    Args:
        recipe: what to train.
        data: a data set that `training.data.load_faces` reads.
        options: folder and intervals.
        version: to write into the model.
        on_progress: called after every step.

    Raises:
        TrainingError: if the data, the disk or the run fails.
    """
    training = load_faces(data, "training")
    validation = load_faces(data, "validation")
    trainer = train(recipe, training, validation, options, on_progress)
    exported = export_model(
        trainer.averaged,
        validation,
        name=recipe.name,
        version=version,
        recipe=recipe.digest,
        training_data=f"{training.source} (training split)",
    )
    files = TrainedFiles(
        model=options.folder / f"{recipe.name}.onnx",
        card=options.folder / f"{recipe.name}.md",
        log=options.folder / LOG_NAME,
        exported=exported,
    )
    write_whole(files.model, exported.data)
    write_whole(files.card, write_card(exported, recipe, training).encode())
    return files
