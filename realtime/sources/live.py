"""A source that has frames when it has them, and comes back when it was lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from types import TracebackType
from typing import Self

from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.secrets import redacted_logger

from ..types import Frame, SourceInfo
from .health import SourceHealth
from .reader import Arrival, Opener, Reader
from .reconnect import Reconnect, ReconnectPolicy
from .timeline import TICK, Timeline

logger = redacted_logger(__name__)

FIRST_PICTURE_S = 30.0
"""How long data may come without a picture, in seconds: cameras send key frames seldom."""

GRACE_S = 0.3
"""Added to time-outs, in seconds, so that the opener can say what it waited for."""

CLOSE_S = 0.25
"""How long leaving waits for the connection to be closed, in seconds. A blocked one follows later:
its thread closes it after its own time-out at the latest."""

LOG_EVERY_S = 20.0
"""Shortest time between two faults of a source that are logged, in seconds."""


class Transport(StrEnum):
    """How video over RTSP travels."""

    TCP = "tcp"
    """In the connection itself: nothing is lost."""

    UDP = "udp"
    """Beside it: late packets are lost instead of delaying all that follow."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How a live source is opened and kept.

    Attributes:
        open_timeout_s: longest wait for an answer, in seconds.
        read_timeout_s: longest wait for data after that, in seconds.
        max_retries: new tries in a row before it is given up; None goes on for ever, 0 gives up at
            the first fault.
        transport: how video over RTSP travels.
        hardware: decode on the graphics processor where there is one.
    """

    open_timeout_s: float = 5.0
    read_timeout_s: float = 5.0
    max_retries: int | None = None
    transport: Transport = Transport.TCP
    hardware: bool = False

    def __post_init__(self) -> None:
        for name in ("open_timeout_s", "read_timeout_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ConfigError(
                    f"{name} has to be a number of seconds over 0, not {getattr(self, name)}"
                )
        if self.transport not in list(Transport):
            raise ConfigError(f"transport has to be tcp or udp, not {self.transport!r}")
        if self.max_retries is not None and self.max_retries < 0:
            raise ConfigError(f"max_retries has to be 0 or more, not {self.max_retries}")


class LiveSource:
    """Frames of a source that may vanish and come back; it ends only when it is told to.

    Entering does not connect, so a source that is down is there at once, and `health` tells how it
    is doing. The end of the stream is a fault like any other: after each, it is opened again.
    Indices and media times go on over all that; a gap in the times is as long as it was.

    Args:
        source_id: name to show; starts the messages of the opener's errors.
        opener: opens it.
        options: time-outs and retries; the defaults if None.
        policy: waits between tries; the defaults if None.
        first_picture_s: how long data may come without a picture, in seconds.
        clock: monotonic seconds.
        chance: gives the jitter of waits.
    """

    def __init__(
        self,
        source_id: str,
        opener: Opener,
        options: LiveOptions | None = None,
        *,
        policy: ReconnectPolicy | None = None,
        first_picture_s: float = FIRST_PICTURE_S,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self._opener = opener
        self._options = options or LiveOptions()
        self._first_picture_s = first_picture_s
        self._clock = clock
        self._reconnect = Reconnect(
            policy, max_retries=self._options.max_retries, clock=clock, chance=chance
        )
        self._info = SourceInfo(source_id, 0, 0, None, TICK, None, is_live=True)
        self._timeline = Timeline()
        self._index = 0
        self._bad_packets_before = self._bad_packets = 0
        self._waits_since_s = clock()
        self._told_s, self._told_cause = float("-inf"), ""
        self._changed = threading.Condition()  # guards the rest
        self._reader: Reader | None = None
        self._is_interrupted = False

    @property
    def info(self) -> SourceInfo:
        """What is known now: size and rate are those of the newest frame, 0 and None before it."""
        return self._info

    @property
    def health(self) -> SourceHealth:
        """How it is doing now."""
        decode_errors = self._bad_packets_before + self._bad_packets
        return replace(self._reconnect.health, decode_errors=decode_errors)

    def interrupt(self) -> None:
        """End the iteration, now and for good; any thread may call it, and it never waits."""
        with self._changed:
            self._is_interrupted = True
            if self._reader is not None:
                self._reader.leave()
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.interrupt()
        with self._changed:
            self._changed.wait_for(self._is_closed, CLOSE_S)
        self._reconnect.end()

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until `interrupt` is called.

        Raises:
            SourceError: after `max_retries` tries.
        """
        while (arrival := self._next_picture()) is not None:
            yield self._frame(arrival)

    def _next_picture(self) -> Arrival | None:
        """Wait for a picture, over as many connections as it takes; None if interrupted."""
        while not self._is_interrupted:
            try:
                return self._picture()
            except SourceError as error:
                self._lose(error)
        return None

    def _picture(self) -> Arrival | None:
        reader = self._reader if self._is_connected() else self._connect()
        while reader is not None:
            arrival = self._arrival(reader)
            if arrival is None or arrival.picture is not None:
                return arrival
            self._bad_packets = arrival.bad_packets
            if self._clock() - self._waits_since_s > self._first_picture_s:
                trouble = f"data, but no picture within {self._first_picture_s:g} s"
                raise self._error(SourceFault.STALLED, trouble)
        return None

    def _arrival(self, reader: Reader) -> Arrival | None:
        is_open, options = reader.is_open, self._options
        limit_s = options.read_timeout_s if is_open else options.open_timeout_s
        try:
            return reader.next(limit_s + GRACE_S)
        except TimeoutError:
            trouble = "no data for" if is_open else "no answer within"
        raise self._error(SourceFault.STALLED, f"{trouble} {limit_s:g} s")

    def _is_connected(self) -> bool:
        return self._reader is not None and not self._reader.is_left

    def _connect(self) -> Reader | None:
        """Begin a new connection, once the last one is closed; None if interrupted."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_interrupted or self._is_closed())
            if self._is_interrupted:
                return None
            self._reconnect.connect()
            self._timeline.restart()
            self._waits_since_s = self._clock()
            name = f"{self._info.source_id}:read"
            self._reader = Reader(self._opener, name, self._on_closed)
            return self._reader

    def _is_closed(self) -> bool:
        return self._reader is None or self._reader.has_ended

    def _on_closed(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _lose(self, error: SourceError) -> None:
        """Leave the connection, and wait until it is time for the next.

        Raises:
            SourceError: the same error, if there is to be none.
        """
        assert self._reader is not None
        self._reader.leave()
        self._bad_packets_before += self._bad_packets
        self._bad_packets = 0
        cause = str(error).removeprefix(f"{self._info.source_id}: ")
        delay_s = self._reconnect.lose(error.fault, cause)
        if delay_s is None:
            raise error from None
        self._tell_lost(cause, delay_s)
        with self._changed:
            self._changed.wait_for(lambda: self._is_interrupted, delay_s)

    def _frame(self, arrival: Arrival) -> Frame:
        assert arrival.picture is not None
        if self._reconnect.frame():
            self._tell_back()
        self._bad_packets = arrival.bad_packets
        self._waits_since_s = self._clock()
        index, self._index = self._index, self._index + 1
        pts = self._timeline.advance(arrival.pts, arrival.arrived_s)
        frame = Frame(self._info.source_id, index, arrival.arrived_s, pts, arrival.picture)
        size = frame.width, frame.height
        if (*size, arrival.rate) != (self._info.width, self._info.height, self._info.rate):
            self._info = replace(self._info, width=size[0], height=size[1], rate=arrival.rate)
        return frame

    def _tell_lost(self, cause: str, delay_s: float) -> None:
        now_s = self._clock()
        if cause != self._told_cause and now_s - self._told_s >= LOG_EVERY_S:
            self._told_cause, self._told_s = cause, now_s
            logger.warning("%s: %s; next try in %.1f s", self._info.source_id, cause, delay_s)

    def _tell_back(self) -> None:
        if self._told_cause:
            logger.warning("%s: is back", self._info.source_id)
        self._told_cause = ""

    def _error(self, fault: SourceFault, trouble: str) -> SourceError:
        return SourceError(f"{self._info.source_id}: {trouble}", fault)
