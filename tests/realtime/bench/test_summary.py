"""Figures of runs whose figures are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from srfer.errors import ConfigError
from srfer.realtime.bench import BenchPlan, Percentiles
from srfer.realtime.bench.resources import (
    core_times,
    memory_mib,
    peak_memory_mib,
    process_cpu_s,
    reset_peak_memory,
)
from srfer.realtime.bench.summary import summarise
from tests.realtime.bench.fakes import ABOUT, Script, report_of, run_of


def test_percentiles_are_samples_at_the_nearest_rank() -> None:
    summary = Percentiles.of(np.random.default_rng(0).permutation(np.arange(1.0, 201.0)))
    assert summary == Percentiles(n=200, mean=100.5, p50=100.0, p95=190.0, p99=198.0, max=200.0)
    assert Percentiles.of([7.0]) == Percentiles(1, 7.0, 7.0, 7.0, 7.0, 7.0)
    assert Percentiles.of([]) is None


def test_rates_and_ages_are_those_of_the_window_alone() -> None:
    """In the second before the window, results are older."""
    script = Script(latency_ms=lambda number: 40.0 if number < 10 else 20.0 + number % 10)
    (stream,) = report_of([script]).streams
    assert (stream.fps, stream.wanted_fps) == (10, 10)
    assert stream.faces_per_s == 20
    assert stream.readings_per_s == 10
    assert stream.latency_ms == Percentiles(n=100, mean=24.5, p50=24, p95=29, p99=29, max=29)


def test_books_balance_and_hold_what_was_under_way() -> None:
    """Every fourth frame is dropped; at the window's beginning three frames are under way."""
    script = Script(latency_ms=lambda number: None if number % 4 == 0 else 320.0)
    report = report_of([script, Script()])
    for frames in (report.total.frames, *(stream.frames for stream in report.streams)):
        assert frames.captured == frames.processed + sum(frames.dropped.values())
    first = report.streams[0]
    assert first.frames.captured == 100 + 2  # two of the three frames before it give results
    assert first.frames.dropped["overload"] == 25
    assert first.drop_share == pytest.approx(25 / 102, abs=1e-3)
    assert report.streams[1].drop_share == 0
    assert sum(value or 0 for value in first.seconds.dropped) == 25


def test_counts_that_do_not_agree_are_not_reported() -> None:
    run = run_of([Script()])
    stream = replace(run.streams[0], name="a file", given=run.streams[0].given + 1)
    lying = replace(run, streams=(stream,))
    with pytest.raises(AssertionError, match="a file: "):
        summarise(lying, ABOUT)


def test_work_by_stage_and_what_the_machine_did() -> None:
    report = report_of([Script(), Script()])
    stages = report.total.stages_ms
    assert {name: stage.p95 for name, stage in stages.items()} == {
        "decode": 2.0,
        "track": 5.0,
        "read": 3.0,
    }
    assert stages["read"].n == 200
    assert report.load.process_cores == 0.5
    assert report.load.core_shares == {"0": 0.5, "1": 0.25}
    assert report.load.others_cores == 0.25
    assert report.load.peak_memory_mib == 250
    assert report.notes == (
        "other programs kept 0.2 of 2 cores busy: repeat this on an idle machine",
    )


def test_unpaced_there_are_no_ages() -> None:
    report = report_of([Script()], is_paced=False)
    assert report.streams[0].latency_ms is None
    assert report.streams[0].wanted_fps is None
    assert report.total.latency_ms is None
    assert set(report.seconds.latency_p95_ms) == {None}
    assert any("no latency" in note for note in report.notes)


def test_seconds_without_results_have_no_age() -> None:
    script = Script(latency_ms=lambda number: None if 30 <= number < 50 else 20.0)
    seconds = report_of([script]).seconds
    assert seconds.latency_p95_ms[2:4] == (None, None)
    assert seconds.fps[2:4] == (0.0, 0.0)
    assert seconds.drop_share[2:4] == (1.0, 1.0)
    assert seconds.latency_p95_ms[4] == pytest.approx(20.0)


def test_a_stream_that_ended_is_named() -> None:
    run = run_of([Script(), Script()], error="a.mp4: breaks off")
    report = summarise(run, ABOUT)
    assert [stream.error for stream in report.streams] == ["a.mp4: breaks off", ""]
    assert "1 a.mp4 ended: a.mp4: breaks off" in report.notes


def test_figures_that_are_better_than_the_work_was_are_noted() -> None:
    """A quarter of the results came with less effort, and one stream was not decoded in time."""
    run = run_of([Script()])
    (stream,) = run.streams
    effort = np.where(np.arange(len(stream.results["effort"])) % 4 == 0, 2.0, 0.0)
    eased = replace(stream, results={**stream.results, "effort": effort})
    late = (*run.moments[:-1], replace(run.moments[-1], behind_s=(3.0,)))
    report = summarise(replace(run, streams=(eased,), moments=late), ABOUT)
    assert report.streams[0].effort_share == {"full": 0.75, "fewer_readings": 0.25}
    assert any(note.startswith("less than everything was done for 25 %") for note in report.notes)
    assert any(
        note.startswith("not decoded in time") and "1 a.mp4" in note for note in report.notes
    )


def test_notes_that_found_no_room_are_told() -> None:
    run = run_of([Script()])
    report = summarise(replace(run, streams=(replace(run.streams[0], missed=3),)), ABOUT)
    assert any(note.startswith("3 notes found no room") for note in report.notes)


def test_the_record_is_json_and_says_what_it_is() -> None:
    record = json.loads(json.dumps(report_of([Script()]).to_record(), allow_nan=False))
    assert record["format"] == "srfer-bench-1"
    assert set(record) == {
        *("format", "measured", "commit", "machine", "versions", "model", "settings", "notes"),
        *("total", "streams", "load", "seconds"),
    }
    assert set(record["streams"][0]["frames"]["dropped"]) == {
        *("overload", "budget", "paused", "aborted")
    }
    assert set(record["total"]["latency_ms"]) == {"n", "mean", "p50", "p95", "p99", "max"}
    lengths = {len(series) for series in record["seconds"].values() if isinstance(series, list)}
    assert lengths == {10}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": ()},
        {"streams": -1},
        {"streams": 1000},
        {"seconds": 1},
        {"warm_up_s": -1.0},
        {"warm_up_s": float("nan")},
        {"max_fps": 0.0},
    ],
)
def test_impossible_plans_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        BenchPlan(**{"sources": ("a.mp4",), **wrong})  # type: ignore[arg-type]


def test_streams_take_sources_in_turn() -> None:
    assert BenchPlan(("a", "b"), streams=3).source_of == ("a", "b", "a")
    assert BenchPlan(("a", "b")).streams == 2


def test_what_the_system_says_of_this_process() -> None:
    before = process_cpu_s()
    block = np.ones(8_000_000)  # 61 MiB
    peak, now = peak_memory_mib(), memory_mib()
    assert peak is not None
    assert now is not None
    assert peak >= now > 61
    assert block.sum() == 8_000_000
    assert process_cpu_s() > before
    del block
    if reset_peak_memory():
        later = peak_memory_mib()
        assert later is not None
        assert later < peak
    assert all(times.busy_s > 0 for times in core_times().values())
