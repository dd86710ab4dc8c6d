"""Where the faces are in one picture: one contract, one file per kind of network."""

from __future__ import annotations

from .detecting import NetworkDetector
from .detector import Detector
from .opening import open_detector

__all__ = ["Detector", "NetworkDetector", "open_detector"]
