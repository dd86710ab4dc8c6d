"""Where the frames of a pipeline went."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from .watchdog import PartStats


class DropCause(StrEnum):
    """Why a frame that was captured gave no result."""

    OVERLOAD = "overload"
    """A newer frame came before this one could be let in (live only)."""

    BUDGET = "budget"
    """It came sooner than the stream's frame budget allows."""

    PAUSED = "paused"
    """It came from a live source during a pause."""

    ABORTED = "aborted"
    """It was under way when the pipeline was stopped or a part failed."""


class PipelineState(StrEnum):
    """Where a pipeline is in its life; it goes through it once."""

    NEW = "new"
    RUNNING = "running"
    PAUSED = "paused"
    ENDING = "ending"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PipelineStats:
    """A look at a pipeline at one moment.

    Attributes:
        state: where it is in its life.
        captured: frames read from the source.
        processed: frames whose result every sink has taken.
        dropped: frames that gave no result, by cause; every cause is there.
        parts: the source, the stages and the sinks, in the order in which a frame meets them.
    """

    state: PipelineState
    captured: int
    processed: int
    dropped: Mapping[DropCause, int]
    parts: tuple[PartStats, ...]

    @property
    def in_flight(self) -> int:
        """Frames on their way: captured, and neither processed nor dropped. 0 at the end."""
        return self.captured - self.processed - sum(self.dropped.values())

    @property
    def stalled(self) -> tuple[str, ...]:
        """Names of the parts that are stalled now."""
        return tuple(part.name for part in self.parts if part.is_stalled)


class Ledger:
    """Counts frames: each is captured once, then either processed or dropped once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._captured = 0
        self._processed = 0
        self._dropped = dict.fromkeys(DropCause, 0)

    def capture(self) -> None:
        """Count a frame that was read."""
        with self._lock:
            self._captured += 1

    def process(self) -> None:
        """Count a frame that was finished."""
        with self._lock:
            self._processed += 1

    def drop(self, cause: DropCause, frames: int = 1) -> None:
        """Count frames that were lost."""
        with self._lock:
            self._dropped[cause] += frames

    def stats(self, state: PipelineState, parts: tuple[PartStats, ...]) -> PipelineStats:
        """Put the counts of one moment together with `state` and `parts`."""
        with self._lock:
            return PipelineStats(
                state=state,
                captured=self._captured,
                processed=self._processed,
                dropped=MappingProxyType(dict(self._dropped)),
                parts=parts,
            )
