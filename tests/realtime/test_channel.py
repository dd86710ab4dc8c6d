"""Channels: order, bounds, drops and endings, alone and between threads."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srfer.errors import ConfigError
from srfer.realtime.channel import Channel, ChannelClosed, Delivery, WhenFull
from tests.synthetic import HANG_S

pytestmark = pytest.mark.usefixtures("threads_are_checked")


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_channel_needs_room(capacity: int) -> None:
    with pytest.raises(ConfigError, match="capacity"):
        Channel[int](capacity)


def test_newest_drops_the_oldest_and_says_so_to_the_next_getter() -> None:
    channel = Channel[int](2, WhenFull.NEWEST)
    assert [channel.put(item) for item in range(5)] == [0, 0, 1, 1, 1]
    assert channel.get() == Delivery(3, dropped_before=3)
    assert channel.put(5) == 0
    assert channel.put(6) == 1
    assert [tuple(channel.get()) for _ in range(2)] == [(5, 1), (6, 0)]


def test_closing_lets_getters_have_the_rest() -> None:
    channel = Channel[int](3)
    for item in range(3):
        channel.put(item)
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.put(3)
    assert channel.has_next()
    assert [item for item, _ in channel] == [0, 1, 2]
    assert not channel.has_next()
    with pytest.raises(ChannelClosed):
        channel.get()


def test_aborting_discards_also_after_closing() -> None:
    channel = Channel[int](3)
    channel.put(0)
    channel.put(1)
    channel.close()
    assert channel.abort() == 2
    assert channel.abort() == 0
    channel.close()
    assert list(channel) == []
    assert channel.depth == 0


def test_get_gives_up_after_its_time() -> None:
    channel = Channel[int](1)
    with pytest.raises(TimeoutError, match=r"0\.01 s"):
        channel.get(timeout_s=0.01)
    channel.put(7)
    assert channel.get(timeout_s=0).item == 7


@pytest.mark.parametrize("end", ["close", "abort"])
@pytest.mark.parametrize("wait", ["put", "get", "has_next"])
def test_every_ending_wakes_every_waiter(end: str, wait: str) -> None:
    channel = Channel[int](1)
    ready = threading.Barrier(4)
    if wait == "put":
        channel.put(0)

    def waiter() -> str:
        ready.wait(HANG_S)
        try:
            if wait == "has_next":
                return "more" if channel.has_next() else "ended"
            if wait == "put":
                channel.put(1)
            else:
                channel.get()
        except ChannelClosed:
            return "ended"
        return "went on"

    with ThreadPoolExecutor(3) as pool:
        waiters = [pool.submit(waiter) for _ in range(3)]
        ready.wait(HANG_S)
        getattr(channel, end)()
        assert [waiter.result(HANG_S) for waiter in waiters] == ["ended"] * 3


@pytest.mark.parametrize("capacity", [1, 2, 7])
def test_waiting_loses_nothing_between_many_threads(capacity: int) -> None:
    channel = Channel[tuple[int, int]](capacity)
    most = 400

    def produce(producer: int) -> None:
        for number in range(most):
            assert channel.put((producer, number)) == 0

    with ThreadPoolExecutor(6) as pool:
        consumers = [pool.submit(lambda: [item for item, _ in channel]) for _ in range(3)]
        producers = [pool.submit(produce, producer) for producer in range(3)]
        for done in producers:
            done.result(HANG_S)
        channel.close()
        taken = [consumer.result(HANG_S) for consumer in consumers]
    assert sorted(item for items in taken for item in items) == [
        (producer, number) for producer in range(3) for number in range(most)
    ]
    for items in taken:  # each consumer sees each producer's items in order
        for producer in range(3):
            mine = [number for who, number in items if who == producer]
            assert mine == sorted(mine)


@pytest.mark.parametrize("capacity", [1, 3])
def test_newest_accounts_for_every_item_between_two_threads(capacity: int) -> None:
    channel = Channel[int](capacity, WhenFull.NEWEST)
    with ThreadPoolExecutor(1) as pool:
        consumer = pool.submit(lambda: list(channel))
        dropped = sum(channel.put(item) for item in range(3000))
        channel.close()
        taken = consumer.result(HANG_S)
    expected = -1
    for item, dropped_before in taken:
        expected += dropped_before + 1
        assert item == expected
    assert expected == 2999  # the newest always arrives
    assert dropped == 3000 - len(taken)


@pytest.mark.parametrize("end", ["full", "close", "abort", "time"])
def test_several_are_waited_for_until_there_are_enough_or_no_more_come(end: str) -> None:
    channel = Channel[int](4)
    taken: list[int] = []

    def take() -> None:
        try:
            within_s = 0.02 if end == "time" else 10.0
            taken.extend(item for item, _ in channel.get_some(3, within_s))
        except ChannelClosed:
            taken.append(-1)

    thread = threading.Thread(target=take)
    thread.start()
    channel.put(0)
    channel.put(1)
    if end == "full":
        channel.put(2)
    elif end != "time":
        getattr(channel, end)()
    thread.join(5)
    assert not thread.is_alive()
    # Whoever waits with a time may be so quick that it takes the first alone.
    assert (
        taken
        in {
            "full": ([0, 1, 2],),
            "close": ([0, 1],),
            "abort": ([-1],),
            "time": ([0, 1], [0]),
        }[end]
    )


class Model:
    """What a channel is, without threads: the meaning that `Channel` has to have."""

    def __init__(self, capacity: int, when_full: WhenFull) -> None:
        self.capacity, self.when_full = capacity, when_full
        self.items: deque[tuple[int, int]] = deque()  # (item, dropped just before it)
        self.is_open = True

    def would_block(self, operation: str) -> bool:
        if not self.is_open:
            return False
        if operation == "put":
            return self.when_full is WhenFull.WAIT and len(self.items) == self.capacity
        return operation in ("get_some", "has_next") and not self.items

    def apply(self, operation: str, item: int) -> object:
        match operation:
            case "put":
                result = self._put(item)
            case "get":
                result = self._get()
            case "get_some":
                result = self._get_some(3)
            case "has_next":
                result = bool(self.items)
            case _:
                self.is_open = False
                result = None if operation == "close" else len(self.items)
        if operation == "abort":
            self.items.clear()
        return result

    def _get(self) -> object:
        if not self.items:
            return TimeoutError if self.is_open else ChannelClosed
        return self.items.popleft()

    def _get_some(self, most: int) -> object:
        taken = [self.items.popleft() for _ in range(min(most, len(self.items)))]
        return taken or ChannelClosed

    def _put(self, item: int) -> object:
        if not self.is_open:
            return ChannelClosed
        self.items.append((item, 0))
        if len(self.items) <= self.capacity:
            return 0
        _, before = self.items.popleft()
        head, also_before = self.items.popleft()
        self.items.appendleft((head, before + also_before + 1))
        return 1


def perform(channel: Channel[int], operation: str, item: int) -> object:
    try:
        if operation == "put":
            return channel.put(item)
        if operation == "get":
            return tuple(channel.get(timeout_s=0))
        if operation == "get_some":
            return [tuple(delivery) for delivery in channel.get_some(3, within_s=0)]
        return getattr(channel, operation)()
    except (ChannelClosed, TimeoutError) as error:
        return type(error)


OPERATIONS = st.lists(
    st.sampled_from(
        ["put", "put", "put", "put", "get", "get", "get_some", "has_next", "close", "abort"]
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=300)
@given(capacity=st.integers(1, 4), when_full=st.sampled_from(WhenFull), operations=OPERATIONS)
def test_a_channel_behaves_as_its_model(
    capacity: int, when_full: WhenFull, operations: list[str]
) -> None:
    channel, model = Channel[int](capacity, when_full), Model(capacity, when_full)
    for number, operation in enumerate(operations):
        if model.would_block(operation):
            continue
        assert perform(channel, operation, number) == model.apply(operation, number)
        assert channel.depth == len(model.items)
