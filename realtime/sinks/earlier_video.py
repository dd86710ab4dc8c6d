"""What an interrupted export has encoded of an annotated video, to go on with."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import av
import av.error

from .codecs import VideoCodec
from .encoding import Encoded

_START_CODE = b"\0\0\0\1"
_LENGTH_BYTES = 4
_IN_UNITS = frozenset({VideoCodec.H264, VideoCodec.HEVC})
"""Codecs whose packets consist of units, each with its length before it in an MP4."""


class EarlierVideo(NamedTuple):
    """The first pictures of an annotated video.

    Attributes:
        path: the file that has them.
        codec: of the pictures.
        frames: how many of them there are.
    """

    path: Path
    codec: VideoCodec
    frames: int

    def pictures(self) -> Generator[Encoded, None, None]:
        """The encoded pictures in order, without their times.

        Raises:
            OSError: if the file cannot be read.
            ValueError: if a picture is damaged.
        """
        # FFmpeg's parsers take some pictures for keys that encoders do not call so.
        options = {"fflags": "noparse"}
        with av.open(str(self.path.absolute()), format="mp4", options=options) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.size:
                    data = bytes(packet)
                    if self.codec in _IN_UNITS:
                        data = _with_start_codes(data)
                    yield Encoded(data, is_key=packet.is_keyframe)


def find_earlier_video(
    paths: Sequence[Path], codec: VideoCodec, sections: Sequence[int]
) -> EarlierVideo | None:
    """The longest beginning of a video that can be continued; None if there is none.

    Args:
        paths: files that may have it.
        codec: of the pictures.
        sections: numbers of the frames at which sections begin.
    """
    best: EarlierVideo | None = None
    for path in paths:
        count = _count(EarlierVideo(path, codec, 0))
        frames = max((first for first in sections if first <= count), default=0)
        if frames > (0 if best is None else best.frames):
            best = EarlierVideo(path, codec, frames)
    return best


def _count(video: EarlierVideo) -> int:
    """So many pictures can be read."""
    count = 0
    try:
        with closing(video.pictures()) as pictures:
            for _ in pictures:
                count += 1
    except (OSError, av.error.FFmpegError, ValueError, IndexError):
        pass  # what was being written when the process was killed
    return count


def _with_start_codes(data: bytes) -> bytes:
    """A packet as encoders give it, from one as an MP4 holds it."""
    units: list[bytes] = []
    place = 0
    while place < len(data):
        begin = place + _LENGTH_BYTES
        place = begin + int.from_bytes(data[begin - _LENGTH_BYTES : begin], "big")
        if not begin < place <= len(data):
            raise ValueError("a unit of the picture is damaged")
        units += [_START_CODE, data[begin:place]]
    return b"".join(units)
