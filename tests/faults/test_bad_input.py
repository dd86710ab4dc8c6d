"""Hostile and broken files: refused in one line, quickly, without reading anything else."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest

from srfer.errors import SourceError, SourceFault
from srfer.realtime.sources import VideoFile, display_name, open_source, probe, read_picture
from tests.clips import Clip, cut, ticks_25, video_images, video_times

FAST_START = {"movflags": "faststart"}


def refusal(path: Path | str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        probe(path)
    assert str(caught.value).isprintable(), "one line, no control characters"
    assert str(caught.value).startswith(f"{display_name(Path(path))}: ")
    return caught.value


@contextmanager
def nothing_left_open() -> Iterator[None]:
    before = psutil.Process().num_fds()
    yield
    assert psutil.Process().num_fds() <= before


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


def playlist(secret: Path, port: int) -> dict[str, str]:
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:3,\n{}\n#EXT-X-ENDLIST\n"
    sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {} RTP/AVP 96\n"
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        "<Period><AdaptationSet><Representation><BaseURL>{}</BaseURL></Representation>"
        "</AdaptationSet></Period></MPD>"
    )
    return {
        "hls-file.m3u8": hls.format(f"file://{secret}"),
        "hls-path.m3u8": hls.format(secret),
        "hls-named.mp4": hls.format(f"file://{secret}"),
        "hls-http.m3u8": hls.format(f"http://127.0.0.1:{port}/a.ts"),
        "concat-relative.mp4": f"ffconcat version 1.0\nfile {secret.name}\n",
        "concat-absolute.ffconcat": f"ffconcat version 1.0\nfile {secret}\n",
        "concat-subfile.mkv": f"ffconcat version 1.0\nfile subfile,,start,0,end,9,,:{secret}\n",
        "concat-http.mp4": f"ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.ts\n",
        "dash.mpd": dash.format(f"http://127.0.0.1:{port}/a.mp4"),
        "session.sdp": sdp.format(port),
    }


def test_playlists_in_disguise_read_no_file_and_open_no_connection(tmp_path: Path) -> None:
    secret = Clip().make(tmp_path / "secret.ts")
    os.utime(secret, (1_000_000, 2_000_000))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        lists = playlist(secret, server.getsockname()[1])
        assert len(lists) == 10
        with nothing_left_open():
            for name, text in lists.items():
                (tmp_path / name).write_text(text)
                refusal(tmp_path / name)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert secret.stat().st_atime == 1_000_000, "the target was read"


@pytest.mark.parametrize("scheme", ["concat:", "subfile,,start,0,end,0,,:", "pipe:", "file:"])
def test_protocols_are_only_file_names(
    tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clip().make(tmp_path / "a.ts")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="no such file"), open_source(f"{scheme}a.ts"):
        pass


@pytest.mark.parametrize(
    "make", ["directory", "fifo", "device", "missing", "empty", "text", "link"]
)
def test_what_is_not_a_video_is_refused(tmp_path: Path, make: str) -> None:
    path = tmp_path / "clip.mp4"
    if make == "directory":
        path.mkdir()
    elif make == "fifo":
        os.mkfifo(path)
    elif make == "device":
        path.symlink_to("/dev/zero")
    elif make == "empty":
        path.touch()
    elif make == "text":
        path.write_text("The quick brown fox jumps over the lazy dog. " * 100)
    elif make == "link":
        path.symlink_to("/etc/passwd")
    faults = {"missing": SourceFault.MISSING, "empty": SourceFault.CORRUPT}
    fault = refusal(path).fault
    assert fault is faults.get(make, fault)
    assert (fault is SourceFault.UNSUPPORTED) == (make in ("directory", "fifo", "device"))


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = Clip().make(tmp_path / "clip.mp4")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    assert "may not be read" in str(refusal(path))


def huge_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def huge_gif(width: int, height: int) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HH", width, height)
        + b"\x80\0\0\0\0\0\xff\xff\xff"
        + (b"," + struct.pack("<HHHH", 0, 0, width, height) + b"\0\x02\x02\x44\x01\0;")
    )


def test_gigantic_pictures_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    files = {"a.png": huge_png(65_535, 65_535), "a.gif": huge_gif(65_535, 65_535)}
    files["wide.png"] = huge_png(8193, 4)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    program = (
        "import resource, sys\n"
        "from srfer.errors import SourceError\n"
        "from srfer.realtime.sources import probe\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in sys.argv[1:]:\n"
        "    try: probe(path)\n"
        "    except SourceError as error: print(error)\n"
        "    else: sys.exit('was accepted: ' + path)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, file=sys.stderr)\n"
    )
    paths = [str(tmp_path / name) for name in files]
    child = subprocess.run(
        [sys.executable, "-c", program, *paths], capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    assert len(child.stdout.splitlines()) == len(files)
    assert int(child.stderr.split()[-1]) < 50 * 1024, "kilobytes of memory"


def test_a_video_over_the_limit_of_a_side_is_too_large(tmp_path: Path) -> None:
    path = Clip(width=8208, height=16, ticks=[0], codec="ffv1").make(tmp_path / "wide.mkv")
    error = refusal(path)
    assert error.fault is SourceFault.TOO_LARGE
    assert "8208x16" in str(error)


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


def test_a_video_that_ends_before_its_index_cannot_be_opened(tmp_path: Path) -> None:
    assert "unfinished" in str(refusal(cut(Clip().make(tmp_path / "a.mp4"), 0.7)))


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
        assert source.bad_packets == 1
    assert got == times[:10] + times[11:]


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
        assert source.bad_packets == 1


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


def test_a_file_that_is_deleted_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv"):
        path = Clip(content="noise", ticks=ticks_25(30)).make(tmp_path / name)
        with VideoFile(path) as source:
            frames = iter(source)
            next(frames)
            path.unlink()
            assert len(list(frames)) == 29


ODD_NAMES = {
    "newline": b"a\nb.mp4",
    "escape": b"a\x1b[31mred.mp4",
    "right-to-left": "\u202egpj.mp4".encode(),
    "leading dash": b"-rf.mp4",
    "percent": b"a%03d.mp4",
    "colon": b"concat:a.mp4",
    "not utf-8": b"caf\xe9.mp4",
    "long": b"x" * 251 + b".mp4",
}


@pytest.mark.parametrize("kind", ODD_NAMES)
def test_odd_names_work_and_are_shown_safely(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Clip(ticks=ticks_25(2)).make(tmp_path / "plain.mp4")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + ODD_NAMES[kind]))
    plain.rename(path)
    monkeypatch.chdir(tmp_path)
    with VideoFile(Path(path.name)) as source:
        assert len(list(source)) == 2
    assert source.info.source_id.isprintable()
    source.info.source_id.encode("ascii")
    path.write_bytes(b"")
    refusal(path)


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


def test_a_picture_that_is_damaged_or_missing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(huge_png(4, 4)[:40])
    for name in ("a.png", "nope.png"):
        with pytest.raises(SourceError, match=name):
            read_picture(tmp_path / name)
