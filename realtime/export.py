"""The batch job: every frame of every input once, into files that are complete or say so."""

from __future__ import annotations

import gc
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srfer import __version__
from srfer.errors import ConfigError

from .batch_page import Entry, write_batch_page
from .formats import MANIFEST_NAME, Format
from .jobs import Job, plan
from .manifest import describe_input, finished_manifest, read_manifest, stamp, write_manifest
from .outcome import ExportOutcome, ExportProgress, ExportSummary
from .outputs import ExportOptions, Outputs, clear_outputs, describe_outputs
from .pipeline import Pipeline
from .refine import PASSES, Passes, SecondLook, refined
from .remarks import remarks_on, remarks_on_damage
from .selection import SelectedFrames
from .side_by_side import Crew, Together, run_side_by_side
from .sources import display_name
from .stage import Stage
from .types import FrameResult

__all__ = ["ExportOptions", "ExportOutcome", "ExportProgress", "ExportSummary", "export"]

Stages = Sequence[Stage[Any, Any]]
Work = tuple[Stages, SecondLook | None]
"""What one input is analysed with, and looked at again."""


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
    jobs = plan(
        inputs,
        out,
        is_recursive=options.is_recursive,
        is_forced=options.is_forced,
        has_video=Format.VIDEO in options.formats,
        find_finished=_finder(options) if options.is_resumed else None,
    )
    batch = _Batch(jobs, chain((first,), works), options, on_progress)
    found: dict[int, ExportOutcome] = {}
    with closing(batch.outcomes()) as ends:
        for place, outcome in ends:
            found[place] = outcome
            if on_outcome is not None:
                on_outcome(outcome)
    outcomes = [found[place] for place in sorted(found)]
    if Format.HTML in options.formats:
        write_batch_page(out, [_entry(outcome) for outcome in outcomes], options.made_by)
    return ExportSummary(tuple(outcomes))


def _works(
    make_stages: Callable[[], Stages],
    make_second_look: Callable[[], SecondLook] | None,
    *,
    is_refined: bool,
) -> Iterator[Work]:
    """What the inputs are analysed with, made anew for each."""
    while True:
        if not is_refined:
            yield make_stages(), None
        elif make_second_look is None:
            raise ConfigError("two passes look for faces again: give make_second_look")
        else:
            yield make_stages(), make_second_look()


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

    def outcomes(self) -> Generator[tuple[int, ExportOutcome], None, None]:
        """Yield the place and outcome of each input as it ends."""
        tasks = [partial(self._task, number, job) for number, job in enumerate(self._jobs, 1)]
        return run_side_by_side(tasks, self._options.jobs, self._crew)

    def _task(self, number: int, job: Job) -> ExportOutcome:
        if job.finished is not None:
            return _earlier_outcome(job, job.finished)
        with self._works_lock:
            work = next(self._works)
        tally = _Tally(job.input, number, len(self._jobs), self._on_progress)
        outcome = _outcome(job, work, self._options, tally, self._crew)
        if self._together is not None:
            self._together.end(number)
        return outcome


class _Tally:
    """A sink that counts, and tells how far the work is."""

    name = "count"

    def __init__(
        self,
        path: Path,
        number: int,
        inputs: int,
        on_progress: Callable[[ExportProgress], None] | None,
    ) -> None:
        self.expected: int | None = None
        self.passes = 1
        self.frames = 0
        self.face_rows = 0
        self.failed_readings = 0
        self.last_pts: Fraction | None = None
        self.notes: tuple[str, ...] = ()
        self._done = self._told = 0
        self._place = (display_name(path), number, inputs)
        self._on_progress = on_progress

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        self.frames += 1
        self.face_rows += len(result.faces)
        self.failed_readings += result.failed_readings
        self.last_pts = result.frame.pts
        self.tell(self.passes - 1)

    def tell(self, done: int) -> None:
        """Tell of a frame; so many passes over the input are done."""
        if done > self._done:
            self._done, self._told = done, done * (self.expected or 0)
        self._told += 1
        if self._on_progress is not None:
            expected = None if self.expected is None else self.passes * self.expected
            self._on_progress(ExportProgress(*self._place, self._told, expected))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def _finder(options: ExportOptions) -> Callable[[Path, Path], Mapping[str, Any] | None]:
    settings = options.to_record()

    def find(source: Path, folder: Path) -> Mapping[str, Any] | None:
        return finished_manifest(
            source, folder, version=__version__, settings=settings, is_forced=options.is_forced
        )

    return find


