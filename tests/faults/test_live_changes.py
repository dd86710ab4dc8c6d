"""Streams over plain sockets whose content changes, is damaged, or holds no pictures."""

from __future__ import annotations

import itertools
import logging
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import pytest

from srfer.errors import SourceError, SourceFault
from srfer.realtime.sources import LiveOptions, LiveSource
from srfer.realtime.sources.address import parse_address
from srfer.realtime.sources.hardware import find_hardware
from srfer.realtime.sources.reader import Arrival
from srfer.realtime.sources.stream import StreamOpener, open_stream
from tests.clips import Clip, picture
from tests.faults.servers import (
    Server,
    answers,
    check_order,
    frames_until,
    hangs,
    live,
    sends,
    ts,
)
from tests.synthetic import HANG_S

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_garbage_is_survived(tmp_path: Path) -> None:
    garbage = random.Random(1).randbytes(200_000)
    data = ts(tmp_path, 50)
    half = len(data) // 376 * 188
    noisy = data[:half] + garbage[: 188 * 20] + data[half:]
    with (
        Server(sends(garbage), sends(noisy)) as server,
        live(f"tcp://127.0.0.1:{server.port}") as source,
    ):
        frames = frames_until(source, lambda frame: frame.index >= 60)
    check_order(frames)
    assert source.health.reconnects <= 2


def test_sizes_change_in_mid_stream_and_after_a_reconnect(tmp_path: Path) -> None:
    wide, tall = ts(tmp_path), ts(tmp_path, width=96, height=160, first=12_800)
    source_sizes = []
    with (
        Server(sends(wide + tall), sends(tall)) as server,
        live(f"tcp://127.0.0.1:{server.port}") as source,
    ):
        frames = []
        for frame in source:
            frames.append(frame)
            source_sizes.append((source.info.width, source.info.height))
            if source.health.reconnects == 2:
                break
    check_order(frames)
    sizes = [(frame.width, frame.height) for frame in frames]
    assert sizes == source_sizes
    assert set(sizes[:25]) == {(160, 120)}
    assert set(sizes[27:]) == {(96, 160)}


def test_times_jump_back_and_ahead_in_mid_stream(tmp_path: Path) -> None:
    early, late = ts(tmp_path, 50), ts(tmp_path, 50, first=12_800 * 5000)
    with (
        Server(sends(late + early + late)) as server,
        live(f"tcp://127.0.0.1:{server.port}") as source,
    ):
        frames = frames_until(source, lambda frame: frame.index >= 140)
    check_order(frames)
    assert frames[-1].pts is not None
    assert frames[-1].pts < 10


def test_times_wrap_around(tmp_path: Path) -> None:
    """Those of MPEG-TS have 33 bits, which last 26.5 hours."""
    to_the_wrap = 2**33 * 12_800 // 90_000
    data = ts(tmp_path, 100, first=to_the_wrap - 50 * 512)
    with Server(hangs(data)) as server, live(f"tcp://127.0.0.1:{server.port}") as source:
        frames = frames_until(source, lambda frame: frame.index >= 90)
    check_order(frames)
    assert source.health.reconnects == 0
    times = [frame.pts for frame in frames if frame.pts is not None]
    steps = {round(float(after - before), 3) for before, after in itertools.pairwise(times)}
    assert steps == {0.04}


def test_the_wall_clock_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, steps = time.time, iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: real() + 3600 * (-1) ** next(steps))
    with Server(hangs(ts(tmp_path, 100))) as server:
        source = live(f"tcp://127.0.0.1:{server.port}")
        with source:
            frames = frames_until(source, lambda frame: frame.index >= 90)
    check_order(frames)
    assert source.health.reconnects == 0
    assert frames[90].pts == Fraction(90, 25)


def test_pictures_over_http_have_the_times_of_their_arrival() -> None:
    parts = b""
    for i in range(30):
        jpeg = cv2.imencode(".jpg", picture(i, 64, 48))[1].tobytes()
        parts += b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
        parts += jpeg + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
    with Server(answers(head + parts, hangs())) as server:
        source = live(f"http://127.0.0.1:{server.port}/video.mjpg", patience_s=2)
        with source:
            frames = frames_until(source, lambda frame: frame.index >= 28)
    check_order(frames)
    assert frames[-1].pts is not None
    taken_s = frames[-1].captured_s - frames[0].captured_s
    assert float(frames[-1].pts) == pytest.approx(taken_s, abs=0.01)
    assert frames[0].image.shape == (48, 64, 3)


def test_data_without_a_picture_is_given_up() -> None:
    """A stream that never sends a key frame."""

    @contextmanager
    def opener() -> Iterator[Iterator[Arrival]]:
        yield itertools.repeat(Arrival(0.0))

    source = LiveSource("cam", opener, LiveOptions(max_retries=0), first_picture_s=0.1)
    with source, pytest.raises(SourceError, match=r"no picture within 0\.1 s") as caught:
        next(iter(source))
    assert caught.value.fault is SourceFault.STALLED


def test_sound_that_goes_on_without_pictures_is_left(tmp_path: Path) -> None:
    data = Clip(sound="aac", seconds_of_sound=30).make(tmp_path / "clip.ts").read_bytes()

    def script(connection: socket.socket) -> None:
        pause = threading.Event()
        for start in range(0, len(data), 1880):  # the pictures come first, then sound alone
            connection.sendall(data[start : start + 1880])
            pause.wait(0.01)

    with Server(script) as server:
        address = parse_address(f"tcp://127.0.0.1:{server.port}")
        opener = StreamOpener(address, LiveOptions(), time.monotonic)
        source = LiveSource(
            address.display, opener, LiveOptions(max_retries=0), first_picture_s=0.3
        )
        frames = iter(source)
        with source:
            assert sum(1 for _ in itertools.islice(frames, 20)) == 20
            with pytest.raises(SourceError, match=r"no picture within 0\.3 s"):
                list(frames)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    data = Clip(ticks=[], sound="aac").make(tmp_path / "song.ts").read_bytes()
    with Server(sends(data)) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", max_retries=0)
        with source, pytest.raises(SourceError) as caught:
            next(iter(source))
    assert caught.value.fault in (SourceFault.UNSUPPORTED, SourceFault.DISCONNECTED)


def test_pictures_that_are_too_large_are_refused(tmp_path: Path) -> None:
    with Server(sends(ts(tmp_path, 3, width=8208, height=16))) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", max_retries=0)
        with source, pytest.raises(SourceError, match="too large") as caught:
            next(iter(source))
    assert caught.value.fault is SourceFault.TOO_LARGE


def test_datagrams_are_read(tmp_path: Path) -> None:
    data = ts(tmp_path, 50)
    has_frames = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

        def send() -> None:
            while not has_frames.is_set():
                for start in range(0, len(data), 1316):
                    sender.sendto(data[start : start + 1316], ("127.0.0.1", port))
                    has_frames.wait(0.002)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            with live(f"udp://127.0.0.1:{port}") as source:
                frames = frames_until(source, lambda frame: frame.index >= 60)
        finally:
            has_frames.set()
            thread.join(HANG_S)
    check_order(frames)


def test_hardware_decoding_falls_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Server(sends(ts(tmp_path))) as server, caplog.at_level(logging.WARNING):
        address = parse_address(f"tcp://127.0.0.1:{server.port}")
        with open_stream(address, LiveOptions(hardware=True)) as source:
            frames = frames_until(source, lambda frame: frame.index >= 20)
    assert (find_hardware() is None) == ("no hardware decoder here" in caplog.text)
    assert frames[0].image.shape == (120, 160, 3)
