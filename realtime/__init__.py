"""What runs: sources, face tracking, analysis, the pipeline, sinks and export."""

from __future__ import annotations

from .analysis import Analyzer
from .api import AnalysisOptions, analyze, describe_settings, make_stages, read
from .crop import CropRule, cut
from .pipeline import Pipeline, Policy
from .sources import LiveOptions
from .tracking import FaceTracker, TrackerConfig
from .types import (
    Box,
    Face,
    FaceResult,
    Frame,
    FrameResult,
    SourceInfo,
    Track,
    TrackedFrame,
    TrackState,
)

__all__ = [
    "AnalysisOptions",
    "Analyzer",
    "Box",
    "CropRule",
    "Face",
    "FaceResult",
    "FaceTracker",
    "Frame",
    "FrameResult",
    "LiveOptions",
    "Pipeline",
    "Policy",
    "SourceInfo",
    "Track",
    "TrackState",
    "TrackedFrame",
    "TrackerConfig",
    "analyze",
    "cut",
    "describe_settings",
    "make_stages",
    "read",
]
