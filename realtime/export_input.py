"""One input of an export: analysed into its outputs, with whatever went wrong noted."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from srfer import __version__

from .checkpoint import Checkpoints, VideoSaver, find_earlier
from .formats import MANIFEST_NAME
from .jobs import Job
from .manifest import Content, write_manifest
from .outcome import ExportOutcome, ExportProgress
from .outputs import ExportOptions, Outputs, clear_outputs, clear_under_way, describe_outputs
from .pipeline import Pipeline
from .refine import PASSES, Passes, SecondLook, refined
from .selection import SelectedFrames
from .side_by_side import Crew
from .sources import display_name
from .stage import Sink, Stage
from .types import FrameResult

Stages = Sequence[Stage[Any, Any]]


class Work(NamedTuple):
    """What one input is analysed with.

    Attributes:
        stages: fresh, from `Frame` to `FrameResult`.
        second_look: what faces are looked for and read with again; None in one pass.
    """

    stages: Stages
    second_look: SecondLook | None = None


class Tally:
    """A sink that counts, and tells how far the work is.

    Args:
        path: the input.
        number: which of the inputs it is, from 1.
        inputs: number of inputs.
        on_progress: told after every frame.

    Attributes:
        expected: about how many frames there are, or None if unknown.
        passes: over the input; progress counts the frames of all.
        frames: that were written.
        known_frames: those of them that an interrupted export had analysed.
        face_rows: faces in them.
        tracks: the numbers of these faces.
        failed_readings: those of them for which the engine gave no finite numbers.
        last_pts: time of the last frame in seconds, or None.
        notes: what is peculiar about the file.
    """

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
        self.frames = self.known_frames = 0
        self.face_rows = 0
        self.tracks = set[int]()
        self.failed_readings = 0
        self.last_pts: Fraction | None = None
        self.notes: tuple[str, ...] = ()
        self._done = self._told = 0
        self._place = (display_name(path), number, inputs)
        self._on_progress = on_progress

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Count one frame."""
        self.frames += 1
        self.face_rows += len(result.faces)
        self.tracks.update(face.track.id for face in result.faces)
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
            self._on_progress(ExportProgress(*self._place, self._told, expected, self.passes))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def earlier_outcome(job: Job, manifest: Mapping[str, Any]) -> ExportOutcome:
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
        tracks=result["tracks"],
    )


def export_input(
    job: Job, work: Work, options: ExportOptions, tally: Tally, crew: Crew
) -> ExportOutcome:
    """Export one input, and note any error instead of raising it."""
    started_s = time.monotonic()
    error: Exception | None = None
    try:
        _export(job, work, options, tally, crew)
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
        tracks=len(tally.tracks),
        known_frames=tally.known_frames,
    )


def _export(job: Job, work: Work, options: ExportOptions, tally: Tally, crew: Crew) -> None:
    started_s = time.monotonic()
    if job.error is not None:
        raise job.error
    content = Content(job.footage)
    source = SelectedFrames(job.footage, options.selection)
    source.open()
    tally.notes = source.first_remarks
    tally.expected = source.info.frame_count
    subject = partial(content.subject, __version__, options.to_record())
    earlier = find_earlier(job.folder, subject) if options.is_resumed else None
    video = None if earlier is None else earlier.take_video(options.codec)
    clear_outputs(job.folder, is_continued=earlier is not None)
    outputs = Outputs(
        job,
        source.info,
        options,
        lambda: (*tally.notes, *source.remarks),
        # In two passes, what is analysed is not written yet.
        known_frames=earlier.state.frames if earlier and options.refinement is None else 0,
        earlier=video,
    )
    checkpoints = Checkpoints(
        job.folder,
        work.stages,
        subject,
        kept=options.kept,
        video=outputs.video_sections,
        earlier=earlier,
    )
    with closing(checkpoints):
        tally.known_frames = checkpoints.known_frames
        last_pass = _last_pass(job, work, options, tally=tally, crew=crew, checkpoints=checkpoints)
        with last_pass as (stages, sinks):
            try:
                crew.run(Pipeline(source, stages, [*outputs.sinks, *sinks, tally], name="export"))
            finally:
                tally.notes += source.remarks
    clear_under_way(job.folder)
    input_facts = content.facts()
    content.require_unchanged()
    write_manifest(
        job.folder / MANIFEST_NAME,
        version=__version__,
        input_facts=input_facts,
        settings=options.to_record(),
        result=_describe_result(tally, source, outputs, time.monotonic() - started_s),
    )


def _describe_result(
    tally: Tally, source: SelectedFrames, outputs: Outputs, elapsed_s: float
) -> dict[str, Any]:
    return {
        "frames": tally.frames,
        "face_rows": tally.face_rows,
        "failed_readings": tally.failed_readings,
        "last_pts": None if tally.last_pts is None else round(float(tally.last_pts), 6),
        "damaged_packets": source.damage.packets,
        "damaged_frames": source.damage.pictures,
        "damaged_at_byte": source.damage.place,
        **describe_outputs(outputs),
        "notes": list(tally.notes),
        "elapsed_s": round(elapsed_s, 3),
    }


@contextmanager
def _last_pass(
    job: Job,
    work: Work,
    options: ExportOptions,
    *,
    tally: Tally,
    crew: Crew,
    checkpoints: Checkpoints,
) -> Iterator[tuple[Stages, Sequence[Sink]]]:
    """Stages and more sinks of the pass that writes: the only one, or that after all others."""
    if options.refinement is None or work.second_look is None:
        yield checkpoints.stages, checkpoints.sinks
        return
    tally.passes = PASSES
    passes = Passes(job.footage, options.selection, crew.run, tally.tell)
    refining = refined(
        passes,
        checkpoints.stages,
        work.second_look,
        options.refinement,
        sinks=checkpoints.sinks,
        folder=job.folder,
        kept=options.kept,
    )
    with refining as replay:
        yield [replay], [VideoSaver(checkpoints)]
