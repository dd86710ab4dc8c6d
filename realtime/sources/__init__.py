"""Where frames come from."""

from __future__ import annotations

from .foreign import display_name, printable, translated_errors
from .health import Monitored, SourceHealth, SourceState
from .live import LiveOptions, LiveSource, Transport
from .opening import open_source, policy_for, refuse_stream
from .picture import read_picture
from .secrets import redact
from .video import VideoFile, probe

__all__ = [
    "LiveOptions",
    "LiveSource",
    "Monitored",
    "SourceHealth",
    "SourceState",
    "Transport",
    "VideoFile",
    "display_name",
    "open_source",
    "policy_for",
    "printable",
    "probe",
    "read_picture",
    "redact",
    "refuse_stream",
    "translated_errors",
]
