"""The pipeline when nothing goes wrong: results, order, drops, timings."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

from srfer.errors import ConfigError
from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import LIMITS, Policy
from srfer.realtime.stats import DropCause, PipelineState
from srfer.realtime.watchdog import Activity
from tests.synthetic import (
    Counter,
    Find,
    Keep,
    Read,
    Smooth,
    SyntheticSource,
    check_books,
    fingerprint,
    is_set_in_time,
    offline,
    three_stages,
)

pytestmark = pytest.mark.usefixtures("threads_are_checked")


# Lossless


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_results_equal_the_plain_loop_bit_for_bit(count: int) -> None:
    truth = offline(SyntheticSource(count), three_stages())
    first, second = Keep("first"), Keep("second")
    pipeline = Pipeline(SyntheticSource(count), three_stages(), [first, second])
    pipeline.run()
    for sink in (first, second):
        assert [*map(fingerprint, sink.results)] == [*map(fingerprint, truth)]
        assert [error for _, error in sink.exits] == [None]
    stats = pipeline.stats()
    check_books(stats)
    assert (stats.state, stats.captured, stats.processed) == (PipelineState.FINISHED, count, count)


@pytest.mark.parametrize("slow", range(4))
def test_overload_anywhere_loses_nothing_and_holds_few_frames(slow: int) -> None:
    """Each part in turn works only when everything before it is as full as it can get."""
    count, (door, in_flight) = 40, LIMITS[Policy.LOSSLESS]
    source, stages, sink = SyntheticSource(count), three_stages(), Keep()
    inside = 1 if slow == 0 else in_flight
    parts = [*stages, sink]
    # All that can be in front of the slow part is there, and the source is making one more.
    parts[slow].before = lambda index: source.asked.wait_for(min(index + inside + door + 1, count))
    Pipeline(source, stages, [sink]).run()
    truth = offline(SyntheticSource(count), three_stages())
    assert [*map(fingerprint, sink.results)] == [*map(fingerprint, truth)]


def test_memory_is_bounded_by_the_limits() -> None:
    for policy in Policy:
        source = SyntheticSource(300, width=64, height=64, is_live=True)
        shown = Counter()
        pipeline = Pipeline(source, three_stages(), policy=policy)
        for _ in pipeline.results():
            shown.add()
        door, in_flight = LIMITS[policy]
        # One in the source's hands, one in the reader's, one as the latest result.
        assert source.most_alive <= door + in_flight + 3
        check_books(pipeline.stats())
        assert pipeline.stats().processed == shown.value


# Live


def test_live_lets_two_in_and_then_only_the_newest() -> None:
    go, count = threading.Event(), 12
    source = SyntheticSource(count, is_live=True)
    stages = Find(), Read(before=lambda _: is_set_in_time(go)), Smooth()
    sink = Keep()

    def pace(index: int) -> None:
        if index in (1, 2):  # until two are inside, each frame is taken before the next one comes
            stages[0].seen.wait_for(index)
        if index == 2:
            stages[1].seen.wait_for(1)

    source.before = pace
    source.on_exit = go.set
    pipeline = Pipeline(source, stages, [sink], policy=Policy.LIVE)
    pipeline.run()
    assert sink.indices == [0, 1, count - 1]
    assert [result.dropped_before for result in sink.results] == [0, 0, count - 3]
    stats = pipeline.stats()
    check_books(stats)
    assert stats.dropped == {
        DropCause.OVERLOAD: count - 3,
        DropCause.BUDGET: 0,
        DropCause.PAUSED: 0,
        DropCause.ABORTED: 0,
    }


def test_live_reports_every_drop_once() -> None:
    sink = Keep()
    source = SyntheticSource(500, is_live=True)
    pipeline = Pipeline(source, three_stages(), [sink], policy=Policy.LIVE)
    pipeline.run()
    assert sink.indices == sorted(sink.indices)
    assert sink.indices[-1] == 499
    for before, after in itertools.pairwise([None, *sink.results]):
        assert after is not None
        last = -1 if before is None else before.frame.index
        assert after.dropped_before == after.frame.index - last - 1
    check_books(pipeline.stats())


# Readers


def test_the_generator_yields_all_results_in_order_in_this_thread() -> None:
    truth = offline(SyntheticSource(40), three_stages())
    sink = Keep()
    pipeline = Pipeline(SyntheticSource(40), three_stages(), [sink])
    assert [*map(fingerprint, pipeline.results())] == [*map(fingerprint, truth)]
    assert len(sink.results) == 40
    assert pipeline.stats().state is PipelineState.FINISHED


@pytest.mark.parametrize("taken", [1, 2, 17])
def test_leaving_the_generator_stops_the_pipeline(taken: int) -> None:
    source, sink = SyntheticSource(1_000_000), Keep()
    pipeline = Pipeline(source, three_stages(), [sink])
    results = pipeline.results()
    assert [result.frame.index for result in itertools.islice(results, taken)] == [*range(taken)]
    sink.seen.wait_for(taken + 2)  # one more result than the generator holds: it is waited for
    results.close()
    assert pipeline.stats().state is PipelineState.STOPPED
    assert len(source.exits) == 1
    check_books(pipeline.stats())


def test_a_generator_that_is_never_read_starts_nothing() -> None:
    source = SyntheticSource()
    Pipeline(source, three_stages()).results()
    assert source.entered_in is None


def test_latest_is_the_newest_result() -> None:
    pipeline = Pipeline(SyntheticSource(5), three_stages())
    assert pipeline.latest() is None
    for result in pipeline.results():
        latest = pipeline.latest()
        assert latest is not None
        assert latest.frame.index >= result.frame.index
    latest = pipeline.latest()
    assert latest is not None
    assert latest.frame.index == 4


# Threads, timings and configuration


def test_every_part_is_entered_and_exited_in_the_thread_that_uses_it() -> None:
    used: dict[str, set[threading.Thread]] = {}

    def note(name: str) -> Any:
        return lambda _: used.setdefault(name, set()).add(threading.current_thread())

    source = SyntheticSource(5, before=note("source"))
    stages = Find(before=note("find")), Read(before=note("read")), Smooth(before=note("smooth"))
    sinks = [Keep("a", before=note("a")), Keep("b", before=note("b"))]
    Pipeline(source, stages, sinks, name="camera").run()
    lives = {"source": source, **{part.name: part for part in [*stages, *sinks]}}
    for name, life in lives.items():
        assert used[name] == {life.entered_in} == {thread for thread, _ in life.exits}
        assert len(life.exits) == 1
    threads = {thread.name for threads in used.values() for thread in threads}
    assert threads == {
        "camera:source",
        "camera:find",
        "camera:read",
        "camera:smooth",
        "camera:sinks",
    }
    assert all(thread.daemon for threads in used.values() for thread in threads)


def test_results_and_stats_carry_times_by_part() -> None:
    lock, ticks = threading.Lock(), itertools.count()

    def clock() -> float:  # every look at it takes 2 ms
        with lock:
            return next(ticks) * 2e-3

    sink = Keep()
    pipeline = Pipeline(SyntheticSource(4), three_stages(), [sink], clock=clock)
    pipeline.run()
    for result in sink.results:
        assert list(result.timings_ms) == ["source", "find", "read", "smooth"]
        assert all(time_ms >= 2 - 1e-6 for time_ms in result.timings_ms.values())
    stats = pipeline.stats()
    assert [part.name for part in stats.parts] == ["source", "find", "read", "smooth", "keep"]
    for part, name in zip(stats.parts[1:4], ["find", "read", "smooth"], strict=True):
        times_ms = [result.timings_ms[name] for result in sink.results]
        assert part.messages == 4
        assert part.busy_ms == pytest.approx(sum(times_ms))
        assert part.slowest_ms == max(times_ms)
        assert (part.activity, part.queued, part.frame) == (Activity.WAITING, 0, None)


def test_stats_show_where_frames_queue() -> None:
    count, (door, in_flight) = 40, LIMITS[Policy.LOSSLESS]
    held, go = Counter(), threading.Event()
    source = SyntheticSource(count)
    stages = three_stages()

    def hold(_: int) -> None:
        held.add()
        is_set_in_time(go)

    stages[1].before = hold
    pipeline = Pipeline(source, stages, [Keep()])
    with pipeline:
        held.wait_for(1)
        source.asked.wait_for(in_flight + door + 1)
        stages[0].seen.wait_for(in_flight)
        stats = pipeline.stats()
        go.set()
    assert stats.state is PipelineState.RUNNING
    by_name = {part.name: part for part in stats.parts}
    assert by_name["read"].activity is Activity.WORKING
    assert by_name["read"].frame == 0
    assert by_name["find"].queued == door
    assert by_name["read"].queued in (in_flight - 2, in_flight - 1)
    assert stats.processed == 0


def test_sinks_are_not_opened_before_there_is_a_result() -> None:
    sink = Keep()
    stages = three_stages()
    stages[2].before = lambda index: check_not_entered() if index == 0 else None

    def check_not_entered() -> None:
        assert sink.entered_in is None

    Pipeline(SyntheticSource(3), stages, [sink]).run()
    assert sink.indices == [0, 1, 2]


def test_bad_configuration_is_refused() -> None:
    source = SyntheticSource()
    with pytest.raises(ConfigError, match="at least one stage"):
        Pipeline(source, [])
    with pytest.raises(ConfigError, match="different names"):
        Pipeline(source, [Find(), Find()])
    with pytest.raises(ConfigError, match="watchdog_s"):
        Pipeline(source, [Find()], watchdog_s=0)
