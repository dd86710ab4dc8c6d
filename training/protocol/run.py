"""Running the comparison: whatever has no result file is trained and measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from srfer.errors import ConfigError

from ..data import FaceSet, load_faces
from ..evaluate import read
from ..export import open_exported
from ..initial import find_beginning
from ..networks import Cascade, count_macs, fold
from ..train import Progress, RunOptions, Trainer, train
from .conditions import TestFaces, measure
from .machine import describe_machine
from .report import write_report
from .result import Result, load_results, result_path
from .rows import CLOSE, ROWS, recipe_of, run_folder

WATCHED_PX = (48, 16)
SPEED_BATCH = 8
SPEED_RUNS = 15


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compare.

    Attributes:
        rows: keys of `ROWS`, in their order.
        seeds: the first for all rows, all of them for those that are close.
        docs: folder of the report, its pictures and the result files.
        runs: folder of checkpoints.
    """

    rows: tuple[str, ...]
    seeds: tuple[int, ...]
    docs: Path
    runs: Path

    @classmethod
    def parse(cls, rows: str, seeds: str, docs: Path, runs: Path) -> Plan:
        """Read rows and seeds as they stand on a command line.

        Raises:
            ConfigError: if a row is unknown or a seed is no number.
        """
        wanted = [name.strip() for name in rows.split(",") if name.strip()]
        unknown = [name for name in wanted if name not in ROWS]
        if unknown:
            raise ConfigError(f"no row {unknown[0]!r}: choose of {', '.join(ROWS)}")
        try:
            numbers = tuple(int(text) for text in seeds.split(","))
        except ValueError:
            raise ConfigError(f"seeds must be whole numbers, as 1,2,3, not {seeds!r}") from None
        chosen = tuple(name for name in ROWS if not wanted or name in wanted)
        return cls(chosen, numbers, docs, runs)

    @property
    def results(self) -> Path:
        """Folder of the result files."""
        return self.docs / "results"

    def jobs(self) -> Iterator[tuple[str, int]]:
        """Rows and seeds, the first seed of all rows first."""
        for seed in self.seeds:
            for name in self.rows:
                if seed == self.seeds[0] or name in CLOSE:
                    yield name, seed


def run_protocol(
    plan: Plan,
    data: Path,
    on_row: Callable[[str], None],
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Path:
    """Train and measure what has no result file yet, and rewrite the report after each row.

    Args:
        plan: what to compare.
        data: a data set that `training.data.load_faces` reads.
        on_row: told in a line what is being done.
        on_progress: called after every step of training.

    Returns:
        the report.

    Raises:
        TrainingError: if the data, the disk or a run fails.
    """
    missing = [job for job in plan.jobs() if not result_path(plan.results, *job).exists()]
    report = plan.docs / "results.md"
    if missing:
        workshop = _Workshop(plan, data, on_progress)
        for name, seed in missing:
            on_row(f"{name}, seed {seed}: {ROWS[name].title}")
            workshop.compute(name, seed).save(plan.results)
            _write(plan, report)
    _write(plan, report)
    return report


def _write(plan: Plan, report: Path) -> None:
    titles = {name: row.title for name, row in ROWS.items()}
    write_report(load_results(plan.results), report, plan.docs / "images", titles)


class _Workshop:
    """Holds the data while rows are trained and measured."""

    def __init__(self, plan: Plan, data: Path, on_progress: Callable[[Progress], None]) -> None:
        self.plan = plan
        self.on_progress = on_progress
        self.training: FaceSet = load_faces(data, "training")
        self.validation: FaceSet = load_faces(data, "validation")
        self.test = TestFaces(self.validation)
        self._labels: dict[int, Tensor] = {}

    def train(self, name: str, seed: int) -> Trainer:
        """Train a row, or go on with it, and what it begins with before."""
        for needed in ROWS[name].needs:
            self.train(needed, seed)
        recipe = recipe_of(name, seed, self.plan.runs)
        options = RunOptions(
            run_folder(self.plan.runs, name, seed),
            save_every=200,
            evaluate_every=recipe.epochs,
            evaluated_px=WATCHED_PX,
        )
        start = find_beginning(recipe)
        faces = (self.training, self.validation)
        return train(recipe, *faces, options, self.on_progress, start=start)

    def labels_of_b0(self, seed: int) -> Tensor:
        """(N,) what B0 reads in the originals."""
        if seed not in self._labels:
            network = self.train("B0", seed).averaged.eval().cpu()
            self._labels[seed] = read(network, self.test.originals, 48)[0].argmax(dim=1)
        return self._labels[seed]

    def compute(self, name: str, seed: int) -> Result:
        """Train and measure a row."""
        trainer = self.train(name, seed)
        folded = fold(trainer.averaged.cpu())
        return Result(
            row=name,
            sr=ROWS[name].sr,
            fer=trainer.recipe.fer,
            seed=seed,
            recipe=recipe_of(name, seed, Path()).digest,
            epochs=trainer.recipe.epochs,
            parameters=sum(parameter.numel() for parameter in folded.parameters()),
            macs=count_macs(folded),
            ms_per_face=_time(folded, self.validation),
            cost_s=trainer.seconds,
            steps=trainer.steps,
            machine=describe_machine() | {"data": self.validation.source},
            conditions=measure(folded, self.test, self.labels_of_b0(seed)),
        )


def _time(network: Cascade, faces: FaceSet) -> float:
    """Milliseconds per face of the exported network in ONNX Runtime on one thread, the median."""
    run = open_exported(network)
    images = faces.images[:SPEED_BATCH].numpy()
    inputs = (images, np.full(len(images), 16.0, np.float32), np.ones(len(images), np.float32))
    times = []
    for _ in range(SPEED_RUNS):
        began = time.perf_counter()
        run(*inputs)
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times) / len(images)
