"""Where the faces are in one picture: one contract, one file per kind of network."""

from __future__ import annotations

from .batch import PAD_TO_PX
from .detecting import NetworkDetector
from .detector import Detector
from .opening import open_detector

__all__ = ["PAD_TO_PX", "Detector", "NetworkDetector", "open_detector"]
