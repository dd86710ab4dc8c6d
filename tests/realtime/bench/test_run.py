"""Real streams for a few seconds."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import srfer
from srfer.engines import Model
from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.realtime import AnalysisOptions
from srfer.realtime.bench import BenchPlan, BenchReport, make_page, measure
from srfer.realtime.demo.clip import Walk, make_clip
from srfer.realtime.sources import VideoFile
from srfer.realtime.stage import Source
from srfer.realtime.types import Effort, Frame, SourceInfo
from tests.clips import Clip, ticks_25
from tests.synthetic import HANG_S

pytestmark = pytest.mark.usefixtures("threads_are_checked")

CANARY = "hunter2-canary"
QUICK = AnalysisOptions(detect_px=160)


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model."""
    return srfer.load()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames in which a face moves to the right."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    x = np.linspace(200, 300, 20)
    make_clip(path, Walk(np.full(20, 80.0), np.stack([x, np.full(20, 240.0)], axis=1)))
    return path


def check(report: BenchReport) -> None:
    """Books balance, and what is said of seconds agrees with what is said of all."""
    for frames in (report.total.frames, *(stream.frames for stream in report.streams)):
        assert frames.captured == frames.processed + sum(frames.dropped.values())
        assert frames.processed > 0
    fps = [value or 0.0 for value in report.seconds.fps]
    assert np.mean(fps) == pytest.approx(report.total.fps, rel=0.05)
    assert sum(stream.fps for stream in report.streams) == pytest.approx(report.total.fps, rel=0.01)


def test_cameras_are_measured_and_no_password_is_kept(model: Model, clip: Path) -> None:
    """Here the text of each source holds a password."""
    told: list[int] = []

    def make_source(text: str) -> Source:
        assert CANARY in text
        return VideoFile(clip)

    addresses = tuple(f"rtsp://admin:{CANARY}@10.0.0.{n}/live" for n in (1, 2))
    plan = BenchPlan(
        addresses,
        streams=2,
        seconds=3,
        warm_up_s=0.5,
        max_fps=4,
        effort=Effort.FULL,
        analysis=QUICK,
    )
    report = measure(plan, model, make_source=make_source, on_second=told.append)
    check(report)
    assert told == [1, 2, 3]
    first = report.streams[0]
    assert first.wanted_fps == 4
    assert first.frames.dropped["budget"] > first.frames.processed  # 4 of 30 are wanted
    assert first.latency_ms is not None
    assert first.latency_ms.p50 > 0
    assert first.faces_per_s > 0
    assert first.effort_share == {"full": 1.0}
    assert set(report.total.stages_ms) == {"decode", "track", "read"}
    assert report.load.process_cores > 0
    assert report.about.model["sha256"] == model.sha256
    assert report.about.settings["sources"] == ["walk.mp4"]
    assert CANARY not in json.dumps(report.to_record()) + make_page(report)


def test_unpaced_nothing_is_dropped(model: Model, clip: Path) -> None:
    plan = BenchPlan((str(clip),), seconds=2, warm_up_s=0, is_paced=False, analysis=QUICK)
    report = measure(plan, model)
    check(report)
    assert sum(report.total.frames.dropped.values()) == 0
    assert report.total.latency_ms is None


class Opened:
    """A way to open a clip that works until it is told to fail, or so often."""

    def __init__(self, path: Path, openings: float = math.inf) -> None:
        self._path = path
        self.left = openings

    def __call__(self, _text: str) -> Source:
        self.left -= 1
        if self.left < 0:
            raise SourceError(f"{self._path.name}: gone", SourceFault.MISSING)
        return VideoFile(self._path)


def test_a_stream_that_breaks_off_is_reported(model: Model, clip: Path, tmp_path: Path) -> None:
    short = Clip(width=64, height=48, ticks=ticks_25(5)).make(tmp_path / "short.mp4")
    makers = {"a": Opened(clip), "b": Opened(short)}

    def fail(second: int) -> None:
        makers["b"].left = 0

    plan = BenchPlan(("a", "b"), seconds=3, warm_up_s=0, analysis=QUICK)
    report = measure(plan, model, make_source=lambda text: makers[text](text), on_second=fail)
    check(report)
    assert [stream.error for stream in report.streams] == ["", "short.mp4: gone"]
    assert "2 short.mp4 ended: short.mp4: gone" in report.notes


def test_sources_that_cannot_be_measured(model: Model, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="absent"):
        measure(BenchPlan((str(clip), str(tmp_path / "absent.mp4"))), model)
    with pytest.raises(SourceError, match="gone"):
        measure(BenchPlan(("a",), seconds=2), model, make_source=Opened(clip, 1))


class Camera(VideoFile):
    """A clip that says it is live, and then waits for frames that never come."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._is_unwanted = threading.Event()

    @property
    def info(self) -> SourceInfo:
        return replace(super().info, is_live=True)

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        assert self._is_unwanted.wait(HANG_S)

    def interrupt(self) -> None:
        self._is_unwanted.set()


def test_a_live_source_is_neither_hurried_nor_waited_for(model: Model, clip: Path) -> None:
    plan = BenchPlan(("a",), seconds=2, warm_up_s=0, analysis=QUICK)
    report = measure(plan, model, make_source=lambda _: Camera(clip))
    assert report.streams[0].frames.dropped["aborted"] == 0  # it ended by itself
    assert any(note.startswith("live, so ages count from") for note in report.notes)
    with pytest.raises(ConfigError, match="is live"):
        measure(replace(plan, is_paced=False), model, make_source=lambda _: Camera(clip))
