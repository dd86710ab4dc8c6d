"""Pausing, stopping, Ctrl-C: the ways in which a caller steers a pipeline."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

from srfer.realtime.pipeline import Pipeline, PipelineStopped
from srfer.realtime.route import Policy
from srfer.realtime.stats import DropCause, PipelineState
from tests.synthetic import (
    HANG_S,
    Keep,
    SyntheticSource,
    check_books,
    is_set_in_time,
    three_stages,
)

pytestmark = pytest.mark.usefixtures("threads_are_checked")


# Pause


def test_a_pause_holds_a_file_and_loses_nothing() -> None:
    source, sink = SyntheticSource(30), Keep()
    pipeline = Pipeline(source, three_stages(), [sink])
    pipeline.pause()
    pipeline.start()
    assert pipeline.stats().state is PipelineState.PAUSED
    with pytest.raises(TimeoutError):
        pipeline.join(timeout_s=0.05)
    assert sink.results == []
    pipeline.resume()
    pipeline.join(HANG_S)
    assert sink.indices == list(range(30))


def test_a_live_source_is_read_on_during_a_pause() -> None:
    over = threading.Event()
    source = SyntheticSource(
        20, is_live=True, before=lambda index: is_set_in_time(over) if index == 19 else None
    )
    sink = Keep()
    pipeline = Pipeline(source, three_stages(), [sink], policy=Policy.LIVE)
    pipeline.pause()
    pipeline.start()
    source.asked.wait_for(20)
    pipeline.resume()
    over.set()
    pipeline.join(HANG_S)
    stats = pipeline.stats()
    check_books(stats)
    assert stats.dropped[DropCause.PAUSED] == 18
    assert sink.indices[-1] == 19
    assert sum(result.dropped_before for result in sink.results) == 20 - len(sink.results)


def test_a_paused_pipeline_can_be_stopped() -> None:
    pipeline = Pipeline(SyntheticSource(), three_stages(), [Keep()])
    pipeline.pause()
    pipeline.start()
    pipeline.stop()
    pipeline.pause()  # too late, changes nothing
    pipeline.join(HANG_S)
    assert pipeline.stats().state is PipelineState.STOPPED


# Stop


def test_stopping_tells_the_sinks_that_their_output_is_incomplete() -> None:
    sink, source = Keep(), SyntheticSource(10_000)
    pipeline = Pipeline(source, three_stages(), [sink])
    pipeline.start()
    sink.seen.wait_for(3)
    pipeline.stop()
    pipeline.stop()
    pipeline.join(HANG_S)
    assert [type(error) for _, error in sink.exits] == [PipelineStopped]
    assert [type(error) for _, error in source.exits] == [PipelineStopped]
    assert sink.indices == list(range(len(sink.results)))
    check_books(pipeline.stats())
    assert pipeline.stats().state is PipelineState.STOPPED


def test_stopping_after_the_end_changes_nothing() -> None:
    sink = Keep()
    pipeline = Pipeline(SyntheticSource(3), three_stages(), [sink])
    pipeline.run()
    pipeline.stop()
    pipeline.join()
    assert pipeline.stats().state is PipelineState.FINISHED
    assert [error for _, error in sink.exits] == [None]


def test_a_stop_while_sinks_finish_comes_too_late() -> None:
    closing, go = threading.Event(), threading.Event()
    sink = Keep()

    def finish() -> None:
        closing.set()
        is_set_in_time(go)

    sink.on_exit = finish
    pipeline = Pipeline(SyntheticSource(3), three_stages(), [sink])
    pipeline.start()
    is_set_in_time(closing)
    with pytest.raises(TimeoutError, match=r"sink 'keep' has been closing for"):
        pipeline.stop(timeout_s=0.02)
    go.set()
    pipeline.join(HANG_S)
    assert [error for _, error in sink.exits] == [None]
    assert pipeline.stats().state is PipelineState.FINISHED


@pytest.mark.parametrize("place", range(4))
def test_a_part_may_stop_its_own_pipeline(place: int) -> None:
    stages, sink = three_stages(), Keep()
    parts = [*stages, sink]
    parts[place].before = lambda index: pipeline.stop() if index == 5 else None
    pipeline = Pipeline(SyntheticSource(1000), stages, [sink])
    pipeline.run()
    assert pipeline.stats().state is PipelineState.STOPPED
    assert len(sink.results) <= 6
    check_books(pipeline.stats())


def test_it_runs_once() -> None:
    pipeline = Pipeline(SyntheticSource(3), three_stages())
    with pytest.raises(RuntimeError, match="not started"):
        pipeline.join()
    pipeline.run()
    with pytest.raises(RuntimeError, match="make a new pipeline"):
        pipeline.start()
    with pytest.raises(RuntimeError, match="make a new pipeline"):
        next(pipeline.results())
    assert pipeline.stats().state is PipelineState.FINISHED


def test_stopped_before_the_start_it_never_starts() -> None:
    source = SyntheticSource(3)
    pipeline = Pipeline(source, three_stages())
    pipeline.stop()
    pipeline.join()
    with pytest.raises(RuntimeError):
        pipeline.start()
    assert source.entered_in is None


@pytest.mark.parametrize("moment", ["starting", "running", "closing"])
def test_ctrl_c_ends_it_and_outputs_are_finished_first(moment: str) -> None:
    main = threading.main_thread().ident
    assert main is not None
    finished = threading.Event()

    def press(index: int) -> None:
        if index == {"starting": 0, "running": 300, "closing": -1}[moment]:
            signal.pthread_kill(main, signal.SIGINT)

    def finish() -> None:
        press(-1)
        np.sort(np.random.default_rng(0).random(4_000_000))  # work for a quarter of a second
        finished.set()

    sink = Keep(before=press)
    sink.on_exit = finish
    count = 300 if moment == "closing" else 1_000_000
    pipeline = Pipeline(SyntheticSource(count), three_stages(), [sink])
    with pytest.raises(KeyboardInterrupt):
        pipeline.run()
    assert finished.is_set()
    check_books(pipeline.stats())
    expected = PipelineState.FINISHED if moment == "closing" else PipelineState.STOPPED
    assert pipeline.stats().state is expected


def test_as_a_context_manager_it_runs_as_long_as_the_block() -> None:
    source, sink = SyntheticSource(1_000_000), Keep()
    with Pipeline(source, three_stages(), [sink]) as pipeline:
        sink.seen.wait_for(5)
    assert pipeline.stats().state is PipelineState.STOPPED
    with (
        pytest.raises(LookupError, match="mine"),
        Pipeline(SyntheticSource(1_000_000), three_stages()),
    ):
        raise LookupError("mine")
