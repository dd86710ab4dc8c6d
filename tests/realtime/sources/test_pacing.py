"""Any finite source can be paced like a camera."""

from __future__ import annotations

import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from srfer.errors import ConfigError
from srfer.realtime import Pipeline, Policy
from srfer.realtime.sources import Monitored, SourceState, VideoFile, policy_for
from srfer.realtime.sources.pacing import Paced
from srfer.realtime.sources.pictures import PictureFolder
from srfer.realtime.sources.synthetic import Scene, SyntheticVideo
from tests.clips import Clip, FixedFace, ticks_25
from tests.realtime.sources.made_up_time import MadeUpTime
from tests.synthetic import HANG_S, Keep, check_books, is_set_in_time

SCENE = Scene(faces=0, width=32, height=16, rate=Fraction(10), seconds=Fraction(2))


@pytest.mark.parametrize("speed", [0.5, 1.0, 4.0])
def test_frames_come_when_they_are_due(speed: float) -> None:
    made_up = MadeUpTime()
    with Paced(SyntheticVideo(SCENE), speed, clock=made_up.clock, wait=made_up.wait) as source:
        assert source.info == replace(SyntheticVideo(SCENE).info, is_live=True)
        frames = list(source)
    with SyntheticVideo(SCENE) as video:
        assert [(f.index, f.pts, f.image.tobytes()) for f in frames] == [
            (f.index, f.pts, f.image.tobytes()) for f in video
        ]
    due = [100 + i / 10 / speed for i in range(20)]
    assert [frame.captured_s for frame in frames] == pytest.approx(due)


def test_a_late_file_and_pictures_can_be_paced(tmp_path: Path) -> None:
    clip = Clip(ticks=range(2**31, 2**31 + 400, 40), time_base=Fraction(1, 1000))
    made_up = MadeUpTime()
    file = VideoFile(clip.make(tmp_path / "late.mkv"))
    with Paced(file, clock=made_up.clock, wait=made_up.wait) as source:
        assert len(list(source)) == 10
    assert made_up.now_s == pytest.approx(100.36)
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
    with Paced(PictureFolder(tmp_path), clock=made_up.clock, wait=made_up.wait) as source:
        assert len(list(source)) == 1
    with Paced(VideoFile(tmp_path / "1.png"), clock=made_up.clock, wait=made_up.wait) as source:
        assert [frame.pts for frame in source] == [None]


def test_speed_has_limits() -> None:
    with pytest.raises(ConfigError, match="speed must lie between"):
        Paced(SyntheticVideo(SCENE), 10)


def test_it_says_how_it_is_doing() -> None:
    source = Paced(SyntheticVideo(SCENE), 4)
    assert isinstance(source, Monitored)
    assert policy_for(source) is Policy.LIVE
    states = [source.health.state]
    with source:
        states.append(source.health.state)
    assert [*states, source.health.state] == [
        SourceState.CONNECTING,
        SourceState.LIVE,
        SourceState.ENDED,
    ]


@pytest.mark.usefixtures("threads_are_checked")
def test_stopping_a_pipeline_ends_a_wait(tmp_path: Path) -> None:
    slow = Scene(faces=0, width=32, height=16, rate=Fraction(1, 600), seconds=Fraction(6000))
    keep = Keep()
    pipeline = Pipeline(
        Paced(SyntheticVideo(slow)), [FixedFace()], [keep], policy=Policy.LIVE, watchdog_s=0.01
    )
    pipeline.start()
    keep.seen.wait_for(1)
    pipeline.stop()  # the next frame is due in ten minutes
    pipeline.join()
    assert keep.indices == [0]
    check_books(pipeline.stats())


def test_an_interrupt_before_the_first_frame_ends_it() -> None:
    source = Paced(SyntheticVideo(SCENE))
    source.interrupt()
    with source:
        assert list(source) == []


def test_a_slow_stage_drops_frames_of_a_paced_file(tmp_path: Path) -> None:
    path = Clip(ticks=ticks_25(50), width=32, height=32).make(tmp_path / "clip.mp4")
    may_go_on = threading.Event()
    keep = Keep(before=lambda index: is_set_in_time(may_go_on))
    pipeline = Pipeline(Paced(VideoFile(path), 4), [FixedFace()], [keep], policy=Policy.LIVE)
    pipeline.start()
    keep.seen.wait_for(1)
    while pipeline.stats().captured < 50:
        threading.Event().wait(0.01)
    may_go_on.set()
    pipeline.join(HANG_S)
    stats = pipeline.stats()
    check_books(stats)
    assert 0 < stats.processed <= 4
