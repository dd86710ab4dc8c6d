"""A player keeps the file's time, and does what other threads tell it, at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

import srfer
from srfer.errors import ConfigError, SourceError
from srfer.realtime import Frame, Pipeline, Policy, make_stages
from srfer.realtime.sources import VideoFile
from srfer.realtime.sources.health import Monitored, SourceState
from srfer.realtime.sources.player import Player
from srfer.realtime.sources.synthetic import Scene, SyntheticVideo
from tests.clips import Clip, FixedFace, cut, ticks_25
from tests.contract.test_sources import VARIABLE
from tests.realtime.sources.made_up_time import MadeUpTime
from tests.synthetic import HANG_S, Keep, check_books, is_set_in_time, no_threads_left

MS = Fraction(1, 1000)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Fifty frames, two seconds."""
    return Clip(ticks=ticks_25(50), b_frames=2, encoding={"g": "12"}).make(tmp_path / "clip.mp4")


def player(path: Path, made_up: MadeUpTime, **options: object) -> Player:
    return Player(path, clock=made_up.clock, wait=made_up.wait, **options)  # type: ignore[arg-type]


def numbers(frames: list[Frame]) -> list[int]:
    """Which frames of a clip of 25 frames a second these are."""
    assert all(frame.pts is not None for frame in frames)
    return [int(frame.pts * 25) for frame in frames if frame.pts is not None]


@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_frames_come_when_they_are_due(tmp_path: Path, speed: float) -> None:
    clip = Clip(ticks=VARIABLE, time_base=MS)
    path = clip.make(tmp_path / "variable.mkv")
    made_up = MadeUpTime()
    with player(path, made_up, speed=speed) as source:
        assert source.info.is_live
        frames = list(source)
        assert source.health.state is SourceState.ENDED
    with VideoFile(path) as file:
        assert [f.image.tobytes() for f in frames] == [f.image.tobytes() for f in file]
    assert [frame.index for frame in frames] == list(range(len(VARIABLE)))
    assert [frame.pts for frame in frames] == [tick * MS for tick in VARIABLE]
    due = [100 + (tick - VARIABLE[0]) / 1000 / speed for tick in VARIABLE]
    assert [frame.captured_s for frame in frames] == pytest.approx(due)


def test_the_last_frame_stays_as_long_as_the_others(clip: Path) -> None:
    made_up = MadeUpTime()
    with player(clip, made_up) as source:
        assert source.duration_s == 2
        assert len(list(source)) == 50
    assert made_up.now_s == pytest.approx(102)
    assert source.duration_s == 2


def test_a_loop_begins_again_when_the_last_frame_has_been_shown(clip: Path) -> None:
    made_up = MadeUpTime()
    with player(clip, made_up, is_looping=True) as source:
        frames = list(islice(source, 125))
    assert numbers(frames) == [*range(50), *range(50), *range(25)]
    assert [frame.index for frame in frames] == list(range(125))
    assert [frame.captured_s for frame in frames] == pytest.approx(
        [100 + i / 25 for i in range(125)]
    )


def test_a_slow_reader_makes_the_video_late_and_never_fast(clip: Path) -> None:
    made_up = MadeUpTime()
    moments = []
    with player(clip, made_up) as source:
        for frame in source:
            moments.append(made_up.now_s)
            if frame.index == 9:
                made_up.now_s += 10
    steps = [after - before for before, after in pairwise(moments)]
    assert steps[9] == pytest.approx(10)
    assert steps[:9] + steps[10:] == pytest.approx([0.04] * 48)


def test_a_little_lateness_is_made_up_for(clip: Path) -> None:
    made_up = MadeUpTime()
    with player(clip, made_up) as source:
        for frame in source:
            made_up.now_s += 0.03 if frame.index == 9 else 0.001
    assert made_up.now_s == pytest.approx(102)