def _earlier_outcome(job: Job, manifest: Mapping[str, Any]) -> ExportOutcome:
    """The outcome of an input that was finished before."""
    result = manifest["result"]
    return ExportOutcome(
        input=job.input,
        folder=job.folder,
        frames=result["frames"],
        face_rows=result["face_rows"],
        failed_readings=result["failed_readings"],
        elapsed_s=0.0,
        notes=tuple(result["notes"]),
        is_resumed=True,
    )


def _outcome(
    job: Job, work: Work, options: ExportOptions, tally: _Tally, crew: Crew
) -> ExportOutcome:
    """Export one input, and note any error instead of raising it."""
    started_s = time.monotonic()
    error: Exception | None = None
    try:
        _export_one(job, work, options, tally, crew)
    except Exception as trouble:  # even a fault of ours with one input must not stop the others
        error = trouble
        traceback.clear_frames(error.__traceback__)  # or the kept error would keep files open
    # PyAV's objects lie in cycles; until those are found, a long batch gathers threads and buffers.
    gc.collect()
    elapsed_s = time.monotonic() - started_s
    return ExportOutcome(
        input=job.input,
        folder=job.folder,
        frames=tally.frames,
        face_rows=tally.face_rows,
        failed_readings=tally.failed_readings,
        elapsed_s=elapsed_s,
        error=error,
        notes=tally.notes,
    )


def _export_one(job: Job, work: Work, options: ExportOptions, tally: _Tally, crew: Crew) -> None:
    started_s = time.monotonic()
    if job.error is not None:
        raise job.error
    since = stamp(job.input)
    with SelectedFrames(job.input, options.selection) as opened:
        info = opened.info
    tally.notes = remarks_on(job.input)
    tally.expected = info.frame_count
    clear_outputs(job.folder)
    outputs = Outputs(job, info, options)
    source = SelectedFrames(job.input, options.selection)
    with _last_stages(job, work, options, tally, crew) as stages:
        try:
            crew.run(Pipeline(source, stages, [*outputs.sinks, tally], name="export"))
        finally:
            tally.notes += remarks_on_damage(source.bad_packets)
    write_manifest(
        job.folder / MANIFEST_NAME,
        version=__version__,
        input_facts=describe_input(job.input, since),
        settings=options.to_record(),
        result={
            "frames": tally.frames,
            "face_rows": tally.face_rows,
            "failed_readings": tally.failed_readings,
            "last_pts": None if tally.last_pts is None else round(float(tally.last_pts), 6),
            "damaged_packets": source.bad_packets,
            **describe_outputs(outputs),
            "notes": list(tally.notes),
            "elapsed_s": round(time.monotonic() - started_s, 3),
        },
    )


@contextmanager
def _last_stages(
    job: Job, work: Work, options: ExportOptions, tally: _Tally, crew: Crew
) -> Iterator[Stages]:
    """The stages of the pass that writes: the only one, or the second, after the first was run."""
    stages, second_look = work
    if options.refinement is None or second_look is None:
        yield stages
        return
    tally.passes = PASSES
    passes = Passes(job.input, options.selection, crew.run, tally.tell)
    refining = refined(
        passes, stages, second_look, options.refinement, folder=job.folder, kept=options.kept
    )
    with refining as replay:
        yield [replay]


def _entry(outcome: ExportOutcome) -> Entry:
    manifest = None if outcome.error is not None else read_manifest(outcome.folder)
    return Entry(
        name=display_name(outcome.input),
        folder=outcome.folder.name,
        result={} if manifest is None else manifest["result"],
        error="" if outcome.error is None else str(outcome.error),
    )
