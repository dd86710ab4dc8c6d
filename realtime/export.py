"""The batch job: every frame of every input once, into files that are complete or say so."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srfer import __version__

from .jobs import JSONL_NAME, MANIFEST_NAME, OUTPUT_NAMES, TABLE_NAME, VIDEO_NAME, Job, plan
from .manifest import describe_input, write_manifest
from .overlay import Overlay
from .pipeline import Pipeline
from .sinks import CsvSink, FaceFields, JsonlSink, VideoSink
from .sinks.atomic import partial_path, writing
from .sources import VideoFile, display_name, printable, probe
from .stage import Sink, Stage
from .types import FrameResult


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export.

    Attributes:
        has_video: write the annotated video too.
        has_notice: say "expression analysis" in the annotated video.
        is_recursive: look for videos in the subfolders of folders.
        is_forced: replace results of an earlier export.
        fields: what to write of each face beyond the usual.
        settings: what else to note in the manifest, such as the model.
    """

    has_video: bool = True
    has_notice: bool = True
    is_recursive: bool = False
    is_forced: bool = False
    fields: FaceFields = field(default_factory=FaceFields)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export is.

    Attributes:
        input: name of the file at work.
        number: which of the inputs it is, from 1.
        inputs: number of inputs.
        frames: frames of this input that are done.
        expected: about how many it has, or None if unknown.
    """

    input: str
    number: int
    inputs: int
    frames: int
    expected: int | None


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """What became of one input.

    Attributes:
        input: the file.
        folder: where its outputs are.
        frames: frames written.
        face_rows: faces written, counted in every frame.
        failed_readings: those of them for which the engine gave no finite numbers.
        elapsed_s: time it took, in seconds.
        error: why it is not complete, or None; what was done before is in `.partial` files.
    """

    input: Path
    folder: Path
    frames: int
    face_rows: int
    failed_readings: int
    elapsed_s: float
    error: Exception | None = None

    def to_record(self) -> dict[str, Any]:
        """The outcome as plain JSON types."""
        return {
            "input": display_name(self.input),
            "folder": printable(str(self.folder)),
            "frames": self.frames,
            "face_rows": self.face_rows,
            "failed_readings": self.failed_readings,
            "elapsed_s": round(self.elapsed_s, 3),
            "error": None if self.error is None else str(self.error),
        }


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What became of all inputs, in their order."""

    outcomes: tuple[ExportOutcome, ...]

    @property
    def exit_code(self) -> int:
        """0 if all are complete, 1 if nothing came of any, 3 for anything between."""
        if all(outcome.error is None for outcome in self.outcomes):
            return 0
        return 3 if any(outcome.frames for outcome in self.outcomes) else 1


def export(
    inputs: Sequence[Path],
    out: Path,
    make_stages: Callable[[], Sequence[Stage[Any, Any]]],
    options: ExportOptions | None = None,
    *,
    on_progress: Callable[[ExportProgress], None] | None = None,
    on_outcome: Callable[[ExportOutcome], None] | None = None,
) -> ExportSummary:
    """Analyse videos and write what was found: annotated video, JSON lines, table, manifest.

    The outputs of `clip.mp4` are `annotated.mp4`, `frames.jsonl`, `frames.csv` and, last of all,
    `manifest.json` in the folder `out/clip`. Until an output is complete it is called
    `annotated.partial.mp4` and so on. An input that fails does not stop the others.

    Args:
        inputs: videos, and folders that stand for the videos in them.
        out: folder for the results; made if missing.
        make_stages: gives fresh stages for each input, from `Frame` to `FrameResult`.
        options: how to export; the defaults if None.
        on_progress: told after every frame, in a thread of the pipeline.
        on_outcome: told after every input, so that an interrupted batch is known as far as it went.

    Raises:
        ConfigError: before any work, if there is nothing to do or `out` cannot be used.
    """
    options = options or ExportOptions()
    stages = make_stages()  # refuses impossible settings before anything is written
    jobs = plan(
        inputs,
        out,
        is_recursive=options.is_recursive,
        is_forced=options.is_forced,
        has_video=options.has_video,
    )
    outcomes = []
    for number, job in enumerate(jobs, 1):
        tally = _Tally(job.input, number, len(jobs), on_progress)
        outcomes.append(_outcome(job, stages if number == 1 else make_stages(), options, tally))
        if on_outcome is not None:
            on_outcome(outcomes[-1])
    return ExportSummary(tuple(outcomes))


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
        self.frames = 0
        self.face_rows = 0
        self.failed_readings = 0
        self.last_pts: Fraction | None = None
        self._place = (display_name(path), number, inputs)
        self._on_progress = on_progress

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        self.frames += 1
        self.face_rows += len(result.faces)
        self.failed_readings += result.failed_readings
        self.last_pts = result.frame.pts
        if self._on_progress is not None:
            self._on_progress(ExportProgress(*self._place, self.frames, self.expected))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


def _outcome(
    job: Job, stages: Sequence[Stage[Any, Any]], options: ExportOptions, tally: _Tally
) -> ExportOutcome:
    """Export one input, and note any error instead of raising it."""
    started_s = time.monotonic()
    error: Exception | None = None
    try:
        _export_one(job, stages, options, tally, started_s)
    except Exception as trouble:  # even a fault of ours with one input must not stop the others
        error = trouble
        traceback.clear_frames(error.__traceback__)  # or the kept error would keep files open
    elapsed_s = time.monotonic() - started_s
    return ExportOutcome(
        input=job.input,
        folder=job.folder,
        frames=tally.frames,
        face_rows=tally.face_rows,
        failed_readings=tally.failed_readings,
        elapsed_s=elapsed_s,
        error=error,
    )


def _export_one(
    job: Job,
    stages: Sequence[Stage[Any, Any]],
    options: ExportOptions,
    tally: _Tally,
    started_s: float,
) -> None:
    if job.error is not None:
        raise job.error
    info = probe(job.input)
    tally.expected = info.frame_count
    with writing(job.folder):
        job.folder.mkdir(parents=True, exist_ok=True)
        for name in OUTPUT_NAMES:
            (job.folder / name).unlink(missing_ok=True)
            partial_path(job.folder / name).unlink(missing_ok=True)
    overlay = Overlay(has_notice=options.has_notice)
    video = VideoSink(job.folder / VIDEO_NAME, info, overlay, sound_from=job.input)
    sinks: list[Sink] = [
        CsvSink(job.folder / TABLE_NAME, options.fields),
        JsonlSink(job.folder / JSONL_NAME, options.fields),
    ]
    if options.has_video:
        sinks.append(video)  # closed before the others, being the likeliest to fail
    sinks.append(tally)  # counts what all of them have taken
    source = VideoFile(job.input)
    Pipeline(source, stages, sinks, name="export").run()
    write_manifest(
        job.folder / MANIFEST_NAME,
        version=__version__,
        input_facts=describe_input(job.input),
        settings={**options.settings, "notice": options.has_notice},
        result={
            "frames": tally.frames,
            "face_rows": tally.face_rows,
            "failed_readings": tally.failed_readings,
            "last_pts": None if tally.last_pts is None else round(float(tally.last_pts), 6),
            "damaged_packets": source.bad_packets,
            "sound": video.sound_status,
            "elapsed_s": round(time.monotonic() - started_s, 3),
        },
    )
