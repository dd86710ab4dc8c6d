"""Choosing a tracker by name."""

from __future__ import annotations

from pathlib import Path

from srfer.errors import ConfigError

from ..detection import open_detector
from ..known_models import fetched_model
from .config import TrackerConfig
from .contract import Tracker
from .landmarker import FaceLandmarker
from .mediapipe import MediaPipeTracker
from .tracker import FaceTracker

TRACKERS = ("retinaface", "yunet", "mediapipe")


def open_tracker(
    name: str = "retinaface",
    *,
    model: Path | None = None,
    detect_px: int = 640,
    config: TrackerConfig | None = None,
) -> Tracker:
    """Make the tracker of a name, on the processor; enter it to use it.

    Args:
        name: "retinaface", whose model is installed with srfer; "yunet", which finds the smallest
            faces; or "mediapipe", which measures mesh and blendshapes of faces that are close.
        model: model file of yunet or mediapipe; the fetched one if None.
        detect_px: long side at which frames are searched, in pixels; larger ones are scaled down.
        config: thresholds; the default ones if None.

    Raises:
        ConfigError: an argument has a value that cannot be used, or MediaPipe is not installed.
        ModelError: the model is missing, damaged, or another network.
    """
    if name not in TRACKERS:
        raise ConfigError(f"unknown tracker {name!r}: choose {', '.join(TRACKERS)}")
    if name == "mediapipe":
        return open_mediapipe(model, detect_px=detect_px, config=config)
    return FaceTracker(open_detector(name, model=model, detect_px=detect_px), config)


def open_mediapipe(
    model: Path | None = None, *, detect_px: int = 640, config: TrackerConfig | None = None
) -> MediaPipeTracker:
    """Make the tracker "mediapipe"; for arguments and errors see `open_tracker`."""
    if not 32 <= detect_px <= 8192:
        raise ConfigError(f"detect_px must lie between 32 and 8192, not {detect_px}")
    config = config or TrackerConfig()
    landmarker = FaceLandmarker(model or fetched_model("mediapipe"), faces=config.max_faces)
    return MediaPipeTracker(landmarker, config, detect_px=detect_px)
