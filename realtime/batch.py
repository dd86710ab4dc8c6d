"""The Python front door of the export."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from srfer.engines import DEFAULT, Model, load
from srfer.errors import ConfigError

from .api import (
    AnalysisOptions,
    describe_settings,
    make_second_look,
    make_stages,
    share_engines,
)
from .cluster import Cluster, ModelRecipe, export_on_cluster
from .export import export as run_export
from .footage import parse_rate
from .formats import parse_choice, parse_formats
from .inputs import expand
from .outcome import ExportOutcome, ExportProgress, ExportSummary
from .outputs import ExportOptions
from .refine import Refinement
from .selection import Selection
from .sinks.codecs import VideoCodec
from .sinks.record import FaceFields
from .veil import Veil

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def export(
    inputs: Paths,
    out: str | os.PathLike[str],
    *,
    formats: Iterable[str] | str = ("video", "jsonl", "csv"),
    model: Model | str | Path = DEFAULT,
    options: AnalysisOptions | None = None,
    start_s: float | Fraction = 0,
    end_s: float | Fraction | None = None,
    every: int = 1,
    anonymize: str | None = None,
    video_codec: str = "h264",
    notice: bool = True,
    recursive: bool = False,
    fps: str | float | Fraction | None = None,
    resume: bool = False,
    force: bool = False,
    landmarks: bool = False,
    blendshapes: bool = False,
    refine: bool = False,
    jobs: int | None = None,
    cluster: Cluster | str | None = None,
    on_progress: Callable[[ExportProgress], None] | None = None,
    on_outcome: Callable[[ExportOutcome], None] | None = None,
) -> ExportSummary:
    """Analyse videos and write what was found; the same as `srfer export`.

        summary = srfer.export("clips/*.mp4", "out", formats=["jsonl", "html"], resume=True)
        faces = srfer.results("out").to_pandas()

    Args:
        inputs: one or more videos, folders, patterns, or `@list.txt`.
        out: folder for the results; made if missing.
        formats: of video, jsonl, csv, pyfeat, parquet, srt, vtt, ass, crops, eaf, html; a list, or
            one text with commas.
        model: a loaded model, or what `srfer.load` takes.
        options: how to analyse; the defaults if None.
        start_s: where to begin, in seconds after each file's first frame.
        end_s: where to end, in seconds; None is the end of the file.
        every: take one of so many frames.
        anonymize: "blur" or "pixelate" hides the faces in all pictures.
        video_codec: h264, hevc or av1.
        notice: say "expression analysis" in the annotated videos.
        recursive: look into subfolders of folders.
        fps: pictures per second; takes the pictures of a folder, or of a pattern such as
            "shots/*.png", as one video. "shots/img_%04d.png" is one without it, at 25.
        resume: leave finished results as they are and do the rest.
        force: replace earlier results.
        landmarks: write landmarks too; with the tracker mediapipe its mesh as well.
        blendshapes: write blendshapes too; the tracker mediapipe measures them.
        refine: go over each video twice: tracks are joined over gaps, faces are looked for again
            where they were lost, probabilities are filtered with the frames after them too.
        jobs: so many videos are at work at a time, one if None; they share the networks, which
            then read the faces of all in batches. On a cluster each has its own, and None is as
            many as there is room for.
        cluster: where to spread the videos, with a model that is named, not loaded; "local" or
            "ray://host:port" for the defaults of `srfer.realtime.cluster.Cluster`.
        on_progress: told after every frame, in another thread.
        on_outcome: told after every input.

    Returns:
        What became of each input; an input that failed has its error there and stops no other.

    Raises:
        ConfigError: before any work, if an option or the folder cannot be used.
        ModelError: if the model cannot be used.
        EngineError: if the runtime fails to load it.
        ClusterError: if the cluster cannot be reached, its nodes are not fit, or it is lost.
        ExportError: if the page of the batch cannot be written.
    """
    options = options or AnalysisOptions()
    names = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    rate = None if fps is None else parse_rate(fps)
    paths = expand(names, keeps_patterns=rate is not None)
    # By way of text, 0.1 is a tenth and not the binary number next to it.
    end = None if end_s is None else Fraction(str(end_s))
    selection = Selection(Fraction(str(start_s)), end, every)
    exporting = ExportOptions(
        formats=parse_formats(formats if isinstance(formats, str) else ",".join(formats)),
        has_notice=notice,
        is_recursive=recursive,
        rate=rate,
        is_forced=force,
        is_resumed=resume,
        selection=selection,
        veil=None if anonymize is None else parse_choice(Veil, anonymize, "way to anonymize"),
        codec=parse_choice(VideoCodec, video_codec, "video codec"),
        fields=_fields(options, landmarks=landmarks, blendshapes=blendshapes, refine=refine),
        refinement=Refinement() if refine else None,
        jobs=1 if jobs is None else jobs,
    )
    if cluster is not None:
        place = Cluster(cluster) if isinstance(cluster, str) else cluster
        if isinstance(model, Model):
            raise ConfigError("a loaded model cannot travel: name it, or give the path of its file")
        return export_on_cluster(
            place,
            paths,
            Path(out),
            ModelRecipe.of(model, options, place),
            exporting,
            at_once=jobs,
            on_progress=on_progress,
            on_outcome=on_outcome,
        )
    loaded = model if isinstance(model, Model) else load(model)
    exporting = replace(exporting, settings=describe_settings(loaded, options))
    with share_engines(loaded, options) if exporting.jobs > 1 else nullcontext() as shared:
        return run_export(
            paths,
            Path(out),
            lambda: make_stages(loaded, options, shared=shared),
            exporting,
            make_second_look=lambda: make_second_look(loaded, options, shared=shared),
            on_progress=on_progress,
            on_outcome=on_outcome,
        )


def _fields(
    options: AnalysisOptions, *, landmarks: bool, blendshapes: bool, refine: bool
) -> FaceFields:
    has_details = options.tracker == "mediapipe"
    if blendshapes and not has_details:
        raise ConfigError(f"{options.tracker} measures no blendshapes: choose --tracker mediapipe")
    return FaceFields(landmarks, landmarks and has_details, blendshapes, refine)
