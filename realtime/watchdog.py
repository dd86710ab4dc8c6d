"""Knowing what every part of a pipeline is doing, and for how long it has been doing it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self


class Activity(StrEnum):
    """What a part is doing."""

    WAITING = "waiting"
    OPENING = "opening"
    WORKING = "working"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class PartStats:
    """What one source, stage or sink has done, and is doing now.

    Attributes:
        name: "source", or the name of the stage or sink.
        messages: number of messages it has finished.
        busy_ms: time spent on them, in milliseconds; for a source, the time waited for frames.
        slowest_ms: longest time spent on one of them, in milliseconds.
        activity: what it is doing now.
        activity_s: for how long, in seconds; 0 while waiting.
        frame: index of the frame it is working on, or None.
        queued: messages that wait in front of it; always 0 for a source.
        is_stalled: True while it has worked on one message for longer than the watchdog allows.
    """

    name: str
    messages: int
    busy_ms: float
    slowest_ms: float
    activity: Activity
    activity_s: float
    frame: int | None
    queued: int
    is_stalled: bool


@dataclass(frozen=True, slots=True)
class Stall:
    """A part that has worked on one message for too long.

    Attributes:
        part: kind and name, such as "stage 'restore'".
        frame: index of the frame it works on; for a source, of the frame it waits for.
        working_s: for how long, in seconds.
    """

    part: str
    frame: int
    working_s: float


class Monitor:
    """Times what one part does and puts the part's name on its errors.

        with monitor.working(frame.index):
            message = stage(message)
        timings_ms[monitor.name] = monitor.last_ms

    One thread does the work; any thread may look.

    Args:
        kind: "source", "stage" or "sink".
        name: of the part.
        clock: monotonic seconds.
        limit_s: working on one message for longer than this is a stall.
    """

    def __init__(self, kind: str, name: str, clock: Callable[[], float], limit_s: float) -> None:
        self.name = name
        self.part = kind if kind == name else f"{kind} {name!r}"
        self._clock = clock
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._activity = Activity.WAITING
        self._since_s = 0.0
        self._frame: int | None = None
        self._at_once = 1
        self._messages = 0
        self._busy_ms = 0.0
        self._slowest_ms = 0.0
        self._last_ms = 0.0

    def opening(self) -> Self:
        """Time the `with` block as the part's beginning."""
        return self._doing(Activity.OPENING, None)

    def working(self, frame: int, messages: int = 1) -> Self:
        """Time the `with` block as work on so many messages, from the frame with this index on."""
        return self._doing(Activity.WORKING, frame, messages)

    def closing(self) -> Self:
        """Time the `with` block as the part's end."""
        return self._doing(Activity.CLOSING, None)

    @property
    def last_ms(self) -> float:
        """Milliseconds that the latest finished message took, on average where it was a batch."""
        return self._last_ms

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            activity, frame = self._activity, self._frame
            if error is None and activity is Activity.WORKING:
                busy_ms = (self._clock() - self._since_s) * 1e3
                self._last_ms = busy_ms / self._at_once
                self._messages += self._at_once
                self._busy_ms += busy_ms
                self._slowest_ms = max(self._slowest_ms, self._last_ms)
            self._activity, self._frame = Activity.WAITING, None
        if error is not None:
            doing = str(activity) if frame is None else f"{activity} on frame {frame}"
            error.add_note(f"raised by {self.part} while {doing}")

    def stats(self, queued: int) -> PartStats:
        """What the part has done and is doing."""
        with self._lock:
            idle = self._activity is Activity.WAITING
            activity_s = 0.0 if idle else self._clock() - self._since_s
            return PartStats(
                name=self.name,
                messages=self._messages,
                busy_ms=self._busy_ms,
                slowest_ms=self._slowest_ms,
                activity=self._activity,
                activity_s=activity_s,
                frame=self._frame,
                queued=queued,
                is_stalled=self._activity is Activity.WORKING
                and activity_s > self._limit_s * self._at_once,
            )

    def stall(self) -> Stall | None:
        """The part's stall, or None while all is well."""
        stats = self.stats(queued=0)
        if not stats.is_stalled or stats.frame is None:
            return None
        return Stall(self.part, stats.frame, stats.activity_s)

    @property
    def is_waiting(self) -> bool:
        """True while the part has nothing to do."""
        return self._activity is Activity.WAITING

    def describe(self) -> str:
        """Say what the part is doing, for the message of a time-out."""
        stats = self.stats(queued=0)
        on = "" if stats.frame is None else f" on frame {stats.frame}"
        return f"{self.part} has been {stats.activity}{on} for {stats.activity_s:.1f} s"

    def _doing(self, activity: Activity, frame: int | None, messages: int = 1) -> Self:
        with self._lock:
            self._activity, self._frame, self._at_once = activity, frame, messages
            self._since_s = self._clock()
        return self


class Watchdog:
    """Names each part that stalls, once per message that it stalls on.

    Opening and closing are never stalls: building an engine may take minutes.

    Args:
        monitors: of the parts to watch.
        on_stall: told of every stall.
    """

    def __init__(self, monitors: Sequence[Monitor], on_stall: Callable[[Stall], None]) -> None:
        self._monitors = monitors
        self._on_stall = on_stall
        self._reported: dict[str, int] = {}

    def check(self) -> None:
        """Look at every part once."""
        for monitor in self._monitors:
            stall = monitor.stall()
            if stall is not None and self._reported.get(stall.part) != stall.frame:
                self._reported[stall.part] = stall.frame
                self._on_stall(stall)

    def watch(self, ended: threading.Event, every_s: float) -> None:
        """Look again and again until `ended` is set."""
        while not ended.wait(every_s):
            self.check()
