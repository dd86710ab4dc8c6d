"""Still pictures."""

from __future__ import annotations

import os

from ..types import Frame
from .address import refuse_stream
from .video import VideoFile


def read_picture(path: str | os.PathLike[str]) -> Frame:
    """Read a still picture (PNG, JPEG, WebP, BMP, TIFF), or the first frame of a video.

    Raises:
        SourceError: if it cannot be read, is cut off, or is the address of a stream.
    """
    refuse_stream(os.fspath(path))
    with VideoFile(path) as source:
        frames = iter(source)
        picture = next(frames)
        next(frames, None)  # at the end it is known whether the picture is whole
        return picture
