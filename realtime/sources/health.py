"""How a source is doing, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class SourceState(StrEnum):
    """Where a source is in its life."""

    CONNECTING = "connecting"
    """It is being opened, for the first time or again."""

    LIVE = "live"
    """Frames come."""

    STALLED = "stalled"
    """It is open, and for longer than usual no frame has come."""

    LOST = "lost"
    """It is not there; another try follows."""

    ENDED = "ended"
    """No frame comes any more."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A look at a source at one moment.

    Attributes:
        state: where it is in its life.
        since_s: `time.monotonic()` when it came into that state, in seconds.
        cause: why it is not live, in one line without any password; "" while all is well.
        reconnects: how often frames came again after it was lost.
        decode_errors: packets that came damaged or could not be decoded.
    """

    state: SourceState
    since_s: float
    cause: str = ""
    reconnects: int = 0
    decode_errors: int = 0


@runtime_checkable
class Monitored(Protocol):
    """A live source, which says how it is doing; any thread may ask, at any time."""

    @property
    def health(self) -> SourceHealth:
        """How it is doing now."""
        ...
