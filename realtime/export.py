"""The batch job: every frame of every input once, into files that are complete or say so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from srfer import __version__
from srfer.errors import ConfigError

from .batch_page import Entry, write_batch_page
from .export_input import Stages, Tally, Work, earlier_outcome, export_input
from .footage import Footage
from .formats import Format
from .jobs import Job, plan
from .manifest import finished_manifest, read_manifest
from .outcome import ExportOutcome, ExportProgress, ExportSummary
from .outputs import ExportOptions
from .refine import SecondLook
from .side_by_side import Crew, Together, run_side_by_side
from .sources import display_name

__all__ = ["ExportOptions", "ExportOutcome", "ExportProgress", "ExportSummary", "export"]

Ends = Generator[tuple[int, ExportOutcome], None, None]
"""The place and outcome of each input as it ends; closing it early stops the work."""


def export(
    inputs: Sequence[Path],
    out: Path,
    make_stages: Callable[[], Stages],
    options: ExportOptions | None = None,
    *,
    make_second_look: Callable[[], SecondLook] | None = None,
    on_progress: Callable[[ExportProgress], None] | None = None,
    on_outcome: Callable[[ExportOutcome], None] | None = None,
) -> ExportSummary:
    """Analyse videos and write what was found: annotated video, JSON lines, table, manifest.

    The outputs of `clip.mp4` are those of `FILE_NAMES` that are asked for and, last of all,
    `manifest.json` in the folder `out/clip`. Until an output is complete it is called
    `annotated.partial.mp4` and so on. An input that fails does not stop the others. With HTML among
    the formats, `out/index.html` leads to the reports.

    Args:
        inputs: videos, and folders that stand for the videos in them.
        out: folder for the results; made if missing.
        make_stages: gives fresh stages for each input, from `Frame` to `FrameResult`.
        options: how to export; the defaults if None.
        make_second_look: gives, for each input that is refined, what its faces are looked for and
            read with again; needed if `options` ask for two passes.
        on_progress: told after every frame, in a thread of a pipeline. Where several inputs are at
            work, it is told of all together.
        on_outcome: told after every input, in the order in which they end, so that an interrupted
            batch is known as far as it went.

    Raises:
        ConfigError: before any work, if there is nothing to do or `out` cannot be used.
        ExportError: if the page of the batch cannot be written.
    """
    options = options or ExportOptions()
    works = _works(make_stages, make_second_look, is_refined=options.refinement is not None)
    first = next(works)  # refuses impossible settings before anything is written

    def run(jobs: Sequence[Job]) -> Ends:
        return _Batch(jobs, chain((first,), works), options, on_progress).outcomes()

    return export_batch(inputs, out, options, run, on_outcome)


def _works(
    make_stages: Callable[[], Stages],
    make_second_look: Callable[[], SecondLook] | None,
    *,
    is_refined: bool,
) -> Iterator[Work]:
    """What the inputs are analysed with, made anew for each."""
    while True:
        if not is_refined:
            yield Work(make_stages())
        elif make_second_look is None:
            raise ConfigError("two passes look for faces again: give make_second_look")
        else:
            yield Work(make_stages(), make_second_look())


def export_batch(
    inputs: Sequence[Path],
    out: Path,
    options: ExportOptions,
    run: Callable[[Sequence[Job]], Ends],
    on_outcome: Callable[[ExportOutcome], None] | None = None,
) -> ExportSummary:
    """Plan a batch, have it run, and write what belongs to it as a whole; see `export`.

    Args:
        inputs: videos, and folders that stand for the videos in them.
        out: folder for the results; made if missing.
        options: how to export.
        run: does the jobs, wherever that is; places count from 0.
        on_outcome: told after every input, in the order in which they end.

    Raises:
        ConfigError: before any work, if there is nothing to do or `out` cannot be used.
        ExportError: if the page of the batch cannot be written.
    """
    jobs = plan(
        inputs,
        out,
        is_recursive=options.is_recursive,
        rate=options.rate,
        is_forced=options.is_forced,
        has_video=Format.VIDEO in options.formats,
        find_finished=_finder(options) if options.is_resumed else None,
    )
    found: dict[int, ExportOutcome] = {}
    with closing(run(jobs)) as ends:
        for place, outcome in ends:
            found[place] = outcome
            if on_outcome is not None:
                on_outcome(outcome)
    outcomes = [found[place] for place in sorted(found)]
    if Format.HTML in options.formats:
        write_batch_page(out, [_entry(outcome) for outcome in outcomes], options.made_by)
    return ExportSummary(tuple(outcomes))


class _Batch:
    """The inputs of an export, at work one after the other or side by side."""

    def __init__(
        self,
        jobs: Sequence[Job],
        works: Iterator[Work],
        options: ExportOptions,
        on_progress: Callable[[ExportProgress], None] | None,
    ) -> None:
        self._jobs = jobs
        self._works = works
        self._works_lock = threading.Lock()
        self._options = options
        self._on_progress = on_progress
        self._together: Together | None = None
        if on_progress is not None and options.jobs > 1:
            self._on_progress = self._together = Together(on_progress)
        self._crew = Crew()

    def outcomes(self) -> Ends:
        """Yield the place and outcome of each input as it ends."""
        tasks = [partial(self._task, number, job) for number, job in enumerate(self._jobs, 1)]
        return run_side_by_side(tasks, self._options.jobs, self._crew)

    def _task(self, number: int, job: Job) -> ExportOutcome:
        if job.finished is not None:
            return earlier_outcome(job, job.finished)
        with self._works_lock:
            work = next(self._works)
        tally = Tally(job.input, number, len(self._jobs), self._on_progress)
        outcome = export_input(job, work, self._options, tally, self._crew)
        if self._together is not None:
            self._together.end(number)
        return outcome


def _finder(options: ExportOptions) -> Callable[[Footage, Path], Mapping[str, Any] | None]:
    settings = options.to_record()

    def find(source: Footage, folder: Path) -> Mapping[str, Any] | None:
        return finished_manifest(
            source, folder, version=__version__, settings=settings, is_forced=options.is_forced
        )

    return find


def _entry(outcome: ExportOutcome) -> Entry:
    manifest = None if outcome.error is not None else read_manifest(outcome.folder)
    return Entry(
        name=display_name(outcome.input),
        folder=outcome.folder.name,
        result={} if manifest is None else manifest["result"],
        error="" if outcome.error is None else str(outcome.error),
    )
