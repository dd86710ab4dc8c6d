"""Seeing what changes in streams that run, and saying so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from ..sources.health import SourceHealth, SourceState
from ..streams import OVER, StreamSet, StreamStats
from .outlet import Hub, Notify
from .reports import end_record, source_record

OnFailure = Callable[[Exception], None]
"""Is told of an error that is not raised; from any thread."""

LOOK_EVERY_S = 0.1
"""Time between two looks, in seconds."""
DAMAGE_EVERY_S = 10.0
"""Shortest time between two reports that more of a source came damaged, in seconds."""


def health_of(stats: StreamStats, now_s: float) -> SourceHealth:
    """How a source is doing; one that does not say so is live from its first frame on."""
    if stats.health is not None:
        return stats.health
    if stats.pipeline.state in OVER:
        return SourceHealth(SourceState.ENDED, now_s)
    state = SourceState.LIVE if stats.pipeline.captured else SourceState.CONNECTING
    return SourceHealth(state, now_s)


class _Damage(NamedTuple):
    """Damaged packets of a source that were told of, and when, in monotonic seconds."""

    packets: int
    told_s: float


class Observer:
    """Reports changes of sources' states, and the ends of streams, in a thread of its own.

    Args:
        running: the streams.
        hub: where reports go.
        notify: told of every change.
        on_failure: told what ends a stream, at once.
        on_change: called after each look at which something had changed.
        clock: monotonic seconds.

    Attributes:
        ended: the streams that have ended, each with what ended it or None.
        health: the last known of each source before its end.
    """

    def __init__(
        self,
        running: StreamSet,
        hub: Hub,
        *,
        notify: Notify,
        on_failure: OnFailure,
        on_change: Callable[[Observer], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ended: dict[str, Exception | None] = {}
        self.health: dict[str, SourceHealth] = {}
        self._damage: dict[str, _Damage] = {}
        self._running = running
        self._hub = hub
        self._notify = notify
        self._on_failure = on_failure
        self._on_change = on_change
        self._clock = clock
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watch:observer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the thread, and look once more."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join()
        self.look()

    def look(self) -> bool:
        """Report what has changed since the last look; True if anything has."""
        has_changed = False
        over = self._running.ended()
        for stats in self._running.stats():
            if stats.name in self.ended:
                continue
            before, health = self.health.get(stats.name), health_of(stats, self._clock())
            if health.state is not SourceState.ENDED:  # the stream's end says that
                self.health[stats.name] = health
                if before is None or before.state is not health.state:
                    self._tell_state(stats.name, health)
                    has_changed = True
                elif self._is_damage_news(stats.name, health):
                    self._tell_damage(stats.name, health)
            if stats.name in over:
                self.ended[stats.name] = error = over[stats.name]
                self._tell_end(stats, error)
                has_changed = True
        return has_changed

    def _work(self) -> None:
        while not self._is_over.is_set():
            if self.look():
                self._on_change(self)
            self._is_over.wait(LOOK_EVERY_S)

    def _is_damage_news(self, stream: str, health: SourceHealth) -> bool:
        told = self._damage[stream]
        is_time = self._clock() - told.told_s >= DAMAGE_EVERY_S
        return is_time and health.decode_errors > told.packets

    def _tell_damage(self, stream: str, health: SourceHealth) -> None:
        more = health.decode_errors - self._damage[stream].packets
        self._tell_source(stream, health)
        self._notify(f"{stream}: {more} more packets came damaged")

    def _tell_source(self, stream: str, health: SourceHealth) -> None:
        self._hub.tell(source_record(stream, health, time_s=self._hub.now_s()))
        self._damage[stream] = _Damage(health.decode_errors, self._clock())

    def _tell_state(self, stream: str, health: SourceHealth) -> None:
        self._tell_source(stream, health)
        cause = f": {health.cause}" if health.cause else ""
        again = ", trying again" if health.state is SourceState.LOST else ""
        self._notify(f"{stream}: {health.state}{again}{cause}")

    def _tell_end(self, stats: StreamStats, error: Exception | None) -> None:
        counts = stats.pipeline
        damaged = 0 if stats.health is None else stats.health.decode_errors
        now_s = self._hub.now_s()
        self._hub.tell(end_record(stats.name, error, counts, time_s=now_s, decode_errors=damaged))
        dropped = [f"{number} {cause}" for cause, number in counts.dropped.items() if number]
        lost = f", dropped: {', '.join(dropped)}" if dropped else ""
        self._notify(f"{stats.name}: {counts.state} after {counts.processed} frames{lost}")
        if error is not None:
            self._on_failure(error)
