"""A video file as a source: every frame once, upright, with the file's own timestamps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from av.video.frame import VideoFrame

from srfer.errors import ConfigError, SourceError, SourceFault

from ..picture import Picture
from ..types import Frame, SourceInfo
from .damage import Damage
from .decoded import decoded
from .file_reader import TimedPicture, VideoReader
from .foreign import display_name, source_error, translated_errors


class VideoFacts(NamedTuple):
    """What may be peculiar about a video.

    Attributes:
        video_tracks: how many there are; the first one is read.
        pixel_shape: width of a pixel as a multiple of its height; 1 if unknown.
        is_interlaced: its first picture consists of two half pictures.
        transfer: FFmpeg's number for what its numbers mean in light.
    """

    video_tracks: int
    pixel_shape: Fraction
    is_interlaced: bool
    transfer: int


def probe(path: str | os.PathLike[str]) -> SourceInfo:
    """Open a file, decode its first frame and say what it is.

    Raises:
        SourceError: if it cannot be read.
    """
    with VideoFile(path) as source:
        return source.info


def nothing_there(
    path: Path, start_s: Fraction, end_s: Fraction | None, duration_s: Fraction | None
) -> SourceError:
    """What to raise where no frame begins in the part that is wanted."""
    length = "" if duration_s is None else f"; it lasts {float(duration_s):.3f} s"
    end = "" if end_s is None else f" and before {float(end_s):g} s"
    trouble = f"no frame begins at {float(start_s):g} s or later{end}{length}"
    return source_error(path, SourceFault.MISSING, trouble)


class VideoFile:
    """A video file, decoded with PyAV; a still picture is a video of one frame.

    Entering it opens the file and decodes the first frame, so a file that opens has one. Timestamps
    are the file's own ticks times its time base. Frames are turned upright and converted to 8-bit
    RGB whatever the file stores. It is read once, unless `seek` goes to another place.

    `start_s` and `end_s` choose a part: the frames of a full decode that begin in [start, end),
    pixel for pixel and with the file's own timestamps, while `index` counts from the first one
    that is given. Both are seconds after the file's first frame, which need not be at 0. Damage
    outside the part is not noticed.

    Args:
        path: the file.
        start_s: where to begin, in seconds.
        end_s: where to end, in seconds; None is the end of the file.
        clock: monotonic time in seconds.

    Raises:
        ConfigError: if the part is empty or begins before 0.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        start_s: Fraction = Fraction(0),
        end_s: Fraction | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if start_s < 0:
            raise ConfigError(f"a video starts at 0 s, not at {float(start_s):g} s")
        if end_s is not None and end_s <= start_s:
            raise ConfigError(
                f"the end ({float(end_s):g} s) must be after the start ({float(start_s):g} s)"
            )
        self.path = Path(path)
        self._start_s, self._end_s = start_s, end_s
        self._clock = clock
        self._reader: VideoReader | None = None
        self._info: SourceInfo | None = None
        self._facts: VideoFacts | None = None
        self._damage = Damage()
        self._first_pts = Fraction(0)
        self._index = 0
        self._frames: Iterator[Frame] = iter(())

    @property
    def info(self) -> SourceInfo:
        """What is known of the file; stays when it is closed."""
        if self._info is None:
            raise RuntimeError("a VideoFile has to be entered before it knows its file")
        return self._info

    @property
    def facts(self) -> VideoFacts:
        """What may be peculiar about the file; stays when it is closed."""
        if self._facts is None:
            raise RuntimeError("a VideoFile has to be entered before it knows its file")
        return self._facts

    @property
    def damage(self) -> Damage:
        """What was found to be wrong with the file so far."""
        return self._damage if self._reader is None else self._reader.damage

    @property
    def first_pts(self) -> Fraction:
        """Timestamp of the file's first frame, in seconds."""
        return self._first_pts

    @property
    def duration_s(self) -> Fraction | None:
        """Length of the whole file in seconds, as it says; None if it does not say."""
        return None if self._reader is None else self._reader.duration_s

    def __enter__(self) -> Self:
        reader = VideoReader(self.path, self._clock)
        try:
            self._info = self._describe(reader)
            pictures = reader.pictures()
            first = next(pictures)
            self._first_pts = first.pts
            self._facts = _facts(reader, first.picture)
            if self._start_s:
                pictures = reader.pictures_from(first.pts + self._start_s)
                first = self._first_of_part(pictures, reader)
            frames = self._as_frames(chain((first,), pictures), reader)
            first_frame = next(frames)
        except BaseException:
            reader.close()
            raise
        self._reader = reader
        self._info = replace(self._info, width=first_frame.width, height=first_frame.height)
        self._frames = chain((first_frame,), frames)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames = iter(())
        if self._reader is not None:
            self._damage = self._reader.damage
            self._reader.close()
            self._reader = None

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in the order of presentation.

        Raises:
            SourceError: where the file breaks off, after all frames before that point.
        """
        return self._frames

    def seek(self, position_s: Fraction) -> None:
        """Go to another place: an iterator made after this starts with the frame on show there.

        That is the last frame that begins at or before `position_s` (seconds after the file's
        first frame), or the first frame. `index` goes on growing, with a gap where a frame was
        decoded ahead. To be called by the thread that iterates.

        Raises:
            SourceError: if the file cannot be read there.
        """
        if self._reader is None:
            raise RuntimeError("a VideoFile has to be entered before it can seek")
        pictures = self._reader.pictures_from(self._first_pts + position_s)
        self._frames = self._as_frames(pictures, self._reader)

    def _first_of_part(self, pictures: Iterator[TimedPicture], reader: VideoReader) -> TimedPicture:
        for first in pictures:
            if first.pts - self._first_pts >= self._start_s:
                if self._end_s is None or first.pts - self._first_pts < self._end_s:
                    return first
                break
        raise nothing_there(self.path, self._start_s, self._end_s, reader.duration_s)

    def _describe(self, reader: VideoReader) -> SourceInfo:
        count = reader.frame_count
        is_part = self._start_s > 0 or self._end_s is not None
        if is_part and reader.rate is not None and reader.duration_s is not None:
            end_s = reader.duration_s if self._end_s is None else self._end_s
            part_s = min(end_s, reader.duration_s) - self._start_s
            count = max(1, round(part_s * reader.rate))
        return SourceInfo(
            source_id=display_name(self.path),
            width=reader.stream.width,
            height=reader.stream.height,
            rate=reader.rate,
            time_base=reader.time_base,
            frame_count=count,
            is_live=False,
        )

    def _as_frames(self, pictures: Iterator[TimedPicture], reader: VideoReader) -> Iterator[Frame]:
        source_id = self.info.source_id
        for pts, picture in pictures:
            if self._end_s is not None and pts - self._first_pts >= self._end_s:
                break
            shown = self._shown(picture)
            index, self._index = self._index, self._index + 1
            shown_pts = None if reader.is_still else pts
            yield Frame(source_id, index, self._clock(), shown_pts, shown)

    def _shown(self, picture: VideoFrame) -> Picture:
        with translated_errors(self.path, f"frame {self._index} cannot be converted to RGB"):
            return decoded(picture)


def _facts(reader: VideoReader, first: VideoFrame) -> VideoFacts:
    return VideoFacts(
        video_tracks=reader.video_tracks,
        pixel_shape=reader.stream.sample_aspect_ratio or Fraction(1),
        is_interlaced=bool(first.interlaced_frame),
        transfer=int(first.color_trc),
    )
