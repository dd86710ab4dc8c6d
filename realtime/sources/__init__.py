"""Where frames come from."""

from __future__ import annotations

from .foreign import display_name, printable, translated_errors
from .picture import read_picture
from .video import VideoFile, open_source, probe, refuse_stream

__all__ = [
    "VideoFile",
    "display_name",
    "open_source",
    "printable",
    "probe",
    "read_picture",
    "refuse_stream",
    "translated_errors",
]