def test_nothing_comes_in_a_pause_but_the_frame_of_a_seek(clip: Path) -> None:
    made_up = MadeUpTime()
    with player(clip, made_up) as source:
        frames = iter(source)
        next(frames)
        source.pause()
        assert source.is_paused
        for place in (20, 7, 49):
            source.seek(place / 25)
            assert source.position_s == Fraction(place, 25)
            frame = next(frames)
            assert numbers([frame]) == [place]
            assert made_up.waits == []  # it was given at once
        source.seek(5)  # beyond the end
        assert numbers([next(frames)]) == [49]
        source.seek(-5)
        assert numbers([next(frames)]) == [0]
        assert source.position_s == 0
        made_up.now_s += 60
        threading.Timer(0.05, source.resume).start()
        assert numbers([next(frames)]) == [1]
    assert made_up.waits == pytest.approx([0.04])  # the pause is not counted


def test_a_pause_keeps_what_was_left_of_a_wait(clip: Path) -> None:
    made_up = MadeUpTime()
    with player(clip, made_up) as source:
        frames = iter(source)
        next(frames)
        made_up.now_s += 0.03
        source.pause()
        made_up.now_s += 5
        source.resume()
        next(frames)
    assert made_up.waits == pytest.approx([0.01])


def test_a_seek_during_a_wait_is_followed_at_once(clip: Path) -> None:
    made_up = MadeUpTime()
    with player(clip, made_up) as source:
        frames = iter(source)
        next(frames)
        made_up.before_wait = lambda: source.seek(1) if len(made_up.waits) == 1 else None
        assert numbers(list(islice(frames, 3))) == [25, 26, 27]
    assert made_up.now_s == pytest.approx(100 + 3 * 0.04)


def test_seeking_by_float_finds_the_frame_whose_time_it_is(tmp_path: Path) -> None:
    ticks = [3003 * i for i in range(60)]  # 29.97 frames a second
    path = Clip(ticks=ticks, time_base=Fraction(1, 90_000)).make(tmp_path / "ntsc.mp4")
    with VideoFile(path) as file:
        times = [frame.pts for frame in file]
    with player(path, MadeUpTime()) as source:
        source.pause()
        frames = iter(source)
        next(frames)
        for pts in times[1:]:
            assert pts is not None
            source.seek(float(pts))
            assert next(frames).pts == pts


def test_positions_count_from_the_first_frame_of_a_late_file(tmp_path: Path) -> None:
    clip = Clip(ticks=range(2**31, 2**31 + 2400, 40), time_base=MS)
    with player(clip.make(tmp_path / "late.mkv"), MadeUpTime()) as source:
        frames = iter(source)
        assert next(frames).pts == 2**31 * MS
        source.seek(1.0)
        assert next(frames).pts == 2**31 * MS + 1
        assert source.position_s == 1


def test_speed_changes_while_it_plays(clip: Path) -> None:
    made_up = MadeUpTime()
    with player(clip, made_up) as source:
        frames = iter(source)
        list(islice(frames, 26))
        source.speed = 4
        assert source.speed == 4
        list(frames)
    assert made_up.now_s == pytest.approx(100 + 1 + 0.25)
    with pytest.raises(ConfigError, match=r"between 0\.25 and 4, not 5"):
        source.speed = 5
    with pytest.raises(ConfigError, match="speed"):
        Player(clip, speed=0)
    with pytest.raises(ConfigError, match="not nan"):
        source.seek(float("nan"))


def test_a_still_picture_plays_for_a_moment(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "face.png"), np.zeros((8, 8, 3), np.uint8))
    with player(tmp_path / "face.png", MadeUpTime()) as source:
        assert [frame.pts for frame in source] == [None]


