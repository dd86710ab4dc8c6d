"""Who is who from frame to frame: detection now and then, motion in between."""

from __future__ import annotations

from .config import TrackerConfig
from .contract import Tracker
from .mediapipe import MediaPipeTracker
from .opening import TRACKERS, open_mediapipe, open_tracker
from .tracker import FaceTracker

__all__ = [
    "TRACKERS",
    "FaceTracker",
    "MediaPipeTracker",
    "Tracker",
    "TrackerConfig",
    "open_mediapipe",
    "open_tracker",
]
