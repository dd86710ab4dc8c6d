"""Saying how far a training run is: a bar on a terminal, a line per evaluation anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from .evaluate import Scores
from .train import Progress


def summarise(scores: Sequence[Scores]) -> str:
    """Accuracies by native size, in one line."""
    return ", ".join(f"{item.native_px} px {100 * item.accuracy:.1f} %" for item in scores)


@contextmanager
def shown_progress(stream: TextIO) -> Iterator[Callable[[Progress], None]]:
    """Give the `on_progress` of `train` for what `stream` is; it shows while the block runs."""
    if stream.isatty():
        with _bar(stream) as show:
            yield show
        return

    def show_line(progress: Progress) -> None:
        if progress.scores is not None:
            stream.write(
                f"epoch {progress.epoch:.0f}, step {progress.step} of {progress.steps}, "
                f"loss {progress.loss:.3f}: {summarise(progress.scores)}\n"
            )
            stream.flush()

    yield show_line


@contextmanager
def _bar(stream: TextIO) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("epoch {task.fields[epoch]:.1f}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.3f}  {task.fields[accuracy]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(file=stream)) as bar:
        task = bar.add_task("", total=None, epoch=0.0, loss=0.0, accuracy="")

        def show(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.step,
                total=progress.steps,
                epoch=progress.epoch,
                loss=progress.loss,
            )
            if progress.scores is not None:
                bar.update(task, accuracy=summarise(progress.scores))

        yield show
