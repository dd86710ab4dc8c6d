"""The outputs of one input: the sinks that make them, and clearing away what was there before."""

from __future__ import annotations

import json
import mimetypes
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from srfer import __version__
from srfer.engines import LABELS
from srfer.errors import ConfigError

from .formats import (
    DEFAULT_FORMATS,
    FILE_NAMES,
    HOLD_ALL_FIELDS,
    UNDER_WAY_NAMES,
    Format,
    output_paths,
    require_libraries,
)
from .jobs import Job
from .overlay import Overlay
from .refine import Kept, Refinement
from .selection import Selection
from .sinks import (
    CropSink,
    CsvSink,
    FaceFields,
    FexSink,
    JsonlSink,
    ParquetSink,
    Records,
    ReportSink,
    SegmentSink,
    VideoSink,
)
from .sinks.atomic import partial_path, sync, writing
from .sinks.codecs import VideoCodec, find_encoder
from .sinks.eaf import Media, to_eaf
from .sinks.earlier_video import EarlierVideo
from .sinks.shares import SHOWN
from .sinks.subtitles import to_ass, to_srt, to_vtt
from .sinks.timeline import Segment, Timeline
from .sources import translated_errors
from .stage import Sink
from .types import SourceInfo
from .veil import Veil, VeiledSink


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How to export.

    Attributes:
        formats: what to write.
        has_notice: say "expression analysis" in the annotated video.
        is_recursive: look for videos in the subfolders of folders.
        rate: pictures per second, to take the pictures of folders and patterns as videos; None
            takes only those named like `img_%04d.png`.
        is_forced: replace results of an earlier export.
        is_resumed: leave finished results as they are, and do the rest.
        selection: which frames of each input.
        veil: how faces are hidden in what shows pictures, or None.
        codec: of the annotated video.
        fields: what to write of each face beyond the usual.
        jobs: so many inputs are at work at a time; each has a pipeline of its own.
        refinement: how results are refined with what comes later in the video, in two passes; None
            for one pass.
        settings: what else to note in the manifest, such as the model.

    Raises:
        ConfigError: for options that contradict each other, or cannot be used on this machine.
    """

    formats: frozenset[Format] = DEFAULT_FORMATS
    has_notice: bool = True
    is_recursive: bool = False
    rate: Fraction | None = None
    is_forced: bool = False
    is_resumed: bool = False
    selection: Selection = field(default_factory=Selection)
    veil: Veil | None = None
    codec: VideoCodec = VideoCodec.H264
    fields: FaceFields = field(default_factory=FaceFields)
    jobs: int = 1
    refinement: Refinement | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.formats:
            raise ConfigError("nothing to write: name at least one format")
        if self.veil is not None and Format.CROPS in self.formats:
            raise ConfigError("crops show faces, which are to be hidden: leave one of the two out")
        if self.jobs < 1:
            raise ConfigError(f"jobs must be 1 or more, not {self.jobs}")
        has_more = self.fields.landmarks or self.fields.mesh or self.fields.blendshapes
        if has_more and Format.PYFEAT in self.formats and not self.formats & HOLD_ALL_FIELDS:
            raise ConfigError(
                "py-feat's names have none for our landmarks and blendshapes: add jsonl, csv or "
                "parquet, or leave them out"
            )
        require_libraries(self.formats)
        if Format.VIDEO in self.formats:
            find_encoder(self.codec)

    def to_record(self) -> dict[str, Any]:
        """All that decides about the results, as plain JSON types."""
        return {
            **self.settings,
            "formats": sorted(self.formats),
            "notice": self.has_notice,
            "anonymize": None if self.veil is None else str(self.veil),
            "video_codec": str(self.codec),
            "fields": asdict(self.fields),
            "refine": None if self.refinement is None else self.refinement.to_record(),
            **self.selection.to_record(),
        }

    @property
    def kept(self) -> Kept:
        """What the outputs show of each face that two passes have to remember."""
        shown = {Format.VIDEO, Format.CROPS, Format.HTML}
        return Kept(bool(self.formats & shown), self.fields.mesh or self.fields.blendshapes)

    @property
    def made_by(self) -> str:
        """What makes the results, in one line of printable ASCII."""
        return json.dumps({"srfer": __version__, **self.to_record()})


class Outputs:
    """The sinks for one input.

    Args:
        job: the input and its folder.
        info: what the frames are like.
        options: what to write, and how.
        notes: gives, at the end, what is peculiar about the input.
        known_frames: so many frames were written before, by an interrupted export.
        earlier: what that has encoded of the annotated video, or None.

    Attributes:
        timeline: who showed what when.
        sinks: all of them, the timeline first.
    """

    def __init__(
        self,
        job: Job,
        info: SourceInfo,
        options: ExportOptions,
        notes: Callable[[], Sequence[str]] = tuple,
        *,
        known_frames: int = 0,
        earlier: EarlierVideo | None = None,
    ) -> None:
        self._job = job
        self._info = info
        self._options = options
        self._notes = notes
        self._known_frames = known_frames
        self._earlier = earlier
        self._made_by = options.made_by
        self._is_rebased = options.selection.start_s > 0
        self._video: VideoSink | None = None
        self.timeline = Timeline()
        self.sinks: list[Sink] = [self.timeline]
        makers = self._makers()
        # Those that come last are closed first: the video, being the likeliest to fail.
        for kind in sorted(options.formats, key=lambda kind: kind is Format.VIDEO):
            self.sinks.append(makers[kind](job.folder / FILE_NAMES[kind]))

    @property
    def sound_status(self) -> str:
        """What became of the sound, in words."""
        return "none" if self._video is None else self._video.sound_status

    def video_sections(self) -> Sequence[int]:
        """Where the annotated video can be continued; see `VideoSink.sections`."""
        return () if self._video is None else self._video.sections()

    def _makers(self) -> dict[Format, Callable[[Path], Sink]]:
        """From a path to the sink, by format."""
        made_by, timeline, options = self._made_by, self.timeline, self._options
        records = Records(options.fields)
        played: dict[str, Any] = {"made_by": made_by, "is_rebased": self._is_rebased}
        return {
            Format.VIDEO: self._video_sink,
            Format.JSONL: lambda path: JsonlSink(path, records),
            Format.CSV: lambda path: CsvSink(path, records),
            Format.PYFEAT: lambda path: FexSink(path, records),
            Format.PARQUET: lambda path: ParquetSink(path, records, made_by=made_by),
            Format.SRT: lambda path: SegmentSink(path, timeline, to_srt, **played),
            Format.VTT: lambda path: SegmentSink(path, timeline, to_vtt, **played),
            Format.ASS: lambda path: SegmentSink(path, timeline, to_ass, **played),
            Format.CROPS: lambda path: CropSink(path, self._known_frames),
            Format.EAF: lambda path: SegmentSink(path, timeline, self._to_eaf, **played),
            Format.HTML: lambda path: ReportSink(
                path,
                timeline,
                self._info.source_id,
                made_by,
                has_pictures=options.veil is None,
                notes=self._notes,
            ),
        }

    def _video_sink(self, path: Path) -> Sink:
        options, selection = self._options, self._options.selection
        end_s = selection.end_s
        self._video = VideoSink(
            path,
            self._info,
            Overlay(has_notice=options.has_notice),
            sound_from=None if self._job.footage.is_sequence else self._job.input,
            codec=options.codec,
            made_by=self._made_by,
            is_rebased=self._is_rebased,
            length_s=None if end_s is None else end_s - selection.start_s,
            earlier=self._earlier,
        )
        return self._video if options.veil is None else VeiledSink(self._video, options.veil)

    def _to_eaf(self, segments: Sequence[Segment], made_by: str) -> str:
        return to_eaf(segments, made_by, sorted(self.timeline.tracks), self._media())

    def _media(self) -> Media:
        """What ELAN opens with the annotations: the annotated video, or else the input."""
        footage, folder = self._job.footage, self._job.folder
        with translated_errors(footage.path, "cannot be read"):
            changed_s = max(path.stat().st_mtime for path in footage.files)
        modified = datetime.fromtimestamp(changed_s, UTC).isoformat(timespec="seconds")
        if Format.VIDEO in self._options.formats:
            return Media(f"./{FILE_NAMES[Format.VIDEO]}", "video/mp4", modified)
        if footage.is_sequence:
            return Media("", "", modified)
        way = os.path.relpath(footage.path.absolute(), folder.absolute())
        kind = mimetypes.guess_type(footage.path.name)[0] or "video/unknown"
        origin_ms = round(self._options.selection.start_s * 1000)
        return Media(quote(os.fsencode(way)), kind, modified, origin_ms)


def clear_outputs(folder: Path, *, is_continued: bool = False) -> None:
    """Make a folder ready for new results; whatever an export did not make stays.

    Args:
        folder: of the results.
        is_continued: keep what there is to go on with.

    Raises:
        ExportError: if it cannot be made, or something cannot be removed.
    """
    if not is_continued:
        clear_under_way(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        sync(folder.parent)  # or a power cut could take the folder with all that is in it
        for path in output_paths(folder):
            if is_continued and path.name == FILE_NAMES[Format.CROPS]:
                if path.is_dir() and not partial_path(path).exists():
                    path.replace(partial_path(path))
                continue
            for old in (path, partial_path(path)):
                if old.is_dir() and not old.is_symlink():
                    _clear_crops(old)
                else:
                    old.unlink(missing_ok=True)


def clear_under_way(folder: Path) -> None:
    """Remove what an export leaves to go on with.

    Raises:
        ExportError: if it cannot be removed.
    """
    with writing(folder):
        for name in UNDER_WAY_NAMES:
            partial_path(folder / name).unlink(missing_ok=True)


def _clear_crops(folder: Path) -> None:
    """Remove pictures of faces, and the folders that are empty then."""
    for track in folder.glob("track-*"):
        for file in track.glob("frame-*.png"):
            file.unlink()
        if not any(track.iterdir()):
            track.rmdir()
    if not any(folder.iterdir()):
        folder.rmdir()


def describe_outputs(outputs: Outputs) -> dict[str, Any]:
    """What the outputs show as a whole, as plain JSON types: for manifests and batch reports."""
    tracks = outputs.timeline.tracks.values()
    *shown, unsure_s = sum((track.shown_s for track in tracks), start=np.zeros(len(SHOWN)))
    return {
        "tracks": len(tracks),
        "expressions_s": {
            label: round(float(seconds), 3) for label, seconds in zip(LABELS, shown, strict=True)
        },
        "unsure_s": round(float(unsure_s), 3),
        "unread_s": round(sum(track.unread_s for track in tracks), 3),
        "sound": outputs.sound_status,
    }
