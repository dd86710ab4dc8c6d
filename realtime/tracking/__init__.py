"""Who is who from frame to frame: detection now and then, motion in between."""

from __future__ import annotations

from .config import TrackerConfig
from .contract import Tracker
from .mediapipe import MediaPipeTracker, open_mediapipe
from .tracker import FaceTracker

__all__ = [
    "FaceTracker",
    "MediaPipeTracker",
    "Tracker",
    "TrackerConfig",
    "open_mediapipe",
]
