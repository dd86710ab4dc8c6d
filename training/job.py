"""What `srfer train` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from .adjustment import LogitAdjustment
from .blend import keep_share_of_start
from .card import write_card
from .data import FaceSet, load_faces
from .distributed import ALONE, Crew
from .export import ExportedModel, Provenance, export_model
from .files import write_whole
from .initial import STATISTICS_SAMPLE, find_beginning
from .networks import fold
from .recipe import Recipe
from .run_log import EVENTS_NAME, LOG_NAME
from .train import Progress, RunOptions, train


@dataclass(frozen=True, slots=True)
class TrainedFiles:
    """What a finished run leaves in its folder.

    Attributes:
        model: the ONNX file.
        card: the model card.
        log: one JSON line per evaluation.
        events: folder of TensorBoard's event files.
        exported: the model with its scores.
    """

    model: Path
    card: Path
    log: Path
    events: Path
    exported: ExportedModel


def train_and_export(
    recipe: Recipe,
    data: Path,
    options: RunOptions,
    version: str,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    crew: Crew = ALONE,
) -> TrainedFiles | None:
    """Train to the end, or go on where a run was interrupted, then export the result.

    Args:
        recipe: what to train.
        data: a data set that `training.data.load_faces` reads.
        options: folder and intervals.
        version: to write into the model.
        on_progress: called after every step.
        crew: the processes that share the run.

    Returns:
        the files; None in all processes but the first, which writes them.

    Raises:
        TrainingError: if the data, the disk or the run fails.
    """
    training = load_faces(data, "training")
    validation = load_faces(data, "validation")
    start = find_beginning(recipe)
    trainer = train(recipe, training, validation, options, on_progress, start=start, crew=crew)
    if not crew.is_first:
        return None
    network = fold(trainer.averaged.to(torch.device("cpu")))
    originals = training.images[:STATISTICS_SAMPLE].float() / 255
    keep_share_of_start(network, recipe, start, originals)
    exported = export_model(
        network,
        validation,
        Provenance(
            name=recipe.name,
            version=version,
            recipe=recipe.digest,
            training_data=f"{training.source} (training split)",
        ),
        adjustment=LogitAdjustment(training.votes, recipe.adjustment, recipe.adjust_below),
        originals=training.images[:STATISTICS_SAMPLE],
    )
    return _write(options.folder, exported, recipe, training)


def _write(
    folder: Path, exported: ExportedModel, recipe: Recipe, training: FaceSet
) -> TrainedFiles:
    files = TrainedFiles(
        model=folder / f"{recipe.name}.onnx",
        card=folder / f"{recipe.name}.md",
        log=folder / LOG_NAME,
        events=folder / EVENTS_NAME,
        exported=exported,
    )
    write_whole(files.model, exported.data)
    write_whole(files.card, write_card(exported, recipe, training).encode())
    return files
