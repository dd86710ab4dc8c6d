"""Where results go."""

from __future__ import annotations

from .crops import CropSink
from .eaf import EafSink
from .jsonl import JsonlSink
from .parquet import ParquetSink
from .record import FaceFields, to_record
from .recorder import Recorder, Recording, save_picture
from .report import ReportSink
from .subtitles import SubtitleSink
from .table import CsvSink
from .video import VideoSink

__all__ = [
    "CropSink",
    "CsvSink",
    "EafSink",
    "FaceFields",
    "JsonlSink",
    "ParquetSink",
    "Recorder",
    "Recording",
    "ReportSink",
    "SubtitleSink",
    "VideoSink",
    "save_picture",
    "to_record",
]
