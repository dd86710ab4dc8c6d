"""A part of a video is what a full decode gives in that part, and seeking goes where it should."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.realtime import Frame
from srfer.realtime.sources import VideoFile
from tests.clips import Clip, cut, ticks_25
from tests.contract.test_sources import VARIABLE

MS = Fraction(1, 1000)
GOP = {"g": "12", "sc_threshold": "0"}

CLIPS = {
    "one-key.mp4": Clip(ticks=ticks_25(60)),
    "many-keys.mp4": Clip(ticks=ticks_25(60), encoding=GOP),
    "b-frames.mp4": Clip(ticks=ticks_25(60), b_frames=3, encoding=GOP),
    "b-frames.mkv": Clip(
        ticks=range(0, 2400, 40), time_base=MS, b_frames=3, encoding=GOP, codec="libx264"
    ),
    "open-groups.mp4": Clip(
        ticks=ticks_25(60), b_frames=3, encoding=GOP | {"x264-params": "open-gop=1"}
    ),
    "open-groups.mkv": Clip(
        ticks=range(0, 2400, 40),
        time_base=MS,
        b_frames=3,
        encoding=GOP | {"x264-params": "open-gop=1"},
    ),
    "open-groups.ts": Clip(
        ticks=range(0, 60 * 3600, 3600),
        time_base=Fraction(1, 90_000),
        b_frames=3,
        encoding=GOP | {"x264-params": "open-gop=1"},
    ),
    "refreshed.mp4": Clip(
        ticks=ticks_25(60), width=320, encoding=GOP | {"x264-params": "intra-refresh=1"}
    ),
    "variable.mkv": Clip(ticks=VARIABLE, time_base=MS, encoding={"g": "3"}),
    "late.ts": Clip(
        ticks=range(2**31, 2**31 + 60 * 3600, 3600), time_base=Fraction(1, 90_000), encoding=GOP
    ),
    "late.mkv": Clip(ticks=range(2**31, 2**31 + 2400, 40), time_base=MS, encoding=GOP),
    "turned.mp4": Clip(ticks=ticks_25(30), rotation=90, encoding=GOP),
    "old.avi": Clip(
        codec="mpeg4", time_base=Fraction(1, 25), ticks=range(40), encoding={"g": "10"}
    ),
    "old-b.avi": Clip(
        codec="mpeg4", time_base=Fraction(1, 25), ticks=range(40), encoding={"g": "10", "bf": "2"}
    ),
    "old.mpg": Clip(
        codec="mpeg1video", time_base=Fraction(1, 25), ticks=range(40), encoding={"bf": "2"}
    ),
    "camera.mjpeg": Clip(codec="mjpeg", pix_fmt="yuvj420p"),
    "animation.gif": Clip(
        codec="gif", pix_fmt="rgb8", ticks=range(0, 80, 4), time_base=Fraction(1, 100)
    ),
    "web.webm": Clip(codec="libvpx", time_base=MS, ticks=range(0, 1000, 40), encoding={"g": "8"}),
    "flash.flv": Clip(time_base=MS, ticks=range(0, 1000, 40), encoding={"g": "8"}),
    "fragments.mov": Clip(encoding={"g": "8"}, container={"movflags": "frag_keyframe+empty_moov"}),
    "with-sound.mp4": Clip(ticks=ticks_25(60), encoding=GOP, sound="aac", seconds_of_sound=2.4),
}


def content(frame: Frame) -> tuple[Fraction | None, bytes]:
    return frame.pts, frame.image.tobytes()


def full_decode(path: Path) -> list[Frame]:
    with VideoFile(path) as source:
        return list(source)


def times_of(frames: Iterable[Frame]) -> Iterator[Fraction]:
    for frame in frames:
        assert frame.pts is not None
        yield frame.pts


def times_until_it_breaks(source: VideoFile) -> list[Fraction]:
    times = []

    def read() -> None:
        for time in times_of(source):
            times.append(time)

    with pytest.raises(SourceError, match="breaks off"):
        read()
    return times


def positions(frames: list[Frame]) -> list[Fraction]:
    times = list(times_of(frames))
    return [time - times[0] for time in times]


@pytest.mark.parametrize("name", CLIPS)
def test_a_part_is_cut_from_the_full_decode(tmp_path: Path, name: str) -> None:
    path = CLIPS[name].make(tmp_path / name)
    frames = full_decode(path)
    times = positions(frames)
    random = np.random.default_rng(len(name))
    for first in [0, 1, len(frames) - 1, *random.integers(2, len(frames) - 1, 4)]:
        last = int(random.integers(first, len(frames)))
        start_s = times[first] - Fraction(int(first > 0), 10**6)  # a moment before the frame
        with VideoFile(path, start_s=start_s, end_s=times[last] + MS / 10) as source:
            part = list(source)
        assert [frame.index for frame in part] == list(range(len(part)))
        assert [content(f) for f in part] == [content(f) for f in frames[first : last + 1]]


@pytest.mark.parametrize("name", CLIPS)
def test_seeking_shows_what_is_on_show_there(tmp_path: Path, name: str) -> None:
    path = CLIPS[name].make(tmp_path / name)
    frames = full_decode(path)
    times = positions(frames)
    random = np.random.default_rng(len(name))
    indices = [-1]
    with VideoFile(path) as source:
        for place in [0, len(frames) - 1, *random.integers(0, len(frames), 6), 0]:
            source.seek(times[place] + Fraction(int(place > 0), 10**6))
            for frame, expected in zip(source, frames[place : place + 3], strict=False):
                assert content(frame) == content(expected)
                assert frame.index > indices[-1]
                indices.append(frame.index)
        source.seek(times[-1] + 100)
        assert [frame.pts for frame in source] == [frames[-1].pts]
        source.seek(Fraction(0))
        assert [content(frame) for frame in source] == [content(frame) for frame in frames]


def test_the_end_is_not_in_the_part(tmp_path: Path) -> None:
    path = Clip(ticks=ticks_25(25)).make(tmp_path / "clip.mp4")
    with VideoFile(path, start_s=Fraction(1, 5), end_s=Fraction(2, 5)) as source:
        assert source.info.frame_count == 5
        assert [frame.pts for frame in source] == [Fraction(i, 25) for i in range(5, 10)]


def test_what_follows_the_part_may_be_damaged(tmp_path: Path) -> None:
    clip = Clip(ticks=range(0, 2400, 40), time_base=MS, content="noise", encoding=GOP)
    path = cut(clip.make(tmp_path / "cut.mkv"), 0.6)
    with VideoFile(path, end_s=Fraction(1)) as source:
        assert len(list(source)) == 25
    with VideoFile(path) as source:
        whole = times_until_it_breaks(source)
    with VideoFile(path, start_s=Fraction(1)) as source:
        part = times_until_it_breaks(source)
    assert len(part) > 1
    assert part == [pts for pts in whole if pts >= 1]


def test_a_seek_near_the_break_shows_the_frame_before_it(tmp_path: Path) -> None:
    clip = Clip(ticks=range(0, 2400, 40), time_base=MS, content="noise", encoding=GOP)
    path = cut(clip.make(tmp_path / "cut.mkv"), 0.6)
    with VideoFile(path) as source:
        whole = times_until_it_breaks(source)
        source.seek(Fraction(2))
        assert times_until_it_breaks(source) == whole[-1:]


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(Fraction(-1), None), (Fraction(2), Fraction(2)), (2, Fraction(1))]
)
def test_impossible_parts_are_refused(
    tmp_path: Path, start_s: Fraction, end_s: Fraction | None
) -> None:
    with pytest.raises(ConfigError, match=r"starts at 0 s|must be after the start"):
        VideoFile(tmp_path / "clip.mp4", start_s=start_s, end_s=end_s)


def test_a_part_without_frames_is_an_error_that_says_how_long_the_video_is(tmp_path: Path) -> None:
    path = Clip(ticks=ticks_25(25)).make(tmp_path / "clip.mp4")
    with pytest.raises(
        SourceError, match=r"no frame begins at 3 s or later; it lasts 1\.000 s"
    ) as e:
        VideoFile(path, start_s=Fraction(3)).__enter__()
    assert e.value.fault is SourceFault.MISSING
    with pytest.raises(SourceError, match=r"or later and before 0\.03 s"):
        VideoFile(path, start_s=Fraction(1, 50), end_s=Fraction(3, 100)).__enter__()


def test_seeking_needs_an_open_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="entered"):
        VideoFile(tmp_path / "clip.mp4").seek(Fraction(0))


@pytest.mark.shared_data
def test_parts_of_real_clips(shared_dir: Path) -> None:
    random = np.random.default_rng(7)
    for path in sorted((shared_dir / "data" / "videos").iterdir()):
        with VideoFile(path) as source:
            whole = [(frame.pts, hash(frame.image.tobytes())) for frame in source]
            first_pts = source.first_pts
        for first in random.integers(1, len(whole) - 5, 3):
            start_pts = whole[first][0]
            assert start_pts is not None
            with VideoFile(path, start_s=start_pts - first_pts) as source:
                part = [(f.pts, hash(f.image.tobytes())) for f in islice(source, 5)]
            assert part == whole[first : first + 5]
