"""`srfer demo`: a sample clip made on the spot, analysed, and what it shows."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from srfer.engines import Model
from srfer.errors import ConfigError, EngineError, ExportError
from srfer.extras import require

from ..api import AnalysisOptions, analyze, describe_settings, make_stages
from ..crop import cut_out
from ..export import ExportOptions, ExportProgress, export
from ..formats import FILE_NAMES, Format
from .clip import FAR_PX, NEAR_PX, Walk, make_clip, plan_walk
from .plot import Reading, draw_plot

CLIP_NAME = "walk.mp4"
PLOT_NAME = "expression_by_size.png"
RESULTS_NAME = "results"
LARGE_PX = 48.0
"""From this size on the label counts as the face's true expression."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one pass over the clip found.

    Attributes:
        found: share of frames in which the face was found and read, 0..1.
        smallest_px: side of the smallest face that was read, in pixels.
        agreeing: share of readings below `LARGE_PX` that repeat the large face's label, 0..1.
        holds_to_px: the label never changed while the face was at least this large.
        tracks: how many ids the one face was given.
    """

    found: float
    smallest_px: float
    agreeing: float
    holds_to_px: float
    tracks: int


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo made and found.

    Attributes:
        clip: the sample clip.
        video: the annotated video.
        plot: label, confidence and expected accuracy over face size.
        folder: all results of the export.
        label: expression of the large face.
        with_sr: findings with super-resolution.
        without_sr: findings without.
    """

    clip: Path
    video: Path
    plot: Path
    folder: Path
    label: str
    with_sr: Findings
    without_sr: Findings

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything that was made: clip, annotated video, plot, folder of results."""
        return (self.clip, self.video, self.plot, self.folder)


def run_demo(
    out: Path,
    model: Model,
    options: AnalysisOptions | None = None,
    on_progress: Callable[[ExportProgress], None] | None = None,
) -> DemoReport:
    """Make the clip, export it, read it once more without super-resolution, and plot both.

    Args:
        out: folder for everything; made if missing, earlier results in it are replaced.
        model: loaded.
        options: how to analyse; the defaults if None.
        on_progress: told after every exported frame.

    Raises:
        ConfigError: if `out` cannot be used, or scikit-image or matplotlib is not installed.
        ExportError: if a file cannot be written.
    """
    require("demo", "matplotlib", "skimage")
    options = options or AnalysisOptions()
    walk = plan_walk()
    clip, plot = out / CLIP_NAME, out / PLOT_NAME
    _write_clip(clip, walk)
    exporting = ExportOptions(is_forced=True, settings=describe_settings(model, options))
    summary = export(
        [clip],
        out / RESULTS_NAME,
        lambda: make_stages(model, options),
        exporting,
        on_progress=on_progress,
    )
    (outcome,) = summary.outcomes
    if outcome.error is not None:
        raise outcome.error
    with_sr = _read(clip, walk, model, options)
    without_sr = _read(clip, walk, model, dataclasses.replace(options, use_sr=False))
    label = _label_when_large(with_sr)
    try:
        draw_plot(plot, model.spec, label, with_sr, without_sr)
    except OSError as error:
        raise ExportError(f"cannot write {plot.name}: {error.strerror}") from None
    return DemoReport(
        clip=clip,
        video=outcome.folder / FILE_NAMES[Format.VIDEO],
        plot=plot,
        folder=outcome.folder,
        label=label,
        with_sr=_findings(with_sr, label),
        without_sr=_findings(without_sr, label),
    )


def _write_clip(clip: Path, walk: Walk) -> None:
    """Make the folder and the sample clip in it."""
    try:
        clip.parent.mkdir(parents=True, exist_ok=True)
        make_clip(clip, walk)
    except (FileExistsError, NotADirectoryError):
        raise ConfigError(f"{clip.parent.name} is a file; choose a folder for the demo") from None
    except OSError as error:
        raise ExportError(f"cannot write {clip.name}: {error.strerror}") from None


def _read(clip: Path, walk: Walk, model: Model, options: AnalysisOptions) -> list[Reading]:
    """Analyse the clip; one reading per frame."""
    readings = []
    for result in analyze(clip, model=model, options=options):
        true_px = float(walk.sides_px[result.frame.index])
        reading = Reading(true_px)
        for face in result.faces:
            if face.expression is not None:
                crop, _ = cut_out(result.frame, face.track.face)
                reading = Reading(true_px, face.expression, crop, face.track.id)
                break
        readings.append(reading)
    return readings


def _label_when_large(readings: Sequence[Reading]) -> str:
    labels = Counter(
        reading.expression.label
        for reading in readings
        if reading.expression is not None and reading.true_px >= LARGE_PX
    )
    if not labels:
        raise EngineError("the large face in the demo's clip was not found: try srfer doctor")
    return labels.most_common(1)[0][0]


def _findings(readings: Sequence[Reading], label: str) -> Findings:
    read = [
        (reading.true_px, reading.expression.label)
        for reading in readings
        if reading.expression is not None
    ]
    small = [found for px, found in read if px < LARGE_PX]
    largest_wrong_px = max((px for px, found in read if found != label), default=0.0)
    return Findings(
        found=len(read) / len(readings),
        smallest_px=min(px for px, _ in read),
        agreeing=sum(found == label for found in small) / max(1, len(small)),
        holds_to_px=min(px for px, _ in read if px > largest_wrong_px),
        tracks=len({reading.track_id for reading in readings} - {None}),
    )


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def describe(report: DemoReport) -> list[str]:
    """The report in sentences, for a terminal."""
    with_sr, without_sr = report.with_sr, report.without_sr
    return [
        f"A face walks away from {NEAR_PX:.0f} to {FAR_PX:.0f} px and comes back.",
        f"Found and read in {with_sr.found:.0%} of the frames, under "
        f"{_times(with_sr.tracks, 'number')}, down to {with_sr.smallest_px:.1f} px.",
        f"Large, it reads as {report.label}. Below {LARGE_PX:.0f} px the same label was read in "
        f"{with_sr.agreeing:.1%} of the readings with super-resolution, "
        f"{without_sr.agreeing:.1%} without;",
        f"it never changed down to {with_sr.holds_to_px:.1f} px with, "
        f"{without_sr.holds_to_px:.1f} px without.",
    ]
