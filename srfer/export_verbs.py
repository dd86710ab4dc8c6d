"""`srfer export`: videos in, files out."""

from __future__ import annotations

import gc
import re
import sys
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from srfer.errors import ConfigError
from srfer.options import (
    DEFAULT_MODEL,
    Blendshapes,
    Debug,
    DetectPx,
    Device,
    Landmarks,
    Model,
    Precision,
    Quiet,
    Tracker,
    TrackerModel,
    load_model,
    parse_path,
)
from srfer.talk import Reports, say

GARBAGE_EVERY = 10_000
"""Python looks for cyclic garbage after so many new objects; after 700, by default, it is at it for
a twentieth of the time, and finds next to nothing."""
_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")
"""[[hours:]minutes:]seconds."""


class CodecName(StrEnum):
    """Codec of the annotated videos."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class VeilName(StrEnum):
    """How faces are hidden."""

    BLUR = "blur"
    PIXELATE = "pixelate"


def parse_time(text: str) -> Fraction:
    """An exact time from seconds or [[hours:]minutes:]seconds."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no time: give seconds, or hours:minutes:seconds")
    hours, minutes, seconds = (Fraction(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _time_option(what: str) -> Any:
    return typer.Option(
        help=f"{what}: seconds, or hours:minutes:seconds.", parser=parse_time, metavar="TIME"
    )


def export(
    *,
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Videos, folders, quoted patterns, pictures as img_%04d.png; "
            "@FILE: a list of them; -: a list on stdin.",
            metavar="INPUT",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for the results.", parser=parse_path, metavar="DIR", show_default=False
        ),
    ],
    formats: Annotated[
        str,
        typer.Option(
            "--formats",
            "--format",
            help="What to write: video, jsonl, csv, pyfeat, parquet, srt, vtt, ass, crops, eaf, "
            "html.",
        ),
    ] = "video,jsonl,csv",
    video: Annotated[bool, typer.Option("--video/--no-video", help="Annotated videos.")] = True,
    video_codec: Annotated[
        CodecName, typer.Option(help="Codec of the annotated videos.")
    ] = CodecName.H264,
    anonymize: Annotated[
        VeilName | None, typer.Option(help="Hide the faces in all pictures.", show_default=False)
    ] = None,
    start: Annotated[Fraction | None, _time_option("Begin there")] = None,
    end: Annotated[Fraction | None, _time_option("End there")] = None,
    every: Annotated[int, typer.Option(help="Take one of so many frames.")] = 1,
    max_faces: Annotated[int, typer.Option(help="Follow so many faces at once at most.")] = 64,
    min_face: Annotated[
        float, typer.Option(help="Do not read faces smaller than this, in pixels.")
    ] = 6,
    notice: Annotated[
        bool, typer.Option("--notice/--no-notice", help="'expression analysis' in the videos.")
    ] = True,
    refine: Annotated[
        bool,
        typer.Option(
            "--refine",
            help="Two passes: tracks joined over gaps, lost faces looked for again, probabilities "
            "smoothed with later frames too.",
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="So many videos at a time; 1, on a cluster as many as there is room for.",
            show_default=False,
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Spread the videos with Ray: local, or ray://HOST:PORT.",
            metavar="ADDRESS",
            show_default=False,
        ),
    ] = None,
    task_cpus: Annotated[
        int | None,
        typer.Option(help="Cores that a video reserves on the cluster; 1.", show_default=False),
    ] = None,
    task_gpus: Annotated[
        float | None,
        typer.Option(
            help="GPUs that a video reserves on the cluster; 0, and 0.5 shares one.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave finished results, do the rest.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace earlier results.")] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", help="Look into subfolders of folders.")
    ] = False,
    fps: Annotated[
        str | None,
        typer.Option(
            help="Take the pictures of a folder or quoted pattern as one video, so many a second.",
            metavar="RATE",
            show_default=False,
        ),
    ] = None,
    landmarks: Landmarks = False,
    blendshapes: Blendshapes = False,
    model: Model = DEFAULT_MODEL,
    device: Device = "auto",
    precision: Precision = None,
    tracker: Tracker = "retinaface",
    tracker_model: TrackerModel = None,
    detect_px: DetectPx = 640,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write annotated videos, numbers, subtitles, reports.

    For clip.mp4: OUT/clip/annotated.mp4, frames.jsonl, frames.csv, manifest.json, or what --formats
    names; a line of JSON on stdout says what became of each input.
    """
    from srfer.realtime import AnalysisOptions, TrackerConfig
    from srfer.realtime.batch import export as run_export
    from srfer.realtime.cluster import Cluster
    from srfer.realtime.formats import Format, parse_formats
    from srfer.realtime.inputs import expand
    from srfer.realtime.progress import shown_progress

    analysis = AnalysisOptions(
        tracker=tracker,
        tracker_model=tracker_model,
        detect_px=detect_px,
        tracking=TrackerConfig(max_faces=max_faces),
        min_face_px=min_face,
    )
    wanted = parse_formats(formats) - (frozenset() if video else {Format.VIDEO})
    if not wanted:
        raise ConfigError("--no-video leaves nothing to write: name other --formats")
    paths = expand(inputs, sys.stdin.read, keeps_patterns=fps is not None)
    computing = precision.value if precision else None
    where = None
    if cluster is not None:
        cpus = 1 if task_cpus is None else task_cpus
        where = Cluster(cluster, cpus, task_gpus or 0, device, computing)
    elif task_cpus is not None or task_gpus is not None:
        raise ConfigError("--task-cpus and --task-gpus say what a video reserves with --cluster")
    reports = Reports(is_quiet=quiet, is_debug=debug)
    try:
        # What lives as long as the process need not be looked through again after every input.
        gc.freeze()
        gc.set_threshold(GARBAGE_EVERY, 10, 10)
        with shown_progress(sys.stderr, is_quiet=quiet) as on_progress:
            summary = run_export(
                paths,
                out,
                formats=wanted,
                model=model if where else load_model(model, device, precision),
                options=analysis,
                start_s=start or 0,
                end_s=end,
                every=every,
                anonymize=anonymize,
                video_codec=video_codec,
                notice=notice,
                recursive=recursive,
                fps=fps,
                resume=resume,
                force=force,
                landmarks=landmarks,
                blendshapes=blendshapes,
                jobs=jobs,
                refine=refine,
                cluster=where,
                on_progress=on_progress,
                on_outcome=reports.add,
            )
    except KeyboardInterrupt:
        rest = "those at work are .partial" if where is None else "those at work are gone"
        say(f"finished files are complete, {rest}; go on with --resume")
        raise
    finally:
        gc.unfreeze()
        reports.finish()
    raise typer.Exit(summary.exit_code)
