"""Where results go."""

from __future__ import annotations

from .jsonl import JsonlSink
from .record import to_record
from .table import CsvSink
from .video import VideoSink

__all__ = ["CsvSink", "JsonlSink", "VideoSink", "to_record"]
