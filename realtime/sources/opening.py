"""The one door: from what a user names to the source that it means."""

from __future__ import annotations

import os
from pathlib import Path

from ..route import Policy
from ..stage import Source
from .address import parse_address, scheme_of
from .health import Monitored
from .live import LiveOptions
from .pictures import PictureFolder, is_pattern
from .screen import open_screen, parse_screen
from .stream import open_stream
from .synthetic import PREFIX as SYNTHETIC
from .synthetic import SyntheticVideo, parse_scene
from .video import VideoFile
from .webcam import open_webcam, parse_webcam


def open_source(text: str, options: LiveOptions | None = None) -> Source:
    """The source that `text` names; nothing is opened before it is entered.

    Args:
        text: a video or picture, a folder or pattern of pictures, `0` or `webcam:NAME`, `screen:`,
            `synthetic:`, or the address of a stream. What exists as a file or folder is that.
        options: for live sources; the defaults if None.

    Raises:
        ConfigError: if it is an address of an unknown kind, or cannot be understood.
    """
    if os.path.lexists(text):
        return PictureFolder(text) if Path(text).is_dir() else VideoFile(text)
    if (webcam := parse_webcam(text)) is not None:
        return open_webcam(webcam, options)
    if (screen := parse_screen(text)) is not None:
        return open_screen(screen, options)
    if text.startswith(SYNTHETIC):
        return SyntheticVideo(parse_scene(text))
    if scheme_of(text) is not None:
        return open_stream(parse_address(text), options)
    return PictureFolder(text) if is_pattern(text) else VideoFile(text)


def policy_for(source: Source) -> Policy:
    """How a source has to be run: one that is monitored is live, and the newest frame wins."""
    return Policy.LIVE if isinstance(source, Monitored) else Policy.LOSSLESS
