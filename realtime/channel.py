"""A bounded channel between two threads that knows what to do when it is full."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum, StrEnum
from threading import Condition
from typing import Generic, NamedTuple, TypeVar

from srfer.errors import ConfigError

from .hearing import HEARS_S

T = TypeVar("T")


class WhenFull(StrEnum):
    """What `Channel.put` does when there is no room."""

    WAIT = "wait"
    """Wait until there is: nothing is ever lost."""

    NEWEST = "newest"
    """Drop the oldest item: the producer never waits, the consumer never gets stale items."""


class ChannelClosed(Exception):  # noqa: N818 - the ordinary end, as StopIteration is
    """Nothing more goes into, or comes out of, a channel."""


class Delivery(NamedTuple, Generic[T]):
    """What comes out of a channel: an item, and how many were dropped just before it."""

    item: T
    dropped_before: int


class _State(Enum):
    OPEN = "open"
    CLOSED = "closed"
    ABORTED = "aborted"


class Channel(Generic[T]):
    """Carries items in order from the threads that put to the threads that get.

    There are two ways to end it. `close()` says that no more items come: getters receive what is
    left, then the end. `abort()` says that nobody wants the items any more: they are discarded and
    everybody sees the end at once. Both wake everyone who waits, so no wait outlives its channel.

    One lock guards all state and every change of it notifies all waiters, who check again for
    themselves; so there is no wake-up to lose.

    Args:
        capacity: most items held at a time, 1 or more.
        when_full: what to do with an item that finds no room.

    Raises:
        ConfigError: if the capacity is not positive.
    """

    def __init__(self, capacity: int, when_full: WhenFull = WhenFull.WAIT) -> None:
        if capacity < 1:
            raise ConfigError(f"a channel needs a capacity of 1 or more, not {capacity}")
        self._capacity = capacity
        self._when_full = when_full
        self._items: deque[T] = deque()
        # Only the oldest item is ever dropped, so all drops lie just before the present oldest.
        self._dropped_before_oldest = 0
        self._state = _State.OPEN
        self._changed = Condition()

    def put(self, item: T) -> int:
        """Add an item, waiting for room or making it, as the channel's policy says.

        Returns:
            Number of items that were dropped to make room: 0 or 1, and always 0 with `WAIT`.

        Raises:
            ChannelClosed: if the channel has ended, or ends during the wait; `item` is not in it.
        """
        with self._changed:
            if self._when_full is WhenFull.WAIT:
                self._changed.wait_for(self._can_put)
            if self._state is not _State.OPEN:
                raise ChannelClosed
            self._items.append(item)
            dropped = len(self._items) - self._capacity
            if dropped > 0:
                self._items.popleft()
                self._dropped_before_oldest += 1
            self._changed.notify_all()
            return max(dropped, 0)

    def get(self, timeout_s: float | None = None) -> Delivery[T]:
        """Take the oldest item, waiting until there is one.

        Args:
            timeout_s: longest wait in seconds; 0 does not wait, None waits for ever.

        Raises:
            ChannelClosed: if the channel has ended and nothing is left in it.
            TimeoutError: if nothing came in time.
        """
        with self._changed:
            if not self._changed.wait_for(self._can_get, timeout_s):
                raise TimeoutError(f"nothing came through the channel within {timeout_s} s")
            if not self._items:
                raise ChannelClosed
            delivery = Delivery(self._items.popleft(), self._dropped_before_oldest)
            self._dropped_before_oldest = 0
            self._changed.notify_all()
            return delivery

    def get_some(self, most: int, within_s: float) -> list[Delivery[T]]:
        """Take the oldest items: waits for the first, and then for more.

        Args:
            most: so many are taken at most, and are worth waiting for; 1 or more.
            within_s: longest wait for more than one, in seconds.

        Raises:
            ChannelClosed: if the channel has ended and nothing is left in it.
        """
        with self._changed:
            self._changed.wait_for(self._can_get)
            self._changed.wait_for(lambda: len(self._items) >= most or self._is_over, within_s)
            return [self.get() for _ in range(min(most, max(1, len(self._items))))]

    def has_next(self) -> bool:
        """Wait for an item without taking it; False if the channel ends with nothing left."""
        with self._changed:
            self._changed.wait_for(self._can_get)
            return bool(self._items)

    def close(self) -> None:
        """Let getters have what is left, then end. Closing an ended channel changes nothing."""
        with self._changed:
            if self._state is _State.OPEN:
                self._state = _State.CLOSED
            self._changed.notify_all()

    def abort(self) -> int:
        """End now, also after `close()`.

        Returns:
            Number of items that were in the channel and are discarded.
        """
        with self._changed:
            discarded = len(self._items)
            self._items.clear()
            self._state = _State.ABORTED
            self._changed.notify_all()
            return discarded

    def __iter__(self) -> Iterator[Delivery[T]]:
        """Yield deliveries until the channel ends; every thread may iterate for itself.

        Also the main thread, which hears signals meanwhile: see `HEARS_S`.
        """
        while True:
            try:
                delivery = self.get(HEARS_S)
            except TimeoutError:
                continue
            except ChannelClosed:
                return
            yield delivery

    @property
    def depth(self) -> int:
        """Number of items in the channel now."""
        with self._changed:
            return len(self._items)

    def _can_put(self) -> bool:
        return len(self._items) < self._capacity or self._is_over

    def _can_get(self) -> bool:
        return bool(self._items) or self._is_over

    @property
    def _is_over(self) -> bool:
        return self._state is not _State.OPEN
