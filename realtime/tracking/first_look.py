"""Searching the whole frame at once, scaled down to what the detector sees at a time."""

from __future__ import annotations

from ..detection import Detector
from ..types import Face, Frame
from .placing import in_frame, searched_size


def look_at_all(detector: Detector, frame: Frame) -> tuple[Face, ...]:
    """Search the whole frame.

    Args:
        detector: an open detector.
        frame: the frame.

    Returns:
        The faces, in pixels of the frame, the most certain first.
    """
    scale = detector.detect_px / max(frame.width, frame.height)
    if scale >= 1:
        (found,) = detector.detect([frame.image])
        return found
    width, height = searched_size(frame.width * scale, frame.height * scale)
    (found,) = detector.detect([frame.reduced(width, height)])
    scales = width / frame.width, height / frame.height
    return tuple(in_frame(face, scales, (0.0, 0.0)) for face in found)
