"""What runs: sources, face tracking, analysis, the pipeline, sinks and export."""

from __future__ import annotations

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
    "Box",
    "Face",
    "FaceResult",
    "Frame",
    "FrameResult",
    "SourceInfo",
    "Track",
    "TrackState",
    "TrackedFrame",
]
