"""Time that only goes forward, from timestamps that may not."""

from __future__ import annotations

from ..types import Frame

FIRST_STEP_S = 1 / 30
"""Believed distance of two frames before any two good timestamps were seen."""


class MediaTime:
    """Seconds of media time since the first frame.

    It follows `pts`, or `captured_s` where there is no pts. Where a timestamp repeats or jumps
    back, as much time is believed to have passed as between the last two good ones.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._step_s = FIRST_STEP_S
        self._previous: Frame | None = None

    def advance(self, frame: Frame) -> float:
        """Go to the next frame; returns the seconds since the last one, never below 0."""
        previous, self._previous = self._previous, frame
        if previous is None:
            return 0.0
        if frame.pts is not None and previous.pts is not None:
            step_s = float(frame.pts - previous.pts)
        else:
            step_s = frame.captured_s - previous.captured_s
        if step_s > 0:
            self._step_s = step_s
        self.now_s += self._step_s
        return self._step_s
