"""A pipeline, and `analyze`, on live sources: how they end, and what may happen on the way."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import pytest

import srfer
from srfer.errors import SourceError, SourceFault
from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import Policy
from srfer.realtime.sources import LiveOptions, Monitored, SourceState, open_source, policy_for
from srfer.realtime.stage import Interruptible
from srfer.realtime.stats import PipelineState
from srfer.realtime.watchdog import Activity
from tests.clips import FixedFace
from tests.faults.servers import Server, eventually, hangs, live, sends, ts
from tests.synthetic import HANG_S, Keep, SyntheticSource, check_books

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_a_pipeline_stops_at_once_though_its_camera_is_silent() -> None:
    now_s = [0.0]
    with Server(hangs()) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", patience_s=60)
        pipeline = Pipeline(source, [FixedFace()], policy=Policy.LIVE, clock=lambda: now_s[0])
        with pipeline:
            eventually(lambda: server.connections == 1)
            assert source.health.state is SourceState.CONNECTING
            now_s[0] += 3600
            waiting = pipeline.stats().parts[0]
            assert (waiting.activity, waiting.activity_s) == (Activity.WORKING, 3600)
            assert not waiting.is_stalled, "a camera that is waited for is not stuck"
            started_s = time.monotonic()
            pipeline.stop()
        assert time.monotonic() - started_s < 4
    assert pipeline.stats().state is PipelineState.STOPPED


def test_a_part_that_fails_ends_the_pipeline_though_the_camera_is_silent(tmp_path: Path) -> None:
    with Server(hangs(ts(tmp_path))) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", patience_s=60)
        pipeline = Pipeline(source, [FixedFace(fails_at=0)])
        pipeline.start()
        with pytest.raises(RuntimeError, match="no frame 0 today"):
            pipeline.join(HANG_S)
    assert source.health.state is SourceState.ENDED


def test_sources_that_need_no_interrupting_are_left_alone() -> None:
    source = SyntheticSource()
    assert not isinstance(source, Interruptible)
    with Pipeline(source, [FixedFace()]) as pipeline:
        pipeline.stop()


def test_a_camera_that_is_down_lets_the_pipeline_run_until_it_is_there(tmp_path: Path) -> None:
    with Server() as server:
        port = server.port
    source, sink = live(f"tcp://127.0.0.1:{port}"), Keep()
    with Pipeline(source, [FixedFace()], [sink], policy=Policy.LIVE) as pipeline:
        eventually(lambda: source.health.state is SourceState.LOST)
        assert pipeline.stats().state is PipelineState.RUNNING
        with Server(sends(ts(tmp_path)), hangs(ts(tmp_path, width=96)), port=port):
            eventually(lambda: source.health.reconnects >= 1)
            eventually(lambda: pipeline.latest() is not None)
            eventually(lambda: source.info.width == 96)
            pipeline.stop()
    check_books(pipeline.stats())
    assert {result.frame.width for result in sink.results} <= {160, 96}


def test_what_runs_how(tmp_path: Path) -> None:
    stream, file = open_source("tcp://127.0.0.1:9"), open_source(str(tmp_path / "clip.mp4"))
    assert isinstance(stream, Monitored)
    assert stream.info.is_live
    assert policy_for(stream) is Policy.LIVE
    assert policy_for(file) is Policy.LOSSLESS


def test_analyze_reads_streams(tmp_path: Path) -> None:
    data = ts(tmp_path, 50)
    with Server(sends(data), hangs(data)) as server:
        url = f"tcp://me:S3cr3t@127.0.0.1:{server.port}/x"
        results = srfer.analyze(url, live=LiveOptions(read_timeout_s=60))
        first = list(islice(results, 3))
        results.close()
        with pytest.raises(SourceError) as caught:
            list(srfer.analyze(f"rtsp://127.0.0.1:{server.port}/x", live=LiveOptions(1, 1, 0)))
    assert caught.value.fault in (SourceFault.CORRUPT, SourceFault.STALLED)
    assert {result.frame.source_id for result in first} == {f"tcp://127.0.0.1:{server.port}/x"}
    assert all(result.frame.pts is not None for result in first)
    indices = [result.frame.index for result in first]
    assert indices == sorted(set(indices))
