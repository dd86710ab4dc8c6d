"""Where the faces are in one picture: one contract, one file per detector."""

from __future__ import annotations

from .detector import Detector
from .opening import open_detector
from .retinaface import RetinaFace
from .yunet import YuNet

__all__ = ["Detector", "RetinaFace", "YuNet", "open_detector"]
