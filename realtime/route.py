"""The ways that frames take through a pipeline, and the bounds on how many are on them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from .channel import Channel, ChannelClosed, WhenFull
from .stats import DropCause, Ledger
from .types import FrameResult


class Policy(StrEnum):
    """What a pipeline does with frames that come faster than it can work."""

    LOSSLESS = "lossless"
    """The source waits: every frame gives a result."""

    LIVE = "live"
    """The newest frame wins and older ones are dropped: results are as fresh as can be."""


class Limits(NamedTuple):
    """Most frames held: waiting at the door, and behind it until the sinks have the result."""

    door: int
    in_flight: int


LIMITS = {Policy.LOSSLESS: Limits(door=4, in_flight=8), Policy.LIVE: Limits(door=1, in_flight=2)}
"""Where each stage takes one frame at a time."""
BATCHES = 2
"""Where one takes batches, so many more are in flight: one fills up while one is worked on."""
BATCH_PIXELS = 2**24
"""Frames hold memory: there are eight of 1080p in a batch, or two of 4K."""
GATHER_S = 0.1
"""Longest wait for a batch to be full, in seconds; in a pause nothing comes that would fill it."""


@dataclass(slots=True)
class Parcel:
    """A frame on its way: what the stages have made of it so far.

    It belongs to one thread at a time, so it needs no lock.

    Attributes:
        index: of the frame.
        message: the frame, then what each stage made of it.
        timings_ms: milliseconds that the source and each stage took.
        dropped_before: frames dropped since the frame before it.
    """

    index: int
    message: Any
    timings_ms: dict[str, float]
    dropped_before: int = 0


class Route:
    """The channels of one pipeline: what is where, what may enter, and what became of it.

        source ─► door ─► stage 1 ─► stage 2 ─► ... ─► sinks (─► outlet)
                    ▲                                    │
                    └────────────── tickets ◄────────────┘

    A frame waits at the door until a ticket is free, and keeps the ticket until the sinks have its
    result. There are no more tickets than places in a channel, so nobody inside ever waits to hand
    on: whoever is let in is finished, and the door is the only place where frames wait or drop. A
    stage that takes batches lets frames gather in front of it, for a short time.

    Place 0 is the source, 1 to n are the stages, n + 1 is the sinks.

    Args:
        stages: how many there are.
        policy: what the door does.
        at_once: most messages that a stage behind the first takes at a time.

    Attributes:
        ledger: the count of frames.
        last_place: the sinks' place.
        outlet: where results go after the sinks, or None if nobody reads them.
    """

    def __init__(self, stages: int, policy: Policy, at_once: int = 1) -> None:
        limits = LIMITS[policy]
        if policy is Policy.LIVE:
            at_once = 1  # the newest result is waited for
        in_flight = limits.in_flight + BATCHES * (at_once - 1)
        door_is = WhenFull.NEWEST if policy is Policy.LIVE else WhenFull.WAIT
        self.ledger = Ledger()
        self.last_place = stages + 1
        self.outlet: Channel[FrameResult] | None = None
        # Channel i leads from place i to place i + 1.
        self._door = Channel[Parcel](limits.door, door_is)
        self._channels = [self._door]
        self._channels += [Channel[Parcel](in_flight) for _ in range(stages)]
        self._tickets = Channel[None](in_flight)
        for _ in range(limits.in_flight):
            self._tickets.put(None)
        self._most_at_once, self._at_once = at_once, 1
        self._is_open = threading.Event()
        self._is_open.set()

    def pause(self) -> None:
        """Let no frame in, apart from one that may be passing the door already."""
        self._is_open.clear()

    def resume(self) -> None:
        """Let frames in."""
        self._is_open.set()

    @property
    def is_paused(self) -> bool:
        """True between `pause` and `resume`."""
        return not self._is_open.is_set()

    def wait_while_paused(self) -> None:
        """Return at once, or when the pause is over or the route is aborted."""
        self._is_open.wait()

    def capture(self, parcel: Parcel) -> bool:
        """Count a frame and put it at the door; False if nobody will ever take it."""
        self.ledger.capture()
        try:
            dropped = self._door.put(parcel)
        except ChannelClosed:
            self.ledger.drop(DropCause.ABORTED)
            return False
        if dropped:
            self.ledger.drop(DropCause.PAUSED if self.is_paused else DropCause.OVERLOAD, dropped)
        return True

    def refuse(self) -> None:
        """Count a frame that is beyond the stream's budget."""
        self.ledger.capture()
        self.ledger.drop(DropCause.BUDGET)

    def arrivals(self, place: int) -> Iterator[Parcel]:
        """Yield what comes to a stage or to the sinks until no more can come."""
        try:
            while True:
                if place == 1:
                    self._tickets.get()
                    self.wait_while_paused()
                parcel, dropped = self._channels[place - 1].get()
                if place == 1:
                    parcel.dropped_before = dropped
                yield parcel
        except ChannelClosed:
            return

    def fit(self, pixels: int) -> None:
        """Let in more frames where a stage takes batches, as many as memory allows.

        To be called once, before the first frame comes to the door.

        Args:
            pixels: of a frame.
        """
        self._at_once = max(1, min(self._most_at_once, BATCH_PIXELS // pixels))
        with suppress(ChannelClosed):
            for _ in range(BATCHES * (self._at_once - 1)):
                self._tickets.put(None)

    def batches(self, place: int) -> Iterator[list[Parcel]]:
        """Yield what comes to a stage that takes batches; it is not the first."""
        inbox = self._channels[place - 1]
        try:
            while True:
                arrived = inbox.get_some(self._at_once, GATHER_S)
                yield [parcel for parcel, _ in arrived]
        except ChannelClosed:
            return

    def has_result(self) -> bool:
        """Wait for the first result; False if there will be none."""
        return self._channels[-1].has_next()

    def pass_on(self, place: int, parcel: Parcel) -> bool:
        """Hand a parcel from a stage to whoever is next; False if nobody wants it any more."""
        try:
            self._channels[place].put(parcel)
        except ChannelClosed:
            self.lose()
            return False
        return True

    def finish(self, result: FrameResult) -> bool:
        """Hand on a result that the sinks have taken; False if nobody wants it any more."""
        try:
            if self.outlet is not None:
                self.outlet.put(result)
        except ChannelClosed:
            self.lose()
            return False
        self.ledger.process()
        with suppress(ChannelClosed):  # nothing else enters, but what is inside may be finished
            self._tickets.put(None)
        return True

    def lose(self) -> None:
        """Count a frame that was let in and gives no result."""
        self.ledger.drop(DropCause.ABORTED)

    def close_after(self, place: int) -> None:
        """Nothing more comes from a place; those behind it finish what they have."""
        outbox = self.outlet if place == self.last_place else self._channels[place]
        if outbox is not None:
            outbox.close()

    def abort_before(self, place: int) -> None:
        """Discard what has not reached a place, and let those before it end."""
        if place > 0:  # or what the source brought before it failed could not enter any more
            self._tickets.abort()
        for channel in self._channels[:place]:
            self.ledger.drop(DropCause.ABORTED, channel.abort())
        self._is_open.set()

    def abort(self) -> None:
        """Discard everything and let everybody end."""
        self.abort_before(self.last_place)
        if self.outlet is not None:
            self.outlet.abort()

    def queued(self, place: int) -> int:
        """Parcels that wait in front of a place, 0 for the source."""
        return self._channels[place - 1].depth if place else 0
