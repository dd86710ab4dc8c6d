"""Where results go."""

from __future__ import annotations

from .jsonl import JsonlSink
from .record import FaceFields, to_record
from .table import CsvSink
from .video import VideoSink

__all__ = ["CsvSink", "FaceFields", "JsonlSink", "VideoSink", "to_record"]
