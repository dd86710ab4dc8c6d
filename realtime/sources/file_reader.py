"""The pictures of a video file, in order, from the beginning or from any other place."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from srfer.errors import SourceError, SourceFault

from .container import MAX_PIXELS, is_picture, length_s, open_container, require_size
from .damage import Damage
from .decoder import Decoder
from .foreign import source_error, translated_errors

_MAX_THREADS = 4
_DEFAULT_RATE = Fraction(25)
_STEPS_BACK_S = (0, 1, 4, 16, 64)
"""How far before the wanted time to look for a key picture, one after the other, in seconds."""


class TimedPicture(NamedTuple):
    """A decoded picture and its time in the file, in seconds."""

    pts: Fraction
    picture: VideoFrame


class VideoReader:
    """An open video file. `close()` it; it is not read by two iterators at a time.

    Args:
        path: the file.
        clock: monotonic time in seconds.

    Attributes:
        stream: the video in it.
        is_still: True if it is a single picture.
        video_tracks: how many there are; the first one is read.
        rate: average frames per second, or None if unknown.
        time_base: unit of its timestamps, in seconds.
        duration_s: its length in seconds, as the file says, or None.

    Raises:
        SourceError: if it cannot be opened or holds no video.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._earlier = Damage()
        self._container = self._open()
        self.is_still = is_picture(self._container)
        self.rate = None if self.is_still else self.stream.average_rate or None
        self.time_base = self.stream.time_base or Fraction(1, 90_000)
        self.duration_s = None if self.is_still else length_s(self._container, self.stream)

    @property
    def damage(self) -> Damage:
        """What was found to be wrong so far."""
        return self._earlier + self._decoder.damage

    @property
    def frame_count(self) -> int | None:
        """Expected number of pictures (an estimate), or None if unknown."""
        if self.is_still:
            return 1
        count = self.stream.frames or None
        if count is None and self.rate is not None and self.duration_s is not None:
            count = max(1, round(self.duration_s * self.rate))
        return count

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        self._container.close()

    def pictures(self) -> Iterator[TimedPicture]:
        """Yield the pictures from where the file stands.

        Raises:
            SourceError: where the file breaks off, after all pictures before that point.
        """
        step = 1 / (self.rate or _DEFAULT_RATE)
        pts = -step
        for picture in self._decoder:
            require_size(self._path, picture.width, picture.height)
            # Some streams (raw H.264, old AVI files) leave pictures without a time.
            pts = pts + step if picture.pts is None else self.time_base * picture.pts
            yield TimedPicture(pts, picture)

    def pictures_from(self, pts: Fraction) -> Iterator[TimedPicture]:
        """Yield the pictures that a full decode gives, from the one on show at `pts`.

        That is the last one that is not later, or the first of all. Decoding starts at a key
        picture before it; where the file leads to none, it starts at the beginning of the file.

        Raises:
            SourceError: as for `pictures()`, or if the file cannot be opened again.
        """
        for back_s in _STEPS_BACK_S:
            pictures = self._from_key_picture(pts - back_s, not_after=pts)
            if pictures is not None:
                return _from_shown(pictures, pts)
        self.close()
        self._earlier = self.damage
        self._container = self._open()
        return _from_shown(self.pictures(), pts)

    def _from_key_picture(
        self, pts: Fraction, *, not_after: Fraction
    ) -> Iterator[TimedPicture] | None:
        """The pictures from a key picture near `pts` on; None if there is none in time."""
        try:
            with translated_errors(self._path, "cannot be searched"):
                ticks = math.floor(pts / self.time_base)
                self._container.seek(ticks, stream=self.stream, backward=True)
            pictures = self.pictures()
            for first in pictures:
                # What comes before a key picture may have been predicted from what was skipped.
                if first.picture.key_frame:
                    is_in_time = first.picture.pts is not None and first.pts <= not_after
                    return _again(first, pictures) if is_in_time else None
        except SourceError:  # looking elsewhere, or reading everything, tells whether it is damaged
            pass
        return None

    def _open(self) -> InputContainer:
        container = open_container(self._path)
        try:
            with translated_errors(self._path, "cannot be read"):
                self.stream = self._video_stream(container)
            self._decoder = Decoder(self._path, container, self.stream, self._clock)
        except BaseException:
            container.close()
            raise
        return container

    def _video_stream(self, container: InputContainer) -> VideoStream:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        self.video_tracks = len(streams)
        if not streams:
            raise source_error(
                self._path, SourceFault.UNSUPPORTED, "holds no video; name a file with pictures"
            )
        stream = streams[0]
        if getattr(stream, "codec_context", None) is None:  # PyAV has no decoder for it
            raise source_error(
                self._path,
                SourceFault.UNSUPPORTED,
                "its codec is unknown (or the file is damaged); convert it to H.264",
            )
        require_size(self._path, stream.width, stream.height)
        # For pictures that are larger than the file says: the decoder itself refuses them.
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        stream.thread_type = ThreadType.AUTO
        stream.thread_count = min(_MAX_THREADS, os.cpu_count() or 1)
        return stream


def _again(first: TimedPicture, rest: Iterator[TimedPicture]) -> Iterator[TimedPicture]:
    yield first
    yield from rest


def _from_shown(pictures: Iterator[TimedPicture], pts: Fraction) -> Iterator[TimedPicture]:
    """Skip until the next picture would be later than `pts`."""
    shown = next(pictures)
    while True:
        try:
            following = next(pictures, None)
        except SourceError:
            yield shown
            raise
        if following is None or following.pts > pts:
            break
        shown = following
    yield shown
    if following is not None:
        yield following
        yield from pictures
