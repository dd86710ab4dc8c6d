"""One connection of a live source, read in a thread of its own.

No library promises that a call to it comes back: name servers do not answer, and no thread can be
ended from outside. So whoever waits for a picture waits here, with a time limit, and can leave; the
thread closes what it has opened whenever its call does come back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from fractions import Fraction
from typing import NamedTuple

from srfer.errors import SourceError
from srfer.leaving import LibraryThread

from ..channel import Channel, ChannelClosed
from ..picture import Picture
from ..types import RgbImage


class Arrival(NamedTuple):
    """What has come over a connection.

    Attributes:
        arrived_s: monotonic seconds when it came.
        picture: upright, as an array (H, W, 3) uint8 RGB or as it was decoded; None for a sign of
            life: the connection was opened, or data came that give no picture yet.
        pts: timestamp in the source in seconds, or None if it has none.
        rate: frames a second that the source says it has, or None.
        bad_packets: packets of this connection that came damaged or could not be decoded so far.
    """

    arrived_s: float
    picture: Picture | RgbImage | None = None
    pts: Fraction | None = None
    rate: Fraction | None = None
    bad_packets: int = 0


Opener = Callable[[], AbstractContextManager[Iterator[Arrival]]]
"""Opens a source. The first arrival is the sign that it is open. Both opening and iterating may
block, within limits of their own; where the source breaks off or ends, they raise `SourceError`
with no other exception attached."""


class Reader:
    """Opens a source and reads it until it breaks off or is left.

    Args:
        opener: opens it.
        name: of the thread.
        on_end: called in the thread when everything is closed.

    Attributes:
        is_open: True once something has arrived.
        is_left: True after `leave`.
        has_ended: True when everything is closed.
    """

    def __init__(self, opener: Opener, name: str, on_end: Callable[[], None]) -> None:
        self.has_ended = False
        self.is_open = False
        self.is_left = False
        self._opener = opener
        self._on_end = on_end
        self._channel = Channel[Arrival | Exception](1)
        self._thread = LibraryThread(self._run, name)
        self._thread.start()

    def next(self, timeout_s: float) -> Arrival | None:
        """Wait for the next arrival; None once the reader was left.

        Raises:
            TimeoutError: if nothing came in time.
            SourceError: where the source broke off.
        """
        try:
            arrival = self._channel.get(timeout_s).item
        except ChannelClosed:
            return None
        if isinstance(arrival, Exception):
            raise arrival
        self.is_open = True
        return arrival

    def leave(self) -> None:
        """Take nothing more: the thread ends when it notices."""
        self.is_left = True
        self._channel.abort()

    def _run(self) -> None:
        try:
            with suppress(ChannelClosed):
                self._read()
        finally:
            self.has_ended = True
            self._on_end()

    def _read(self) -> None:
        try:
            with self._opener() as arrivals:
                for arrival in arrivals:
                    self._channel.put(arrival)
        except ChannelClosed:
            return
        except SourceError as error:
            ending: Exception = SourceError(str(error), error.fault)  # without its traceback
        except Exception as error:
            ending = error
        else:
            ending = RuntimeError("the arrivals of a live source ended without an error")
        self._channel.put(ending)
