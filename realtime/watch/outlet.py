"""The ways out for reports, and who hands them round."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from ..load import EffortDial
from ..types import FrameResult
from .reports import Report, effort_record, frame_record

Notify = Callable[[str], None]
"""Is told a line for people; from any thread."""


@dataclass(frozen=True, slots=True)
class OutletStats:
    """What a way out has done.

    Attributes:
        name: "stdout", "mqtt" or "webhook".
        sent: reports that were handed over.
        dropped: reports that were not, and never will be.
        is_connected: True if the last attempt to hand over went well.
    """

    name: str
    sent: int
    dropped: int
    is_connected: bool


class Outlet(Protocol):
    """A way out. Entering it starts it; leaving it flushes it, by the deadline of `hurry`."""

    def __enter__(self) -> Self:
        """Start."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Flush what can be flushed in time, and end."""
        ...

    def send(self, report: Report) -> None:
        """Take a report; from any thread."""
        ...

    def hurry(self, deadline_s: float) -> None:
        """Have done by this monotonic second, also with what is still to come."""
        ...

    def stats(self) -> OutletStats:
        """What it has done so far."""
        ...


class Hub:
    """Hands reports to all ways out.

    Args:
        outlets: the ways out.
        clock: monotonic seconds.
        wall_clock: seconds since 1970; only shown, never counted with.
    """

    def __init__(
        self,
        outlets: Sequence[Outlet],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._outlets = tuple(outlets)
        self._clock = clock
        self._wall_clock = wall_clock

    def now_s(self) -> float:
        """Seconds since 1970."""
        return self._wall_clock()

    def tell_frame(self, stream: str, result: FrameResult) -> None:
        """Report a frame."""
        time_s = self._wall_clock() - (self._clock() - result.frame.captured_s)
        self.tell(frame_record(stream, result, time_s=time_s))

    def tell_effort(self, dial: EffortDial) -> None:
        """Report that a stream's effort has changed."""
        self.tell(effort_record(dial, time_s=self.now_s()))

    def tell(self, record: dict[str, Any]) -> None:
        """Report anything."""
        report = Report(record)
        for outlet in self._outlets:
            outlet.send(report)


class Feed:
    """A sink that reports the results of one stream.

    Args:
        stream: its name.
        hub: where to.
        only_changes: leave out frames in which no face has appeared, left, or got another steady
            label since the one before.
    """

    name = "feed"

    def __init__(self, stream: str, hub: Hub, *, only_changes: bool = False) -> None:
        self._stream = stream
        self._hub = hub
        self._only_changes = only_changes
        self._labels: dict[int, str | None] = {}

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Report one result."""
        labels = {face.track.id: face.steady_label for face in result.faces}
        has_changed, self._labels = labels != self._labels, labels
        if has_changed or not self._only_changes:
            self._hub.tell_frame(self._stream, result)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass
