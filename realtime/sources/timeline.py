"""Media time that only goes forward, from the timestamps of a live source."""

from __future__ import annotations

from fractions import Fraction

TICK = Fraction(1, 90_000)
"""Unit of the media time of live sources, in seconds: that of MPEG-TS and of video over RTP."""

MOST_AHEAD_S = 2.0
"""Timestamps may run ahead of the clock by this much from one frame to the next, in seconds, as
they do where frames come in bursts. What jumps further is not believed."""


class Timeline:
    """Gives every frame a time: 0 for the first, and always later than the one before.

    Differences of timestamps are exact, so they are followed while they are plausible. Where a
    timestamp is missing, repeats, jumps, or belongs to another connection, as much time has passed
    as between the arrivals of the two frames. So a gap is as long as it really was.
    """

    def __init__(self) -> None:
        self._now = Fraction(0)
        self._ticks = -1
        self._arrived_s: float | None = None
        self._pts: Fraction | None = None

    def restart(self) -> None:
        """The next frame's timestamp has nothing to do with the last one's."""
        self._pts = None

    def advance(self, pts: Fraction | None, arrived_s: float) -> Fraction:
        """Go to the next frame.

        Args:
            pts: its timestamp in the source in seconds, or None.
            arrived_s: monotonic seconds when it came.

        Returns:
            Its media time in seconds, a multiple of `TICK`.
        """
        if self._arrived_s is not None:
            self._now += self._step(pts, max(arrived_s - self._arrived_s, 0.0))
        self._pts, self._arrived_s = pts, arrived_s
        self._ticks = max(self._ticks + 1, round(self._now / TICK))
        return self._ticks * TICK

    def _step(self, pts: Fraction | None, elapsed_s: float) -> Fraction:
        if pts is not None and self._pts is not None:
            step = pts - self._pts
            if 0 < step <= elapsed_s + MOST_AHEAD_S:
                return step
        return round(elapsed_s / TICK) * TICK
