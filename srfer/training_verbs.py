"""The verbs of those who train: `train`, `train-tracks`, `evaluate`, `protocol`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from srfer.options import DEFAULT_MODEL, DataFile, Debug, Model
from srfer.talk import say


class Degradation(StrEnum):
    """Bicubic; with blur; with noise and JPEG; second order; H.264."""

    D1 = "D1"
    D2 = "D2"
    D3 = "D3"
    D4 = "D4"
    D5 = "D5"


Run = Annotated[
    Path | None,
    typer.Option(help="Folder for checkpoints and results; runs/NAME if not given."),
]


def _require_torch() -> None:
    from srfer.doctor import EXTRAS
    from srfer.extras import require

    require("train", *EXTRAS["train"])


def train(
    *,
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or path of a .toml file.")],
    data: DataFile,
    run: Run = None,
    sr: Annotated[
        str, typer.Option(help="Super-resolution network, instead of the recipe's.")
    ] = "",
    fer: Annotated[str, typer.Option(help="Expression network, instead of the recipe's.")] = "",
    version: Annotated[str, typer.Option(help="Version to write into the model.")] = "0",
    debug: Debug = False,
) -> None:
    """Train a model, or go on where a run was interrupted, and export it.

    Needs the extra srfer[train]. The paths of model, card, log and TensorBoard events are printed
    on stdout. Several GPUs: torchrun --nproc-per-node N -m srfer train ...
    """
    _require_torch()
    from srfer.training.distributed import joined_crew
    from srfer.training.job import train_and_export
    from srfer.training.progress import shown_progress
    from srfer.training.recipe import load_recipe
    from srfer.training.train import RunOptions

    del debug
    changes = {name: value for name, value in (("sr", sr), ("fer", fer)) if value}
    loaded = load_recipe(recipe, **changes)
    options = RunOptions(run or Path("runs") / loaded.name)
    try:
        with joined_crew() as crew, shown_progress(sys.stderr) as on_progress:
            files = train_and_export(loaded, data, options, version, on_progress, crew=crew)
    except KeyboardInterrupt:
        say("the same command goes on from the last checkpoint")
        raise
    if files is not None:
        for path in (files.model, files.card, files.log, files.events):
            typer.echo(path)


def evaluate(
    *,
    data: DataFile,
    model: Model = DEFAULT_MODEL,
    sr: Annotated[bool, typer.Option("--sr/--no-sr", help="Super-resolution.")] = True,
    degradation: Annotated[
        Degradation, typer.Option(help="How the faces lose their resolution.")
    ] = Degradation.D1,
    debug: Debug = False,
) -> None:
    """Measure a model on the validation faces at every native size; one line of JSON for each."""
    import dataclasses

    _require_torch()
    from srfer.engines import load
    from srfer.training.data import load_faces
    from srfer.training.evaluate import evaluate_model

    del debug
    faces = load_faces(data, "validation")
    found = evaluate_model(load(model), faces, use_sr=sr, degradation=degradation.value)
    for scores in found:
        record = dataclasses.asdict(scores)
        typer.echo(json.dumps({key: _rounded(value) for key, value in record.items()}))


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_rounded(item) for item in value]
    return value if value is None else round(value, 4)


def protocol(
    *,
    data: DataFile,
    rows: Annotated[
        str, typer.Option(help="Rows to compute, by commas, e.g. B0,B3,P3; all if not given.")
    ] = "",
    seeds: Annotated[str, typer.Option(help="Seeds of the rows that are close, by commas.")] = "1",
    docs: Annotated[Path, typer.Option(help="Folder of results.md, results/ and images/.")] = Path(
        "docs"
    ),
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs/protocol"),
    debug: Debug = False,
) -> None:
    """Compare SR-FER with its rivals: train what is missing, then rewrite the report.

    What has a result file is not trained again. Rows that are not close are trained with the first
    seed only.
    """
    _require_torch()
    from srfer.training.progress import shown_progress
    from srfer.training.protocol.run import Plan, run_protocol

    del debug
    plan = Plan.parse(rows, seeds, docs, runs)
    try:
        with shown_progress(sys.stderr) as on_progress:
            report = run_protocol(plan, data, on_row=say, on_progress=on_progress)
    except KeyboardInterrupt:
        say("the same command goes on from the last checkpoint")
        raise
    typer.echo(report)


def train_tracks(
    *,
    data: Annotated[Path, typer.Argument(help="Folder of tracks: see docs/tracks.md")],
    model: Model = DEFAULT_MODEL,
    run: Annotated[Path, typer.Option(help="Folder for checkpoints and log.")] = Path(
        "runs/tracks"
    ),
    sr: Annotated[str, typer.Option(help="The model's super-resolution network.")] = "unshuffle",
    fer: Annotated[str, typer.Option(help="The model's expression network.")] = "residual",
    epochs: Annotated[int, typer.Option(help="Passes over the tracks.", min=1)] = 20,
    debug: Debug = False,
) -> None:
    """Train a head that reads the last frames of a track together, on top of a model.

    The path of the trained head is printed on stdout.
    """
    _require_torch()
    import dataclasses

    from srfer.engines import read_model
    from srfer.training.temporal import TemporalProgress, TemporalRecipe, train_on_tracks

    del debug
    recipe = dataclasses.replace(TemporalRecipe(), sr=sr, fer=fer, epochs=epochs)

    def show(progress: TemporalProgress) -> None:
        sizes = ", ".join(
            f"{item.native_px} px {100 * item.accuracy:.1f} % (newest frame alone "
            f"{100 * item.newest_accuracy:.1f})"
            for item in progress.scores
        )
        say(f"epoch {progress.epoch} of {progress.epochs}, loss {progress.loss:.3f}: {sizes}")

    try:
        path = train_on_tracks(data, read_model(model).data, recipe, run, show)
    except KeyboardInterrupt:
        say("the same command goes on from the last checkpoint")
        raise
    typer.echo(path)
