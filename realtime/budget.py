"""How many frames of a stream are wanted."""

from __future__ import annotations

from srfer.errors import ConfigError

from .tracking.media_time import MediaTime
from .types import Frame

JITTER = 0.1
"""Share of the interval by which a frame may come early: cameras are not exact."""


class FrameBudget:
    """Lets at most so many frames a second through, by their own time, evenly spread.

    Args:
        max_fps: frames a second of media time; None lets all through.

    Raises:
        ConfigError: if `max_fps` is not positive.
    """

    def __init__(self, max_fps: float | None) -> None:
        if max_fps is not None and not max_fps > 0:
            raise ConfigError(f"max_fps must be more than 0, not {max_fps}")
        self._interval_s = 0.0 if max_fps is None else 1 / max_fps
        self._time = MediaTime()
        self._due_s = 0.0

    def allows(self, frame: Frame) -> bool:
        """True if the frame is to be analysed. Called for every frame of a stream, in order."""
        if not self._interval_s:
            return True
        self._time.advance(frame)
        now_s = self._time.now_s
        if now_s < self._due_s - JITTER * self._interval_s:
            return False
        # After a gap the frames that did not come are not made up for.
        self._due_s = max(self._due_s + self._interval_s, now_s)
        return True
