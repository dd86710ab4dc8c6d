"""What every source promises: each frame once, upright, RGB, at its exact time."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from srfer.errors import SourceError, SourceFault
from srfer.realtime.sources import VideoFile, open_source, probe, read_picture
from tests.clips import Clip, picture, ticks_25, video_times
from tests.faults.servers import Server, sends

VARIABLE = tuple(int(t) for t in np.cumsum([40, 7, 33, 1, 500, 16, 17, 90, 3, 40]))

CLIPS = {
    "steady.mp4": Clip(),
    "variable.mp4": Clip(ticks=VARIABLE, time_base=Fraction(1, 1000)),
    "variable.mkv": Clip(ticks=VARIABLE, time_base=Fraction(1, 1000)),
    "b-frames.mp4": Clip(b_frames=3, ticks=ticks_25(40)),
    "b-frames.mkv": Clip(
        b_frames=3, ticks=[40 * i for i in range(40)], time_base=Fraction(1, 1000)
    ),
    "late.ts": Clip(ticks=[2**31 + 3600 * i for i in range(12)], time_base=Fraction(1, 90_000)),
    "late.mkv": Clip(ticks=[2**31 + 40 * i for i in range(12)], time_base=Fraction(1, 1000)),
    "one.mp4": Clip(ticks=[0]),
    "tiny.mp4": Clip(width=16, height=16),
    "odd.mkv": Clip(width=853, height=479, pix_fmt="yuv444p", ticks=ticks_25(3)),
    "gray.mkv": Clip(pix_fmt="gray"),
    "ten-bit.mkv": Clip(pix_fmt="yuv420p10le"),
    "sixteen-bit.mkv": Clip(codec="ffv1", pix_fmt="gray16le"),
    "animation.gif": Clip(
        codec="gif", pix_fmt="rgb8", ticks=range(0, 40, 4), time_base=Fraction(1, 100)
    ),
    "old.avi": Clip(codec="mpeg4", time_base=Fraction(1, 25), ticks=range(25)),
    "camera.mjpeg": Clip(codec="mjpeg", pix_fmt="yuvj420p"),
    "old.mpg": Clip(codec="mpeg1video", time_base=Fraction(1, 25), ticks=range(25)),
    "flash.flv": Clip(time_base=Fraction(1, 1000), ticks=range(0, 1000, 40)),
    "web.webm": Clip(codec="libvpx", time_base=Fraction(1, 1000), ticks=range(0, 1000, 40)),
    "fragments.mov": Clip(container={"movflags": "frag_keyframe+empty_moov"}),
}


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_once_at_its_exact_time(tmp_path: Path, name: str) -> None:
    clip = CLIPS[name]
    path = clip.make(tmp_path / name)
    with VideoFile(path) as source:
        frames = list(source)
        assert source.damage.packets == 0
    assert [frame.index for frame in frames] == list(range(len(clip.ticks)))
    assert [frame.pts for frame in frames] == video_times(path)
    for frame in frames:
        assert frame.source_id == name
        assert frame.image.shape == (clip.height, clip.width, 3)
        assert frame.image.dtype == np.uint8
        assert not frame.image.flags.writeable
    assert (source.info.width, source.info.height) == (clip.width, clip.height)
    assert not source.info.is_live


@pytest.mark.parametrize("name", ["variable.mkv", "late.mkv"])
def test_times_are_those_that_were_put_in(tmp_path: Path, name: str) -> None:
    clip = CLIPS[name]
    with VideoFile(clip.make(tmp_path / name)) as source:
        times = [frame.pts for frame in source]
    assert times == [tick * clip.time_base for tick in clip.ticks]


@pytest.mark.parametrize("name", ["steady.mp4", "b-frames.mp4", "ten-bit.mkv", "odd.mkv"])
def test_pixels_are_those_that_were_put_in(tmp_path: Path, name: str) -> None:
    clip = CLIPS[name]
    with VideoFile(clip.make(tmp_path / name)) as source:
        for frame in source:
            put_in = picture(frame.index, clip.width, clip.height).astype(int)
            assert np.median(np.abs(frame.image.astype(int) - put_in)) < 8


def test_a_lossless_gray_clip_keeps_its_values(tmp_path: Path) -> None:
    clip = Clip(codec="ffv1", pix_fmt="gray16le", ticks=[0, 512])
    with VideoFile(clip.make(tmp_path / "deep.mkv")) as source:
        for frame in source:
            gray = cv2.cvtColor(picture(frame.index, 160, 120), cv2.COLOR_RGB2GRAY)
            assert np.abs(frame.image.astype(int) - gray[..., None]).max() <= 2


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_frames_are_turned_upright(tmp_path: Path, rotation: int) -> None:
    clip = Clip(rotation=rotation, ticks=[0, 512])
    with VideoFile(clip.make(tmp_path / "phone.mp4")) as source:
        frame = next(iter(source))
        assert (source.info.width, source.info.height) == (frame.width, frame.height)
    shown = np.rot90(picture(0, 160, 120), rotation // 90)
    assert frame.image.shape == shown.shape
    assert np.median(np.abs(frame.image.astype(int) - shown.astype(int))) < 8


@pytest.mark.parametrize("name", ["steady.ts", "b-frames.mkv", "flash.flv", "web.webm"])
def test_a_stream_gives_what_its_file_gives(tmp_path: Path, name: str) -> None:
    """The same pixels in the same order at the same times, counted from the first frame."""
    path = CLIPS.get(name, Clip()).make(tmp_path / name)
    with VideoFile(path) as file:
        frames = list(file)
    with Server(sends(path.read_bytes())) as server:
        source = open_source(f"tcp://127.0.0.1:{server.port}")
        with source:
            streamed = list(islice(source, len(frames)))
    assert [frame.index for frame in streamed] == [frame.index for frame in frames]
    for frame, truth in zip(streamed, frames, strict=True):
        assert np.array_equal(frame.image, truth.image)
        assert not frame.image.flags.writeable
        assert frame.pts is not None
        assert truth.pts is not None
        assert frames[0].pts is not None
        assert abs(frame.pts - (truth.pts - frames[0].pts)) <= source.info.time_base / 2
    assert (source.info.width, source.info.height) == (160, 120)
    assert source.info.source_id == f"tcp://127.0.0.1:{server.port}"
    assert source.info.is_live
    assert source.info.frame_count is None


def test_the_same_file_gives_the_same_frames_again(tmp_path: Path) -> None:
    path = CLIPS["b-frames.mp4"].make(tmp_path / "clip.mp4")
    runs = []
    for _ in range(2):
        with VideoFile(path) as source:
            runs.append([(frame.pts, frame.image.tobytes()) for frame in source])
    assert runs[0] == runs[1]


def test_probe_says_what_a_file_is(tmp_path: Path) -> None:
    info = probe(Clip(rotation=90).make(tmp_path / "clip.mp4"))
    assert (info.width, info.height, info.rate, info.frame_count) == (120, 160, Fraction(25), 25)
    assert info.time_base == Fraction(1, 12_800)


def test_the_clock_stamps_frames(tmp_path: Path) -> None:
    with VideoFile(Clip().make(tmp_path / "clip.mp4"), clock=lambda: 7.5) as source:
        assert {frame.captured_s for frame in source} == {7.5}


def test_a_file_that_gives_no_frame_in_time_is_given_up(tmp_path: Path) -> None:
    now = iter(range(0, 10_000, 6))
    path = Clip(b_frames=3, ticks=ticks_25(40)).make(tmp_path / "slow.mp4")
    with pytest.raises(SourceError, match=r"slow\.mp4: no frame within 10 s") as caught:
        VideoFile(path, clock=lambda: float(next(now))).__enter__()
    assert caught.value.fault is SourceFault.STALLED


def test_what_is_sound_only_is_refused(tmp_path: Path) -> None:
    path = Clip(ticks=[], sound="aac").make(tmp_path / "song.mp4")
    with pytest.raises(SourceError, match=r"song\.mp4: holds no") as caught:
        probe(path)
    assert caught.value.fault in (SourceFault.UNSUPPORTED, SourceFault.CORRUPT)


def test_info_needs_an_open_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="entered"):
        _ = VideoFile(tmp_path / "clip.mp4").info


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff"])
def test_a_still_picture_is_one_frame_without_a_time(tmp_path: Path, suffix: str) -> None:
    image = picture(0, 64, 48)
    path = tmp_path / f"face.{suffix}"
    cv2.imwrite(str(path), image[..., ::-1])
    frame = read_picture(path)
    assert frame.pts is None
    assert np.median(np.abs(frame.image.astype(int) - image.astype(int))) < 8
    with open_source(str(path)) as source:
        assert source.info.frame_count == 1
        assert len(list(source)) == 1


def test_a_sixteen_bit_picture_becomes_eight_bit(tmp_path: Path) -> None:
    image = picture(0, 64, 48)
    cv2.imwrite(str(tmp_path / "deep.png"), image[..., ::-1].astype(np.uint16) * 257)
    assert np.abs(read_picture(tmp_path / "deep.png").image.astype(int) - image).max() <= 1


def test_exif_orientation_is_followed(tmp_path: Path) -> None:
    image = picture(0, 64, 48)
    jpeg = cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()
    tags = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + bytes(4)
    exif = b"Exif\0\0" + tags
    app1 = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    (tmp_path / "phone.jpg").write_bytes(jpeg[:2] + app1 + jpeg[2:])
    shown = np.rot90(image, -1)
    frame = read_picture(tmp_path / "phone.jpg")
    assert frame.image.shape == shown.shape
    assert np.median(np.abs(frame.image.astype(int) - shown.astype(int))) < 8


@pytest.mark.shared_data
def test_real_clips_are_read_to_the_end(shared_dir: Path) -> None:
    clips = sorted((shared_dir / "data" / "videos").iterdir())
    assert clips
    for path in clips:
        with VideoFile(path) as source:
            times = [frame.pts for frame in source]
        assert times == video_times(path)
        assert len(times) >= 20
