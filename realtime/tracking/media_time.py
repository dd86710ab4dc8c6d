"""Time that only goes forward, from timestamps that may not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..types import Frame

FIRST_STEP_S = 1 / 30
"""Believed distance of two frames before any two good timestamps were seen."""


@dataclass(slots=True)
class MediaTime:
    """Seconds of media time since the first frame.

    It follows `pts`, or `captured_s` where there is no pts. Where a timestamp repeats or jumps
    back, as much time is believed to have passed as between the last two good ones.

    Attributes:
        now_s: of the last frame.
        step_s: between the last two good timestamps.
        previous: `pts` and `captured_s` of the last frame, or None before the first.
    """

    now_s: float = 0.0
    step_s: float = FIRST_STEP_S
    previous: tuple[Fraction | None, float] | None = None

    def advance(self, frame: Frame) -> float:
        """Go to the next frame; returns the seconds since the last one, never below 0."""
        previous, self.previous = self.previous, (frame.pts, frame.captured_s)
        if previous is None:
            return 0.0
        pts, captured_s = previous
        if frame.pts is not None and pts is not None:
            step_s = float(frame.pts - pts)
        else:
            step_s = frame.captured_s - captured_s
        if step_s > 0:
            self.step_s = step_s
        self.now_s += self.step_s
        return self.step_s
