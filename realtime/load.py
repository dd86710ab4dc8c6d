"""Doing less where a machine cannot keep up, by rule and in the open.

Frames are dropped at the door in any case, so results stay fresh. Before many are, a stream is
given less work a frame: first it is searched for faces less often, then each face is read in every
second frame only, then both less still. Streams of low priority give way first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import NamedTuple, Self

from .types import Effort, FrameResult

logger = logging.getLogger(__name__)

WINDOW_S = 1.0
"""How long a stream is watched before its load is judged, in seconds."""
GAP_S = 3.0
"""A window longer than this holds a pause or a lost camera and says nothing of load."""
DROPPED_FROM = 0.02
"""Share of dropped frames from which a stream is overloaded."""
IDLE_BELOW = 0.5
"""Share of time that the busiest stage works below which there is room for more."""
CALM_S = 5.0
"""There has to be room for so long before a stream is given more work, in seconds."""
MOST_PATIENCE_S = 60.0
"""The same where more work has led back to overload again and again."""


class Saving(NamedTuple):
    """What an effort means.

    Attributes:
        search_factor: so many times as many frames pass between searches.
        read_every: a face is read in every so many frames.
    """

    search_factor: int
    read_every: int


SAVINGS: Mapping[Effort, Saving] = MappingProxyType(
    {
        Effort.FULL: Saving(1, 1),
        Effort.FEWER_SEARCHES: Saving(2, 1),
        Effort.FEWER_READINGS: Saving(2, 2),
        Effort.LEAST: Saving(4, 4),
    }
)


class EffortDial:
    """The effort of one stream: set by `LoadControl`, read by its stages.

    Args:
        stream: its name, for messages.
        priority: higher ones keep their effort longer.
    """

    def __init__(self, stream: str = "", priority: int = 0) -> None:
        self.stream = stream
        self.priority = priority
        self.effort = Effort.FULL

    @property
    def saving(self) -> Saving:
        """What is to be done less often now."""
        return SAVINGS[self.effort]


def describe(dial: EffortDial) -> str:
    """Say in a line what a stream has to do without."""
    search_factor, read_every = dial.saving
    if dial.effort is Effort.FULL:
        return f"{dial.stream}: the machine keeps up again, with full effort"
    what = f"searched for faces {search_factor} times less often"
    if read_every > 1:
        what += f", each face read in every {read_every}. frame"
    return f"{dial.stream}: the machine does not keep up: {what}"


def _log(dial: EffortDial) -> None:
    logger.warning("%s", describe(dial))


@dataclass(slots=True)
class _Window:
    """What one stream did since `began_s`."""

    began_s: float | None = None
    frames: int = 0
    dropped: int = 0
    busiest_ms: float = 0.0

    def add(self, result: FrameResult) -> None:
        if self.began_s is None:
            self.began_s = result.frame.captured_s
            return
        self.frames += 1
        self.dropped += result.dropped_before
        stages = [ms for name, ms in result.timings_ms.items() if name != "source"]
        self.busiest_ms += max(stages, default=0.0)


@dataclass(slots=True)
class _Watched:
    window: _Window = field(default_factory=_Window)
    calm_s: float = 0.0


class LoadControl:
    """Watches the results of streams and turns their dials. It has no clock of its own.

    Args:
        on_change: told of each dial that was turned, in a thread of its stream's pipeline; by
            default it is logged.
    """

    def __init__(self, on_change: Callable[[EffortDial], None] = _log) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._streams: dict[EffortDial, _Watched] = {}
        self._changed_s = -WINDOW_S
        self._raised_s = -MOST_PATIENCE_S
        self._patience_s = CALM_S

    def add(self, dial: EffortDial) -> None:
        """Watch one more stream."""
        with self._lock:
            self._streams[dial] = _Watched()

    def remove(self, dial: EffortDial) -> None:
        """Forget a stream that has ended."""
        with self._lock:
            self._streams.pop(dial, None)

    def observe(self, dial: EffortDial, result: FrameResult) -> None:
        """Take a result of a stream that was added."""
        with self._lock:
            watched = self._streams[dial]
            window, now_s = watched.window, result.frame.captured_s
            window.add(result)
            assert window.began_s is not None
            elapsed_s = now_s - window.began_s
            if elapsed_s < WINDOW_S:
                return
            watched.window = _Window(began_s=now_s)
            if elapsed_s > GAP_S:
                return
            turned = self._judge(dial, watched, window, elapsed_s, now_s)
        if turned is not None:
            self._on_change(turned)

    def _judge(
        self, dial: EffortDial, watched: _Watched, window: _Window, elapsed_s: float, now_s: float
    ) -> EffortDial | None:
        """Turn a dial if that is called for, and give it."""
        captured = window.frames + window.dropped
        is_overloaded = window.dropped > DROPPED_FROM * captured
        busy = window.busiest_ms / window.frames / 1e3 * captured / elapsed_s
        has_room = window.dropped == 0 and busy < IDLE_BELOW
        watched.calm_s = watched.calm_s + elapsed_s if has_room else 0.0
        if now_s - self._changed_s < WINDOW_S:  # let the last change show first
            return None
        if is_overloaded:
            return self._lower(dial, now_s)
        if watched.calm_s >= self._patience_s and dial.effort > Effort.FULL:
            dial.effort = Effort(dial.effort - 1)
            self._changed_s = self._raised_s = now_s
            watched.calm_s = 0.0
            return dial
        return None

    def _lower(self, overloaded: EffortDial, now_s: float) -> EffortDial | None:
        """Take work from the least important stream that has any left to give."""
        candidates = [
            dial
            for dial in self._streams
            if dial.effort < Effort.LEAST and dial.priority <= overloaded.priority
        ]
        if not candidates:
            return None
        chosen = min(candidates, key=lambda dial: (dial.priority, dial.effort))
        chosen.effort = Effort(chosen.effort + 1)
        was_raised_in_vain = now_s - self._raised_s < 2 * CALM_S
        more_s = min(2 * self._patience_s, MOST_PATIENCE_S)
        self._patience_s = more_s if was_raised_in_vain else CALM_S
        self._changed_s = now_s
        return chosen


class LoadWatch:
    """A sink that shows a stream's results to the load control."""

    name = "load"

    def __init__(self, control: LoadControl, dial: EffortDial) -> None:
        self._control = control
        self._dial = dial

    def __enter__(self) -> Self:
        self._control.add(self._dial)
        return self

    def write(self, result: FrameResult, /) -> None:
        """Take one result."""
        self._control.observe(self._dial, result)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._control.remove(self._dial)
