"""Videos that are cut or damaged: every frame that can be had, and then the truth."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from srfer.errors import SourceError, SourceFault
from srfer.realtime.sources import VideoFile
from tests.clips import Clip, cut, ticks_25, video_images, video_times

FAST_START = {"movflags": "faststart"}


def times_until_the_end(
    path: Path, at_each: Callable[[int], None] = lambda count: None
) -> tuple[list[Fraction | None], SourceError | None]:
    """The times of all frames that can be had, and what was raised after them."""
    times: list[Fraction | None] = []
    try:
        with VideoFile(path) as source:
            for frame in source:
                times.append(frame.pts)
                at_each(len(times))
    except SourceError as error:
        return times, error
    return times, None


def packet_ends(path: Path) -> list[int]:
    import av

    with av.open(str(path)) as container:
        return [p.pos + p.size for p in container.demux(video=0) if p.pos is not None]


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("fast.mp4", Clip(container=FAST_START)),
        ("fragments.mp4", Clip(container={"movflags": "frag_keyframe+empty_moov"})),
        ("b-frames.mp4", Clip(b_frames=3, container=FAST_START)),
        ("a.mkv", Clip()),
        ("a.avi", Clip(codec="mpeg4", ticks=range(2), time_base=Fraction(1, 25))),
        ("a.flv", Clip()),
    ],
)
@pytest.mark.parametrize("share", [0.55, 0.9])
def test_a_truncated_video_gives_what_it_has_and_then_says_so(
    tmp_path: Path, name: str, clip: Clip, share: float
) -> None:
    count, step = 100, clip.ticks[1]
    path = Clip(
        ticks=[i * step for i in range(count)],
        codec=clip.codec,
        time_base=clip.time_base,
        b_frames=clip.b_frames,
        container=clip.container,
    ).make(tmp_path / name)
    times = video_times(path)
    cut(path, share)
    got, error = times_until_the_end(path)
    assert error is not None
    assert error.fault is SourceFault.CORRUPT
    assert f"{name}: breaks off after {len(got)} frames" in str(error)
    # At the cut, B-frames may be missing between frames that are there.
    whole = len(got) - clip.b_frames
    assert got[:whole] == times[:whole]
    assert got[whole:] == [time for time in times if time in got[whole:]]
    assert 0.25 * count < len(got) < count


def test_an_mp4_cut_between_two_frames_is_noticed(tmp_path: Path) -> None:
    path = Clip(ticks=ticks_25(50), container=FAST_START).make(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[: packet_ends(path)[29]])
    with VideoFile(path) as source, pytest.raises(SourceError, match="breaks off after 30 frames"):
        list(source)


@pytest.mark.parametrize("missing", [1, 50, 400])
def test_a_gif_without_its_end_is_noticed(tmp_path: Path, missing: int) -> None:
    clip = Clip(ticks=range(0, 48, 4), time_base=Fraction(1, 100), codec="gif", pix_fmt="rgb8")
    path = clip.make(tmp_path / "a.gif")
    assert times_until_the_end(path)[1] is None
    path.write_bytes(path.read_bytes() + b"\0\0")
    assert times_until_the_end(path)[1] is None, "what follows the end is no matter"
    path.write_bytes(path.read_bytes()[: -2 - missing])
    got, error = times_until_the_end(path)
    assert f"breaks off after {len(got)} frames" in str(error)
    assert got


def test_damage_in_the_middle_costs_only_the_damaged_frames(tmp_path: Path) -> None:
    import av

    path = Clip(codec="mjpeg", pix_fmt="yuvj420p", ticks=ticks_25(20)).make(tmp_path / "a.mkv")
    times = video_times(path)
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        places = [(p.pos, p.size) for p in packets if p.pos is not None]
    data = bytearray(path.read_bytes())
    place, size = places[10]
    data[place + 8 : place + size] = bytes(size - 8)
    path.write_bytes(data)
    with VideoFile(path) as source:
        got = [frame.pts for frame in source]
        assert source.damage.packets == 1
    assert got == times[:10] + times[11:]


def test_frames_that_a_decoder_passes_over_in_silence_are_counted(tmp_path: Path) -> None:
    quiet = {"x265-params": "log-level=none"}
    path = Clip(codec="libx265", encoding=quiet, ticks=ticks_25(12)).make(tmp_path / "a.mp4")
    data = bytearray(path.read_bytes())
    data[packet_ends(path)[3] + 4] = 0x7E  # a kind of packet that is not known
    path.write_bytes(data)
    assert len(video_times(path)) == 11, "there is no error"
    with VideoFile(path) as source:
        assert len(list(source)) == 11
        assert source.damage.packets == 1


def test_an_index_that_leads_out_of_the_file_is_noticed(tmp_path: Path) -> None:
    """FFmpeg ends there as if that were the end. Found by damaging files at random."""
    path = Clip(ticks=ticks_25(50), sound="aac", seconds_of_sound=2.0).make(tmp_path / "a.mp4")
    data = bytearray(path.read_bytes())
    table = data.index(b"stco") + 8
    count = int.from_bytes(data[table : table + 4], "big")
    assert count > 2
    data[table + 4 * count] = 0xB3  # the last place
    path.write_bytes(data)
    assert len(video_times(path)) < 50, "there is no error"
    got, error = times_until_the_end(path)
    assert f"a.mp4: breaks off after {len(got)} frames" in str(error)


def test_a_gif_with_something_else_in_the_place_of_a_block_is_noticed(tmp_path: Path) -> None:
    clip = Clip(ticks=range(0, 48, 4), time_base=Fraction(1, 100), codec="gif", pix_fmt="rgb8")
    path = clip.make(tmp_path / "a.gif")
    data = bytearray(path.read_bytes())
    data[data.rindex(b"\x21\xf9\x04")] = 0x55
    path.write_bytes(data)
    got, error = times_until_the_end(path)
    assert len(got) == 11
    assert "a.gif: breaks off after 11 frames" in str(error)


def test_a_frame_that_is_larger_than_the_file_says_is_not_decoded(tmp_path: Path) -> None:
    import cv2

    small, large = (
        cv2.imencode(".jpg", np.zeros(shape, np.uint8))[1].tobytes()
        for shape in ((48, 64, 3), (8200, 8191))
    )
    path = tmp_path / "a.mjpeg"
    path.write_bytes(small * 3 + large + small * 3)
    with VideoFile(path) as source:
        assert {frame.image.shape for frame in source} == {(48, 64, 3)}
        assert source.damage.packets == 1


def test_half_a_picture_is_not_a_frame(tmp_path: Path) -> None:
    path = Clip(codec="mjpeg", pix_fmt="yuvj420p", container=FAST_START).make(tmp_path / "a.mp4")
    images = video_images(path)
    path.write_bytes(path.read_bytes()[: packet_ends(path)[9] - 100])
    got: list[np.ndarray] = []
    with suppress(SourceError), VideoFile(path) as source:
        got.extend(frame.image for frame in source)
    assert len(got) == 9
    assert all(np.array_equal(image, whole) for image, whole in zip(got, images, strict=False))


def test_a_file_of_nothing_but_bad_packets_is_given_up(tmp_path: Path) -> None:
    import av

    path = Clip(codec="mjpeg", pix_fmt="yuvj420p", ticks=ticks_25(300)).make(tmp_path / "a.mkv")
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        places = [(p.pos, p.size) for p in packets if p.pos is not None]
    data = bytearray(path.read_bytes())
    for place, size in places[5:]:
        data[place + 8 : place + size] = bytes(size - 8)
    path.write_bytes(data)
    with VideoFile(path) as source, pytest.raises(SourceError, match="251 packets in a row"):
        list(source)


def test_a_file_that_shrinks_while_it_is_read_ends_cleanly(tmp_path: Path) -> None:
    clip = Clip(content="noise", ticks=ticks_25(60), container=FAST_START)
    path = clip.make(tmp_path / "a.mp4")

    def shrink(count: int) -> None:
        if count == 3:
            os.truncate(path, path.stat().st_size // 2)

    got, error = times_until_the_end(path, shrink)
    assert "breaks off after" in str(error)
    assert 3 <= len(got) < 60


def test_random_damage_never_gives_anything_but_a_source_error(tmp_path: Path) -> None:
    avi = Clip(ticks=range(12), time_base=Fraction(1, 25), codec="mpeg4")
    originals = [
        Clip(ticks=ticks_25(12), container=FAST_START).make(tmp_path / "o.mp4"),
        Clip(ticks=ticks_25(12), sound="aac").make(tmp_path / "o.mkv"),
        avi.make(tmp_path / "o.avi"),
        Clip(ticks=range(0, 48, 4), codec="gif", pix_fmt="rgb8").make(tmp_path / "o.gif"),
    ]
    outcomes = set()
    for seed in range(160):
        original = originals[seed % len(originals)]
        data = bytearray(original.read_bytes())
        random = np.random.default_rng(seed)
        reach = len(data) if seed % 3 else min(len(data), 600)
        for place in random.integers(0, reach, 12):
            data[place] = random.integers(0, 256)
        path = tmp_path / f"{seed}{original.suffix}"
        path.write_bytes(data[: len(data) - int(random.integers(0, len(data) // 2)) * (seed % 2)])
        _, error = times_until_the_end(path)
        outcomes.add(error.fault if error else None)
        assert str(error).isprintable(), f"seed {seed}"
    assert {None, SourceFault.CORRUPT} <= outcomes
