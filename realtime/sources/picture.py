"""Still pictures."""

from __future__ import annotations

import os

from ..types import Frame
from .video import open_source


def read_picture(path: str | os.PathLike[str]) -> Frame:
    """Read a still picture (PNG, JPEG, WebP, BMP, TIFF), or the first frame of a video.

    Raises:
        SourceError: if it cannot be read.
    """
    with open_source(os.fspath(path)) as source:
        return next(iter(source))
