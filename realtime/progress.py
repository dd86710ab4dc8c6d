"""Saying how far an export is: a bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from .outcome import ExportProgress

LINE_EVERY_S = 5.0
"""How often a line is written where there is no terminal, in seconds."""

_BAR_WIDTH = 24
_BESIDE_NAME = _BAR_WIDTH + 30  # in characters, with the counts and the time that is left
_MIN_NAME = 12


@contextmanager
def shown_progress(
    stream: TextIO | None, *, is_quiet: bool = False, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[ExportProgress], None] | None]:
    """Give the `on_progress` of `export` for what `stream` is; it shows while the block runs.

    Nothing is shown where there is no stream, as in a process whose stderr was closed.
    """
    if is_quiet or stream is None:
        yield None
    elif stream.isatty():
        with _bar(stream, clock) as show:
            yield show
    else:
        yield _Lines(stream, clock).show


class _Pace:
    """Frames a second of the input at work, and how long the rest of it will take."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._number = 0
        self._since_s = 0.0
        self._first_frames = 0

    def update(self, progress: ExportProgress) -> tuple[float, float | None]:
        """Frames a second and seconds left; the second is None where it cannot be known."""
        if progress.number != self._number:
            self._number = progress.number
            self._since_s, self._first_frames = self._clock(), progress.frames
        elapsed_s = self._clock() - self._since_s
        fps = (progress.frames - self._first_frames) / elapsed_s if elapsed_s > 0 else 0.0
        if progress.expected is None or fps == 0:
            return fps, None
        return fps, max(0.0, (progress.expected - progress.frames) / fps)


class _Lines:
    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._pace = _Pace(clock)
        self._next_s: float | None = None

    def show(self, progress: ExportProgress) -> None:
        fps, left_s = self._pace.update(progress)
        now_s = self._clock()
        if self._next_s is None:  # what happened before the first frame says nothing
            self._next_s = now_s + LINE_EVERY_S
        if now_s < self._next_s:
            return
        self._next_s = now_s + LINE_EVERY_S
        total = "" if progress.expected is None else f" of {progress.expected}"
        if progress.passes > 1:
            total += f" in {progress.passes} passes"
        left = "" if left_s is None else f", {left_s:.0f} s left"
        with suppress(OSError):  # a log that is full or closed must not stop the work
            self._stream.write(
                f"{_title(progress)}: frame {progress.frames}{total}, {fps:.0f}/s{left}\n"
            )
            self._stream.flush()


@contextmanager
def _bar(stream: TextIO, clock: Callable[[], float]) -> Iterator[Callable[[ExportProgress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(_BAR_WIDTH),
        TextColumn("{task.completed:.0f} frames, {task.fields[fps]:.0f}/s", markup=False),
        TimeRemainingColumn(),
    )
    pace = _Pace(clock)
    console = Console(file=stream)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, fps=0.0)
        number = 0

        def show(progress: ExportProgress) -> None:
            nonlocal number
            if progress.number != number:  # or the bar would guess from the input before
                number = progress.number
                name, place = Text(progress.input), _place(progress)
                name.truncate(
                    max(_MIN_NAME, console.width - _BESIDE_NAME - len(place)), overflow="ellipsis"
                )
                bar.reset(task, total=progress.expected, description=f"{name.plain}{place}")
            fps, _ = pace.update(progress)
            bar.update(task, completed=progress.frames, fps=fps)

        yield show


def _title(progress: ExportProgress) -> str:
    return f"{progress.input}{_place(progress)}"


def _place(progress: ExportProgress) -> str:
    return f" ({progress.number} of {progress.inputs})" if progress.inputs > 1 else ""
