"""A stage that takes several messages at once: the same results, and nothing kept waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from srfer.realtime import FrameResult, TrackedFrame
from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import BATCH_PIXELS, BATCHES, LIMITS, Policy
from srfer.realtime.stats import PipelineState
from tests.synthetic import (
    HANG_S,
    Find,
    Keep,
    Read,
    Smooth,
    SyntheticSource,
    check_books,
    fingerprint,
    offline,
    three_stages,
)

pytestmark = pytest.mark.usefixtures("threads_are_checked")

AT_ONCE = 5
SMALL = 48, 32
LARGE = 2048, BATCH_PIXELS // 2048 // 2
"""Only two frames of this size are in a batch."""


class ReadTogether(Read):
    """`Read`, several at a time.

    Args:
        fails_at: index of the frame that it cannot read.

    Attributes:
        batches: the indices of each batch that was tried.
    """

    at_once = AT_ONCE

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.batches: list[list[int]] = []
        self._fails_at = fails_at

    def batch(self, messages: Sequence[TrackedFrame], /) -> list[FrameResult]:
        indices = [tracked.frame.index for tracked in messages]
        self.batches.append(indices)
        if self._fails_at in indices:
            raise ValueError(f"cannot read {self._fails_at}")
        return [self(tracked) for tracked in messages]


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, 63])
def test_results_equal_the_plain_loop_bit_for_bit(count: int) -> None:
    read, sink = ReadTogether(), Keep()
    pipeline = Pipeline(SyntheticSource(count), [Find(), read, Smooth()], [sink])
    pipeline.run()
    truth = offline(SyntheticSource(count), three_stages())
    assert [*map(fingerprint, sink.results)] == [*map(fingerprint, truth)]
    assert [i for batch in read.batches for i in batch] == [*range(count)]
    stats = pipeline.stats()
    check_books(stats)
    counted = {part.name: part.messages for part in stats.parts}
    assert counted["read"] == counted["find"] == count


def test_a_full_batch_is_waited_for_and_the_last_one_is_what_is_left() -> None:
    read = ReadTogether()
    Pipeline(SyntheticSource(3 * AT_ONCE + 2), [Find(), read], [Keep()]).run()
    # A machine that is busy with other things may be late for a batch.
    assert [len(batch) for batch in read.batches].count(AT_ONCE) >= 2
    assert max(map(len, read.batches)) == AT_ONCE


@pytest.mark.parametrize(("size", "at_once"), [(SMALL, AT_ONCE), (LARGE, 2)], ids=str)
def test_few_frames_are_held_and_fewer_where_they_are_large(
    size: tuple[int, int], at_once: int
) -> None:
    count, (door, in_flight) = 24, LIMITS[Policy.LOSSLESS]
    in_flight += BATCHES * (at_once - 1)
    source, read = SyntheticSource(count, width=size[0], height=size[1]), ReadTogether()
    shown = []
    for result in Pipeline(source, [Find(), read]).results():
        # Everything before this is as full as it can get; one result is on its way here.
        source.asked.wait_for(min(result.frame.index + in_flight + door, count))
        shown.append(result.frame.index)
    assert shown == [*range(count)]
    assert source.most_alive <= door + in_flight + 3
    assert max(map(len, read.batches)) <= at_once


@pytest.mark.parametrize("fails_at", [0, 7, 22])
def test_frames_before_one_that_fails_are_finished(fails_at: int) -> None:
    read, sink = ReadTogether(fails_at), Keep()
    pipeline = Pipeline(SyntheticSource(23), [Find(), read, Smooth()], [sink])
    with pytest.raises(ValueError, match=f"cannot read {fails_at}") as caught:
        pipeline.run()
    assert sink.indices == [*range(fails_at)]
    assert caught.value.__notes__[0] == f"raised by stage 'read' while working on frame {fails_at}"
    check_books(pipeline.stats())


def test_a_stage_that_forgets_a_message_is_an_error() -> None:
    class Forgetful(ReadTogether):
        def batch(self, messages: Sequence[TrackedFrame], /) -> list[FrameResult]:
            return super().batch(messages)[:-1]

    sink = Keep()
    pipeline = Pipeline(SyntheticSource(9), [Find(), Forgetful()], [sink])
    with pytest.raises(ValueError, match="shorter") as caught:
        pipeline.run()
    assert sink.indices == []
    assert caught.value.__notes__[0] == "raised by stage 'read' while working on frame 0"
    check_books(pipeline.stats())


def test_a_pause_finishes_what_is_inside() -> None:
    """A batch that does not fill up goes on as it is."""
    pipeline: Pipeline
    read, sink = ReadTogether(), Keep()
    find = Find(before=lambda index: pipeline.pause() if index == 7 else None)
    pipeline = Pipeline(SyntheticSource(20), [find, read], [sink])
    pipeline.start()
    sink.seen.wait_for(8)
    pipeline.resume()
    pipeline.join(HANG_S)
    assert sink.indices == [*range(20)]


def test_a_stop_accounts_for_what_was_gathered() -> None:
    has_gathered, go = threading.Event(), threading.Event()

    def wait(index: int) -> None:
        if index == 2:
            has_gathered.set()
            assert go.wait(HANG_S)

    read, sink = ReadTogether(), Keep()
    pipeline = Pipeline(SyntheticSource(20), [Find(before=wait), read], [sink])
    pipeline.start()
    assert has_gathered.wait(HANG_S)
    threading.Timer(0.05, go.set).start()
    pipeline.stop()
    pipeline.join(HANG_S)
    assert pipeline.stats().state is PipelineState.STOPPED
    check_books(pipeline.stats())


def single_file(read: ReadTogether) -> Callable[[int], None]:
    def wait(index: int) -> None:
        read.seen.wait_for(index)

    return wait


def test_a_live_source_waits_for_no_batch() -> None:
    """Each frame is read before the next one comes."""
    read = ReadTogether()
    source = SyntheticSource(12, is_live=True, before=single_file(read))
    Pipeline(source, [Find(), read], [Keep()], policy=Policy.LIVE).run()
    assert read.batches == [[i] for i in range(12)]
