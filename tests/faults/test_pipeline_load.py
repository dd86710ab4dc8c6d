"""Parts of a pipeline that hang or are too slow, callers in a hurry, and odd pictures."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import textwrap
import threading
from typing import Any

import numpy as np
import pytest

from srfer.realtime.pipeline import Pipeline, PipelineStopped
from srfer.realtime.route import LIMITS, Policy
from srfer.realtime.stats import DropCause, PipelineState
from srfer.realtime.types import FrameResult
from srfer.realtime.watchdog import Stall
from tests.faults.bench import (
    END_S,
    NAMED,
    PARTS,
    Bench,
    Broken,
    assert_set,
)
from tests.synthetic import (
    HANG_S,
    Find,
    Keep,
    Read,
    Smooth,
    SyntheticSource,
    fingerprint,
    offline,
    three_stages,
)

pytestmark = pytest.mark.usefixtures("threads_are_checked")


# A part hangs


@pytest.mark.parametrize("part", PARTS)
def test_the_watchdog_names_a_part_that_hangs_and_stop_does_too(part: str) -> None:
    hang, named, stalls = threading.Event(), threading.Event(), []

    def on_stall(stall: Stall) -> None:
        stalls.append(stall)
        named.set()

    bench = Bench(Policy.LOSSLESS, watchdog_s=0.02, on_stall=on_stall)
    bench.at(part, lambda index: None if index != 4 else assert_set(hang))
    bench.pipeline.start()
    try:
        assert named.wait(HANG_S)
        assert (stalls[0].part, stalls[0].frame) == (NAMED[part], 4)
        assert stalls[0].working_s > 0.02
        assert bench.pipeline.stats().stalled == (part,)
        with pytest.raises(TimeoutError, match=rf"{NAMED[part]} has been working on frame 4"):
            bench.pipeline.stop(timeout_s=0.05)
        assert bench.pipeline.stats().state is PipelineState.ENDING
        assert len(stalls) == 1  # once for each message
    finally:
        hang.set()
    bench.pipeline.stop(HANG_S)
    bench.pipeline.join(HANG_S)
    bench.check_end(None)
    if part in PARTS[:4]:  # a hanging stage does not keep the sinks from finishing their files
        assert all(isinstance(error, PipelineStopped) for s in bench.sinks for _, error in s.exits)


def test_the_watchdog_follows_the_clock_it_is_given() -> None:
    now, working, go, is_read = [0.0], threading.Event(), threading.Event(), threading.Event()

    def work(_: int) -> None:
        working.set()
        assert_set(go)

    bench = Bench(Policy.LOSSLESS, count=1, watchdog_s=60.0, clock=lambda: now[0])
    bench.at("read", work)
    bench.source.on_exit = is_read.set
    with bench.pipeline:
        assert_set(working)
        assert_set(is_read)
        now[0] = 59.0
        early = bench.pipeline.stats()
        now[0] = 61.0
        late = bench.pipeline.stats()
        go.set()
    assert early.stalled == ()
    assert late.stalled == ("read",)
    assert [part.activity_s for part in late.parts if part.name == "read"] == [61.0]


def test_stalls_are_logged_by_default(caplog: pytest.LogCaptureFixture) -> None:
    logged, go = threading.Event(), threading.Event()

    def notice(record: logging.LogRecord) -> bool:
        logged.set()
        return True

    bench = Bench(Policy.LOSSLESS, watchdog_s=0.01, name="door camera")
    caplog.handler.addFilter(notice)
    bench.at("smooth", lambda index: assert_set(go) if index == 1 else None)
    bench.pipeline.start()
    assert_set(logged)
    go.set()
    bench.pipeline.join(HANG_S)
    assert "door camera: stage 'smooth' has worked on frame 1" in caplog.text


def test_a_callback_that_fails_ends_the_run() -> None:
    error, go = Broken("in the callback"), threading.Event()

    def on_stall(stall: Stall) -> None:
        go.set()
        raise error

    bench = Bench(Policy.LOSSLESS, watchdog_s=0.01, on_stall=on_stall)
    bench.at("read", lambda index: assert_set(go))
    bench.pipeline.start()
    with pytest.raises(Broken) as caught:
        bench.pipeline.join(END_S)
    assert caught.value is error
    assert any("on_stall" in note for note in error.__notes__)
    bench.check_end(error)


def test_the_process_can_exit_while_a_stage_hangs() -> None:
    script = textwrap.dedent(
        """
        import threading
        from srfer.realtime.pipeline import Pipeline
        from tests.synthetic import Find, Read, SyntheticSource

        inside = threading.Event()
        def hang(index):
            inside.set()
            threading.Event().wait()

        pipeline = Pipeline(SyntheticSource(), [Find(before=hang), Read()], name="door")
        pipeline.start()
        inside.wait()
        try:
            pipeline.stop(timeout_s=0.1)
        except TimeoutError as error:
            print(error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "stage 'find' has been working on frame 0" in done.stdout


# A part is far too slow


class Heavy(Read):
    """Reads faces five times more slowly than frames come, with real work."""

    def __call__(self, tracked: Any, /) -> FrameResult:
        np.sort(np.random.default_rng(tracked.frame.index).random(150_000))
        return super().__call__(tracked)


@pytest.mark.parametrize("policy", list(Policy))
def test_overload_is_bounded_and_accounted_for(policy: Policy) -> None:
    count = 4000 if policy is Policy.LIVE else 120
    source = SyntheticSource(count, width=160, height=120, is_live=policy is Policy.LIVE)
    pipeline = Pipeline(source, [Find(), Heavy(), Smooth()], policy=policy)
    pipeline.run()
    stats = pipeline.stats()
    assert stats.captured == count
    assert stats.captured == stats.processed + stats.dropped[DropCause.OVERLOAD]
    door, in_flight = LIMITS[policy]
    assert source.most_alive <= door + in_flight + 2  # and one being read, one the latest result
    if policy is Policy.LOSSLESS:
        assert stats.processed == count
    else:
        assert stats.dropped[DropCause.OVERLOAD] > 0


# Callers in a hurry


@pytest.mark.parametrize("seed", range(4))
def test_stop_pause_resume_and_a_new_source_at_any_moment(seed: int) -> None:
    moments = random.Random(seed)
    for _ in range(50):
        policy = moments.choice(list(Policy))
        bench = Bench(policy, count=moments.choice([0, 1, 5, 40, 100_000]))
        bench.pipeline.start()
        for _ in range(moments.randrange(4)):
            moments.choice([bench.pipeline.pause, bench.pipeline.resume, bench.pipeline.stats])()
            if moments.random() < 0.5 and bench.source.info.is_live:
                bench.source.asked.wait_for(1)
        if moments.random() < 0.3:
            bench.pipeline.resume()
            bench.source.asked.wait_for(1)
        others = [threading.Thread(target=bench.pipeline.stop) for _ in range(moments.randrange(3))]
        for other in others:
            other.start()
        bench.pipeline.stop()
        for other in others:
            other.join(HANG_S)
        bench.pipeline.join(END_S)
        bench.check_end(None)
        assert bench.pipeline.stats().state in (PipelineState.STOPPED, PipelineState.FINISHED)


# Odd pictures


@pytest.mark.parametrize("faces", [0, 1, 64])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 16), (853, 479), (3840, 2160)])
def test_frames_of_any_size_with_any_number_of_faces(width: int, height: int, faces: int) -> None:
    stages = three_stages(faces)
    truth = offline(SyntheticSource(3, width=width, height=height), stages)
    sink = Keep()
    source = SyntheticSource(3, width=width, height=height)
    Pipeline(source, three_stages(faces), [sink]).run()
    assert [*map(fingerprint, sink.results)] == [*map(fingerprint, truth)]
    assert [len(result.faces) for result in sink.results] == [faces] * 3
