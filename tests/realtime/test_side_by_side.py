"""Several videos at a time give the same as one after the other, and end as cleanly."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import srfer
from srfer.errors import ConfigError
from srfer.realtime.demo.clip import Walk, make_clip
from srfer.realtime.export import ExportOptions, ExportOutcome, ExportProgress, export
from srfer.realtime.formats import Format
from tests.clips import Clip, FixedFace, ticks_25
from tests.moods import Moods, in_turn
from tests.synthetic import HANG_S, no_threads_left

TEXTS = frozenset({Format.JSONL, Format.CSV, Format.SRT, Format.VTT, Format.HTML})


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [
        Clip(ticks=ticks_25(15 + i), width=64, height=48).make(folder / f"{i}.mp4")
        for i in range(5)
    ]


def texts(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): path.read_text()
        for path in out.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def test_several_at_a_time_give_the_same_files(clips: Sequence[Path], tmp_path: Path) -> None:
    told: list[ExportProgress] = []
    ended: list[ExportOutcome] = []
    (tmp_path / "bad.mp4").write_text("no video")
    inputs = [*clips, tmp_path / "bad.mp4"]
    script = in_turn(1, ["fear", "anger"], 4)
    for jobs in (1, 3):
        with no_threads_left():
            summary = export(
                inputs,
                tmp_path / str(jobs),
                lambda: [Moods(script)],
                ExportOptions(formats=TEXTS, jobs=jobs),
                on_progress=told.append if jobs == 3 else None,
                on_outcome=ended.append if jobs == 3 else None,
            )
        assert [outcome.input for outcome in summary.outcomes] == inputs, "in the order asked for"
        assert summary.exit_code == 3
    assert texts(tmp_path / "1") == texts(tmp_path / "3")
    assert [one.frames for one in told] == list(range(1, 86)), "frames of all, counted together"
    assert {one.input for one in ended} == set(inputs)


def test_they_are_really_at_work_at_the_same_time(clips: Sequence[Path], tmp_path: Path) -> None:
    meet = threading.Barrier(3)

    class Meeting(FixedFace):
        def __enter__(self) -> Meeting:
            meet.wait(HANG_S)
            return self

    options = ExportOptions(formats=frozenset({Format.JSONL}), jobs=3)
    summary = export(clips[:3], tmp_path / "out", lambda: [Meeting()], options)
    assert summary.exit_code == 0


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_interrupt_stops_all_of_them(clips: Sequence[Path], tmp_path: Path, jobs: int) -> None:
    def interrupt(outcome: ExportOutcome) -> None:
        raise KeyboardInterrupt

    options = ExportOptions(formats=frozenset({Format.JSONL}), jobs=jobs)
    with no_threads_left(), pytest.raises(KeyboardInterrupt):
        export(clips, tmp_path / "out", lambda: [FixedFace()], options, on_outcome=interrupt)
    for folder in (tmp_path / "out").iterdir():
        is_finished = (folder / "manifest.json").exists()
        assert (folder / "frames.jsonl").exists() or not is_finished


def test_shared_networks_read_the_same_faces(tmp_path: Path) -> None:
    """Batched with other videos' faces, the numbers may differ in the last digit that is kept."""
    for i in range(2):
        sides = np.full(8, 90.0 + 20 * i)
        make_clip(tmp_path / f"{i}.mp4", Walk(sides, np.full((8, 2), [320.0, 240.0])))
    found = []
    for jobs in (1, 2):
        out = tmp_path / f"out{jobs}"
        summary = srfer.export(tmp_path / "?.mp4", out, formats=["jsonl"], jobs=jobs)
        assert summary.exit_code == 0
        found.append(list(srfer.results(out).records()))
    for one, other in zip(*found, strict=True):
        assert len(one["faces"]) == len(other["faces"]) == 1
        for face, same in zip(one["faces"], other["faces"], strict=True):
            assert face["box"] == pytest.approx(same["box"], abs=0.02)
            assert face["label"] == same["label"]
            assert face["confidence"] == pytest.approx(same["confidence"], abs=1e-3)
    manifest = json.loads((tmp_path / "out1/0/manifest.json").read_text())
    assert "jobs" not in manifest["settings"], "it decides nothing about the results"


def test_no_job_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="jobs must be 1 or more, not 0"):
        ExportOptions(jobs=0)
