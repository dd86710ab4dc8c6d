"""What is peculiar about a video, in words, so that nobody is surprised by its results."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from av.stream import Disposition
from av.video.frame import VideoFrame

from srfer.errors import SourceError

from .sources import translated_errors
from .sources.container import open_container

_HDR_TRANSFERS = frozenset({16, 18})  # SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG)


def remarks_on(path: Path) -> tuple[str, ...]:
    """Sentences about a video that can be read; none about one that cannot."""
    with (
        suppress(SourceError),
        translated_errors(path, "cannot be read"),
        open_container(path) as container,
    ):
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        notes = []
        if len(streams) > 1:
            notes.append(f"has {len(streams)} video tracks: the first one is analysed")
        shape = streams[0].sample_aspect_ratio
        if shape and shape != 1:
            notes.append("has pixels that are not square: faces are read as they are stored")
        streams[0].thread_count = 1  # or threads are begun for one frame
        first = next(container.decode(streams[0]), None)
        return (*notes, *_remarks_on_frame(first))
    return ()


def remarks_on_damage(bad_packets: int) -> tuple[str, ...]:
    """What to say of a video in which packets could not be decoded."""
    if not bad_packets:
        return ()
    packets = "1 packet" if bad_packets == 1 else f"{bad_packets} packets"
    return (f"is damaged: {packets} could not be decoded, so frames are missing; copy it again",)


def _remarks_on_frame(frame: VideoFrame | None) -> list[str]:
    notes = []
    if frame is not None and frame.interlaced_frame:
        notes.append("is interlaced: faces that move have combed edges; deinterlace it first")
    if frame is not None and int(frame.color_trc) in _HDR_TRANSFERS:
        notes.append("has HDR colours: they are read as they are stored, without tone mapping")
    return notes
