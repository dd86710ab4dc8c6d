"""Keeping a source's health up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .health import SourceHealth, SourceState


class Vitals:
    """The health of one source: one thread tells, any thread may look.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Replaced as a whole, so that nobody sees a half of it.
        self._health = SourceHealth(SourceState.CONNECTING, clock())

    def become(self, state: SourceState, cause: str = "") -> None:
        """Note that the source is in this state from now on, if it was not already."""
        if (state, cause) != (self._health.state, self._health.cause):
            self._health = SourceHealth(state, self._clock(), cause)

    def health(self, decode_errors: int = 0) -> SourceHealth:
        """The health, with this many packets (or pictures) that could not be decoded."""
        return replace(self._health, decode_errors=decode_errors)
