"""Where frames come from."""

from __future__ import annotations

from srfer.errors import printable
from srfer.secrets import redact

from .address import refuse_stream
from .foreign import display_name, translated_errors
from .health import Monitored, SourceHealth, SourceState
from .live import LiveOptions, LiveSource, Transport
from .opening import open_source, policy_for
from .pacing import Paced
from .picture import read_picture
from .pictures import PictureFolder
from .player import Player
from .screen import open_screen, parse_screen
from .synthetic import Scene, SyntheticVideo, parse_scene
from .video import VideoFacts, VideoFile, probe
from .webcam import Webcam, list_webcams, open_webcam, parse_webcam

__all__ = [
    "LiveOptions",
    "LiveSource",
    "Monitored",
    "Paced",
    "PictureFolder",
    "Player",
    "Scene",
    "SourceHealth",
    "SourceState",
    "SyntheticVideo",
    "Transport",
    "VideoFacts",
    "VideoFile",
    "Webcam",
    "display_name",
    "list_webcams",
    "open_screen",
    "open_source",
    "open_webcam",
    "parse_scene",
    "parse_screen",
    "parse_webcam",
    "policy_for",
    "printable",
    "probe",
    "read_picture",
    "redact",
    "refuse_stream",
    "translated_errors",
]
