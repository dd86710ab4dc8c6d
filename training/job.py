"""What `srfer train` and `srfer evaluate` do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from srfer.engines import LABELS

from .card import write_card
from .data import FaceSet, load_ferplus
from .export import ExportedModel, export_model, write_model
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


def _count_classes(faces: FaceSet) -> tuple[int, ...]:
    return tuple(int((faces.majority == label).sum()) for label in range(len(LABELS)))


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
        data: the .npz file that `training.data.load_ferplus` reads.
        options: folder and intervals.
        version: to write into the model.
        on_progress: called after every step.

    Raises:
        TrainingError: if the data, the disk or the run fails.
    """
    training = load_ferplus(data, "training")
    validation = load_ferplus(data, "validation")
    trainer = train(recipe, training, validation, options, on_progress)
    exported = export_model(
        trainer.averaged,
        validation,
        name=recipe.name,
        version=version,
        recipe=recipe.digest,
    )
    files = TrainedFiles(
        model=options.folder / f"{recipe.name}.onnx",
        card=options.folder / f"{recipe.name}.md",
        log=options.folder / LOG_NAME,
        exported=exported,
    )
    write_model(exported, files.model)
    files.card.write_text(
        write_card(exported, recipe, len(training), _count_classes(training)), encoding="utf-8"
    )
    return files