def test_damage_is_told_after_the_frames_before_it(tmp_path: Path) -> None:
    clip = Clip(ticks=range(0, 2400, 40), time_base=MS, content="noise", encoding={"g": "12"})
    path = cut(clip.make(tmp_path / "cut.mkv"), 0.6)
    given: list[Frame] = []

    def read(source: Iterator[Frame]) -> None:
        for frame in source:
            given.append(frame)

    with player(path, MadeUpTime()) as source, pytest.raises(SourceError, match="breaks off"):
        read(iter(source))
    assert len(given) > 25


@pytest.mark.parametrize("is_paused", [False, True])
def test_an_interrupt_ends_a_wait_at_once(tmp_path: Path, is_paused: bool) -> None:
    path = Clip(ticks=[0, 600_000], time_base=MS).make(tmp_path / "slow.mkv")
    given: list[Frame] = []
    is_reading = threading.Event()

    def read() -> None:
        for frame in source:
            given.append(frame)
            is_reading.set()

    with Player(path) as source:
        reader = threading.Thread(target=read)
        if is_paused:
            source.pause()
        reader.start()
        is_set_in_time(is_reading)
        started_s = time.monotonic()
        source.interrupt()
        reader.join(HANG_S)
        assert not reader.is_alive()
        assert time.monotonic() - started_s < 1  # the next frame is due in ten minutes
    assert len(given) == 1


def test_it_says_how_it_is_doing(clip: Path) -> None:
    source = Player(clip)
    assert isinstance(source, Monitored)
    assert source.duration_s is None
    states = [source.health.state]
    with source:
        source.pause()
        states.append(source.health.state)
    assert [*states, source.health.state] == [
        SourceState.CONNECTING,
        SourceState.LIVE,
        SourceState.ENDED,
    ]


def test_a_tracker_follows_a_face_through_seeks(tmp_path: Path) -> None:
    """Times that jump, forward and back, break nothing: the face is there again in a few frames."""
    scene = Scene(face_px=60, width=320, height=240, rate=Fraction(10), seconds=Fraction(8))
    path = tmp_path / "face.mp4"
    with SyntheticVideo(scene) as video, av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for frame in video:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="rgb24")))
        output.mux(stream.encode(None))
    track, read = make_stages(srfer.load())
    with player(path, MadeUpTime()) as source, track, read:
        frames = iter(source)
        for place_s in (0, 5, 2, 2, 7):
            source.seek(place_s)
            results = [read(track(frame)) for frame in islice(frames, 8)]
            assert results[0].frame.pts == place_s
            # A lost face may still be remembered where it was before the jump.
            assert sum(face.expression is not None for face in results[-1].faces) == 1


def test_two_hundred_orders_at_random_moments(tmp_path: Path) -> None:
    """Pause, resume, seek, speed and stop in a live pipeline: frames go on, and it always stops."""
    path = Clip(ticks=ticks_25(500), width=32, height=32, encoding={"g": "50"}).make(
        tmp_path / "long.mp4"
    )
    random = np.random.default_rng(5)
    slowest_stop_s = 0.0
    for _ in range(10):
        source, keep = Player(path, speed=4, is_looping=True), Keep()
        with no_threads_left():
            pipeline = Pipeline(source, [FixedFace()], [keep], policy=Policy.LIVE)
            pipeline.start()
            for _ in range(20):
                seen = keep.seen.value
                match random.integers(4):
                    case 0:
                        source.pause()
                        source.seek(random.uniform(0, 20))
                    case 1:
                        source.resume()
                    case 2:
                        source.seek(random.uniform(-1, 21))
                    case 3:
                        source.speed = random.uniform(0.25, 4)
                if random.random() < 0.5:
                    source.seek(random.uniform(0, 20))
                    keep.seen.wait_for(seen + 1)
            started_s = time.monotonic()
            pipeline.stop()
            slowest_stop_s = max(slowest_stop_s, time.monotonic() - started_s)
            pipeline.join()
        check_books(pipeline.stats())
        assert all(a < b for a, b in pairwise(keep.indices))
    assert slowest_stop_s < 2
