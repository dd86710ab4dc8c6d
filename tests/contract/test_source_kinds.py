"""What every kind of source promises, whatever it reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from srfer.errors import SourceError
from srfer.realtime import Frame, Pipeline, Policy
from srfer.realtime.sources import LiveSource, Monitored, SourceState, VideoFile, policy_for
from srfer.realtime.sources.capture import Device, DeviceOpener
from srfer.realtime.sources.pacing import Paced
from srfer.realtime.sources.pictures import PictureFolder
from srfer.realtime.sources.player import Player
from srfer.realtime.sources.synthetic import Scene, SyntheticVideo
from srfer.realtime.stage import Interruptible, Source
from tests.clips import Clip, FixedFace, picture, ticks_25
from tests.synthetic import HANG_S, Keep, check_books

COUNT = 12
SCENE = Scene(face_px=20, width=160, height=120, seconds=Fraction(COUNT, 25))


def make_clip(folder: Path) -> Path:
    return Clip(ticks=ticks_25(COUNT), encoding={"g": "5"}).make(folder / "clip.mp4")


def make_part(folder: Path) -> Source:
    path = Clip(ticks=ticks_25(COUNT + 9), encoding={"g": "5"}).make(folder / "clip.mp4")
    return VideoFile(path, start_s=Fraction(7, 25), end_s=Fraction(7 + COUNT, 25))


def make_pictures(folder: Path) -> Source:
    for index in range(COUNT):
        cv2.imwrite(str(folder / f"{index}.png"), picture(index, 160, 120)[..., ::-1])
    return PictureFolder(folder)


def make_device(folder: Path) -> Source:
    device = Device("lavfi", "testsrc=size=160x120:rate=25,realtime")
    return LiveSource("device", DeviceOpener("device", lambda: device, {}, time.monotonic))


FINITE: dict[str, Callable[[Path], Source]] = {
    "video": lambda folder: VideoFile(make_clip(folder)),
    "part": make_part,
    "pictures": make_pictures,
    "synthetic": lambda folder: SyntheticVideo(SCENE),
    "player": lambda folder: Player(make_clip(folder), speed=4),
    "paced": lambda folder: Paced(SyntheticVideo(SCENE), 4),
}
LIVE: dict[str, Callable[[Path], Source]] = {
    "player": lambda folder: Player(make_clip(folder), is_looping=True),
    "paced": lambda folder: Paced(
        SyntheticVideo(Scene(rate=Fraction(1, 100), seconds=Fraction(1000)))
    ),
    "device": make_device,
}
ALL = {**FINITE, "device": make_device}


def check_frames(source: Source, frames: list[Frame]) -> None:
    assert [frame.index for frame in frames] == list(range(len(frames)))
    times = [frame.pts for frame in frames]
    assert all(a is not None and b is not None and a < b for a, b in pairwise(times))
    moments = [frame.captured_s for frame in frames]
    assert moments == sorted(moments)
    for frame in frames:
        assert frame.source_id == source.info.source_id
        assert frame.image.dtype == np.uint8
        assert (frame.width, frame.height) == (source.info.width, source.info.height)
        assert not frame.image.flags.writeable


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.usefixtures("threads_are_checked")
def test_frames_come_in_order_and_as_described(tmp_path: Path, kind: str) -> None:
    source = ALL[kind](tmp_path)
    with source:
        frames = list(islice(source, COUNT))
        check_frames(source, frames)
    assert len(frames) == COUNT
    assert (frames[0].width, frames[0].height) == (160, 120)
    assert source.info.rate == 25
    assert source.info.is_live == isinstance(source, Monitored)
    assert len({frame.image.tobytes() for frame in frames}) > 1


@pytest.mark.parametrize("kind", FINITE)
def test_the_end_comes_once_and_the_frames_are_the_same_again(tmp_path: Path, kind: str) -> None:
    runs = []
    for _ in range(2):
        source = FINITE[kind](tmp_path)
        with source:
            frames = iter(source)
            runs.append([(frame.pts, frame.image.tobytes()) for frame in frames])
            assert next(frames, None) is None
            assert source.info.frame_count == COUNT
    assert len(runs[0]) == COUNT
    assert runs[0] == runs[1]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.usefixtures("threads_are_checked")
def test_it_can_be_left_at_any_moment(tmp_path: Path, kind: str) -> None:
    for wanted in (0, 1, 3):
        source = ALL[kind](tmp_path)
        with source:
            assert len(list(islice(source, wanted))) == wanted
    source = ALL[kind](tmp_path)

    def fail() -> None:
        with source:
            next(iter(source))
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()


@pytest.mark.parametrize("kind", FINITE)
def test_a_pipeline_gives_every_frame(tmp_path: Path, kind: str) -> None:
    source, keep = FINITE[kind](tmp_path), Keep()
    pipeline = Pipeline(source, [FixedFace()], [keep], policy=Policy.LOSSLESS)
    pipeline.run()
    check_books(pipeline.stats())
    assert keep.indices == list(range(COUNT))


@pytest.mark.parametrize("kind", LIVE)
@pytest.mark.usefixtures("threads_are_checked")
def test_a_live_source_stops_at_once_and_says_how_it_is(tmp_path: Path, kind: str) -> None:
    source, keep = LIVE[kind](tmp_path), Keep()
    assert isinstance(source, Monitored)
    assert isinstance(source, Interruptible)
    assert policy_for(source) is Policy.LIVE
    states = [source.health.state]
    pipeline = Pipeline(source, [FixedFace()], [keep], policy=policy_for(source))
    pipeline.start()
    keep.seen.wait_for(1)
    states.append(source.health.state)
    started_s = time.monotonic()
    pipeline.stop(HANG_S)
    assert time.monotonic() - started_s < 2
    pipeline.join()
    check_books(pipeline.stats())
    states.append(source.health.state)
    assert states == [SourceState.CONNECTING, SourceState.LIVE, SourceState.ENDED]


@pytest.mark.parametrize("kind", ["video", "player", "pictures"])
def test_what_is_missing_is_an_error_at_the_door(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "none" / "clip.mp4"
    source: Source = {"video": VideoFile, "player": Player, "pictures": PictureFolder}[kind](path)
    with pytest.raises(SourceError, match="no such f"):
        source.__enter__()
