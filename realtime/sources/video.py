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
from typing import Self

import av
import numpy as np
from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from srfer.errors import SourceFault

from ..types import Frame, RgbImage, SourceInfo
from .container import MAX_PIXELS, is_picture, open_container, require_size
from .decoder import Decoder
from .foreign import display_name, source_error, translated_errors
from .orientation import orientation, turned_upright

_MAX_THREADS = 4
_DEFAULT_RATE = Fraction(25)


def probe(path: str | os.PathLike[str]) -> SourceInfo:
    """Open a file, decode its first frame and say what it is.

    Raises:
        SourceError: if it cannot be read.
    """
    with VideoFile(path) as source:
        return source.info


class VideoFile:
    """A video file, decoded with PyAV; a still picture is a video of one frame.

    Entering it opens the file and decodes the first frame, so a file that opens has one. Timestamps
    are the file's own ticks times its time base. Frames are turned upright and converted to 8-bit
    RGB whatever the file stores. It is read once.

    Args:
        path: the file.
        clock: monotonic time in seconds.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._container: InputContainer | None = None
        self._decoder: Decoder | None = None
        self._info: SourceInfo | None = None
        self._is_picture = False
        self._frames: Iterator[Frame] = iter(())

    @property
    def info(self) -> SourceInfo:
        """What is known of the file; stays when it is closed."""
        if self._info is None:
            raise RuntimeError("a VideoFile has to be entered before it knows its file")
        return self._info

    @property
    def bad_packets(self) -> int:
        """Packets that could not be decoded so far; the frames in them are missing."""
        return 0 if self._decoder is None else self._decoder.bad_packets

    def __enter__(self) -> Self:
        container = open_container(self.path)
        try:
            with translated_errors(self.path, "cannot be read"):
                self._is_picture = is_picture(container)
                stream = self._video_stream(container)
                self._info = self._describe(container, stream)
            self._decoder = Decoder(self.path, container, stream, self._clock)
            frames = self._read(self._decoder)
            first = next(frames)
        except BaseException:
            container.close()
            raise
        self._container = container
        self._info = replace(self._info, width=first.width, height=first.height)
        self._frames = chain((first,), frames)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames in the order of presentation.

        Raises:
            SourceError: where the file breaks off, after all frames before that point.
        """
        return self._frames

    def _video_stream(self, container: InputContainer) -> VideoStream:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        if not streams:
            raise source_error(
                self.path, SourceFault.UNSUPPORTED, "holds no video; name a file with pictures"
            )
        stream = streams[0]
        if getattr(stream, "codec_context", None) is None:  # PyAV has no decoder for it
            raise source_error(
                self.path,
                SourceFault.UNSUPPORTED,
                "its codec is unknown (or the file is damaged); convert it to H.264",
            )
        require_size(self.path, stream.width, stream.height)
        # For frames that are larger than the file says: the decoder itself refuses them.
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        stream.thread_type = ThreadType.AUTO
        stream.thread_count = min(_MAX_THREADS, os.cpu_count() or 1)
        return stream

    def _describe(self, container: InputContainer, stream: VideoStream) -> SourceInfo:
        rate = None if self._is_picture else stream.average_rate or None
        count = 1 if self._is_picture else stream.frames or None
        if count is None and rate is not None and container.duration:
            count = max(1, round(container.duration * rate / av.time_base))
        return SourceInfo(
            source_id=display_name(self.path),
            width=stream.width,
            height=stream.height,
            rate=rate,
            time_base=stream.time_base or Fraction(1, 90_000),
            frame_count=count,
            is_live=False,
        )

    def _read(self, decoder: Decoder) -> Iterator[Frame]:
        info = self.info
        step = 1 / (info.rate or _DEFAULT_RATE)
        pts = -step
        for index, picture in enumerate(decoder):
            require_size(self.path, picture.width, picture.height)
            image = self._to_rgb(picture, index)
            # Some streams (raw H.264, old AVI files) leave frames without a time.
            pts = pts + step if picture.pts is None else picture.pts * info.time_base
            shown_pts = None if self._is_picture else pts
            yield Frame(info.source_id, index, self._clock(), shown_pts, image)

    def _to_rgb(self, picture: VideoFrame, index: int) -> RgbImage:
        with translated_errors(self.path, f"frame {index} cannot be converted to RGB"):
            image = picture.to_ndarray(format="rgb24", threads=1)
            return turned_upright(image.astype(np.uint8, copy=False), orientation(picture))
