"""Where results go."""

from __future__ import annotations

from .crops import CropSink
from .jsonl import JsonlSink
from .parquet import ParquetSink
from .pyfeat import FexSink
from .record import FaceFields, Records, to_record
from .recorder import Recorder, Recording, save_picture
from .report import ReportSink
from .segments import SegmentSink
from .table import CsvSink
from .video import VideoSink

__all__ = [
    "CropSink",
    "CsvSink",
    "FaceFields",
    "FexSink",
    "JsonlSink",
    "ParquetSink",
    "Recorder",
    "Recording",
    "Records",
    "ReportSink",
    "SegmentSink",
    "VideoSink",
    "save_picture",
    "to_record",
]
