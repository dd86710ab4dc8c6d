"""Who is who from frame to frame: detection now and then, motion in between."""

from __future__ import annotations

from .config import TrackerConfig
from .tracker import FaceTracker

__all__ = ["FaceTracker", "TrackerConfig"]
