"""Hostile and broken files: refused in one line, quickly, without reading anything else."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from srfer.errors import SourceError, SourceFault
from srfer.realtime.sources import VideoFile, display_name, open_source, probe, read_picture
from tests.clips import Clip, cut, ticks_25


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


def test_a_video_that_ends_before_its_index_cannot_be_opened(tmp_path: Path) -> None:
    assert "unfinished" in str(refusal(cut(Clip().make(tmp_path / "a.mp4"), 0.7)))


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


def test_a_picture_that_is_damaged_or_missing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(huge_png(4, 4)[:40])
    for name in ("a.png", "nope.png"):
        with pytest.raises(SourceError, match=name):
            read_picture(tmp_path / name)
