"""Streams over plain sockets that drop, stall, lie and change, and what a live source makes of it.

Sections A of the reliability scenarios that need no RTSP server.
"""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.realtime.sources import LiveOptions, LiveSource, SourceState
from srfer.realtime.sources.address import parse_address
from srfer.realtime.sources.reader import Arrival
from srfer.realtime.sources.reconnect import ReconnectPolicy
from srfer.realtime.sources.stream import open_stream
from tests.faults.servers import (
    QUICK,
    Script,
    Server,
    answers,
    check_order,
    eventually,
    frames_until,
    hangs,
    in_own_process,
    live,
    read_in_thread,
    sends,
    ts,
)
from tests.synthetic import HANG_S

pytestmark = pytest.mark.usefixtures("nothing_is_left")


# Drops


def test_twenty_drops_cost_nothing(tmp_path: Path) -> None:
    memory = in_own_process(f"{__name__}:memory_over_twenty_drops", str(tmp_path))
    assert memory[-1] - memory[2] <= 5e6


def memory_over_twenty_drops(folder: str) -> list[int]:
    process = psutil.Process()
    memory: list[int] = []
    with (
        Server(sends(ts(Path(folder)))) as server,
        live(f"tcp://127.0.0.1:{server.port}") as source,
    ):

        def is_enough(_frame: object) -> bool:
            reconnects = source.health.reconnects
            if reconnects == len(memory) + 1:
                memory.append(process.memory_info().rss)
            return reconnects >= 20

        frames = frames_until(source, is_enough, keeps_pixels=False)
    check_order(frames)
    assert server.connections == 21
    assert len(frames) >= 20 * 23
    return memory


def test_a_gap_is_as_long_as_it_was(tmp_path: Path) -> None:
    data = ts(tmp_path)
    with Server(sends(data)) as server, live(f"tcp://127.0.0.1:{server.port}") as source:
        frames = frames_until(source, lambda _: source.health.reconnects == 1)
        before, after = frames[-2:]
        assert before.pts is not None
        assert after.pts is not None
        gap_s = after.captured_s - before.captured_s
        assert float(after.pts - before.pts) == pytest.approx(max(gap_s, 0), abs=1e-4)
        assert frames[1].pts == Fraction(1, 25)


def test_the_end_of_a_stream_is_a_fault(tmp_path: Path) -> None:
    with (
        Server(sends(ts(tmp_path))) as server,
        live(f"tcp://127.0.0.1:{server.port}", max_retries=0) as source,
    ):
        frames = iter(source)
        assert [next(frames).index for _ in range(25)] == list(range(25))
        with pytest.raises(SourceError) as caught:
            next(frames)
    assert str(caught.value) == f"tcp://127.0.0.1:{server.port}: the stream ended"
    assert caught.value.fault is SourceFault.DISCONNECTED
    assert source.health.state is SourceState.ENDED
    assert source.health.cause == "the stream ended"


# Silence


RTSP_HALF = b"RTSP/1.0 200 OK\r\nCSe"


@pytest.mark.parametrize(
    ("scheme", "script"),
    [
        ("tcp", hangs()),
        ("http", hangs()),
        ("http", answers(b"HTTP/1.1 200 O", hangs())),
        ("http", answers(b"HTTP/1.1 200 OK\r\n\r\n", hangs())),
        ("rtsp", hangs()),
        ("rtsp", hangs(RTSP_HALF)),
        ("rtsp", answers(RTSP_HALF, hangs())),
    ],
)
def test_a_silent_server_is_noticed(scheme: str, script: Script) -> None:
    with Server(script) as server:
        source = live(f"{scheme}://127.0.0.1:{server.port}/x", patience_s=0.4, max_retries=0)
        started_s = time.monotonic()
        with source, pytest.raises(SourceError, match=r"no answer within 0\.4 s") as caught:
            next(iter(source))
        assert time.monotonic() - started_s < 3
    assert caught.value.fault is SourceFault.STALLED


def test_silence_after_frames_is_stalled_and_then_lost(tmp_path: Path) -> None:
    causes = {}
    with Server(hangs(ts(tmp_path, 50)), hangs()) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", patience_s=2.0)
        with read_in_thread(source) as sizes:
            for state in SourceState.LIVE, SourceState.STALLED, SourceState.LOST:
                eventually(lambda state=state: source.health.state is state)  # type: ignore[misc]
                causes[state] = source.health.cause
            eventually(lambda: source.health.state is SourceState.CONNECTING)
            assert source.health.cause == "no data for 2 s"
    assert len(sizes) >= 45
    assert causes[SourceState.STALLED].startswith("no frame for 1.")
    assert causes[SourceState.LOST] == "no data for 2 s"
    assert source.health.state is SourceState.ENDED


@pytest.mark.parametrize("scheme", ["tcp", "rtsp", "http"])
def test_a_blocked_read_is_left_at_once(scheme: str) -> None:
    with Server(hangs()) as server:
        source = live(f"{scheme}://127.0.0.1:{server.port}/x", patience_s=60)
        started_s = time.monotonic()
        with read_in_thread(source):
            eventually(lambda: server.connections == 1)
        assert time.monotonic() - started_s < HANG_S


def test_a_wait_is_left_at_once() -> None:
    with Server() as server:
        port = server.port
    slow = ReconnectPolicy(first_delay_s=60, longest_delay_s=60)
    source = open_stream(parse_address(f"tcp://127.0.0.1:{port}"), policy=slow)
    with read_in_thread(source):
        eventually(lambda: source.health.state is SourceState.LOST)
    assert source.health.state is SourceState.ENDED


def test_a_source_that_was_interrupted_before_gives_nothing(tmp_path: Path) -> None:
    with Server(sends(ts(tmp_path))) as server:
        source = live(f"tcp://127.0.0.1:{server.port}")
        source.interrupt()
        with source:
            assert list(source) == []
        assert server.connections == 0


def test_a_process_can_end_while_a_read_is_blocked() -> None:
    code = """if True:
        import sys, threading
        from srfer.leaving import end_process_if_held
        from tests.faults.servers import live
        end_process_if_held(8)  # nothing is: it goes on
        source = live(sys.argv[1], patience_s=60)
        def read():
            with source:
                next(iter(source), None)
        thread = threading.Thread(target=read)
        thread.start()
        sys.stdin.read(1)
        source.interrupt()
        thread.join()
        print("left")
        end_process_if_held(7)
    """
    with Server(hangs()) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", code, f"tcp://127.0.0.1:{server.port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        eventually(lambda: server.connections == 1, 30)
        done, said = child.communicate(b"x", timeout=20)
    assert (child.returncode, done, said) == (7, b"left\n", b"")


def test_a_call_that_does_not_come_back_is_left_and_not_repeated() -> None:
    """As with a name server that does not answer."""
    release, calls = threading.Event(), []

    @contextmanager
    def opener() -> Iterator[Iterator[Arrival]]:
        calls.append(1)
        release.wait()
        yield (Arrival(float(i), np.zeros((2, 2, 3), np.uint8)) for i in itertools.count())

    source = LiveSource("cam", opener, LiveOptions(0.05, 0.05), policy=QUICK)
    with read_in_thread(source) as sizes:
        eventually(lambda: source.health.state is SourceState.LOST)
        assert source.health.cause == "no answer within 0.05 s"
        assert calls == [1]
        release.set()
        eventually(lambda: len(sizes) > 0)
        assert calls == [1, 1]


# Starting late, and what is refused


def test_a_source_that_starts_late_is_waited_for(tmp_path: Path) -> None:
    with Server() as server:
        port = server.port
    source = live(f"tcp://127.0.0.1:{port}")
    assert source.health.state is SourceState.CONNECTING
    assert (source.info.is_live, source.info.width, source.info.height) == (True, 0, 0)
    with read_in_thread(source) as sizes:
        eventually(lambda: source.health.state is SourceState.LOST)
        assert "refused" in source.health.cause
        with Server(hangs(ts(tmp_path, 50)), port=port):
            eventually(lambda: len(sizes) > 40)
            assert (source.info.width, source.info.height) == (160, 120)
            assert source.health.cause == ""


HTTP = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm=x\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (b"401 Unauthorized", SourceFault.AUTH),
        (b"403 Forbidden", SourceFault.AUTH),
        (b"404 Not Found", SourceFault.MISSING),
        (b"429 Too Many Requests", SourceFault.UNREACHABLE),
        (b"503 Unavailable", SourceFault.UNREACHABLE),
    ],
)
def test_what_a_server_refuses(status: bytes, fault: SourceFault) -> None:
    with Server(answers(HTTP % status)) as server:
        source = live(f"http://me:S3cr3t@127.0.0.1:{server.port}/v", max_retries=0)
        with source, pytest.raises(SourceError) as caught:
            next(iter(source))
    assert caught.value.fault is fault
    assert "S3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("tcp://no-such-host.invalid:9/", SourceFault.UNREACHABLE),
        ("rtsp://no-such-host.invalid/x", SourceFault.UNREACHABLE),
        ("srt://127.0.0.1:9", SourceFault.UNSUPPORTED),  # not in PyAV's wheels
    ],
)
def test_what_is_not_there(url: str, fault: SourceFault) -> None:
    source = live(url, max_retries=0)
    with source, pytest.raises(SourceError) as caught:
        next(iter(source))
    assert caught.value.fault is fault


def test_a_playlist_is_refused_and_nothing_in_it_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(ts(tmp_path))
    os.utime(secret, (1_000_000, 2_000_000))
    lists = (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
        f"v=0\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=control:file://{secret}\n",
    )
    for text in lists:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n"
        with Server(answers((head + text).encode())) as server:
            source = live(f"http://127.0.0.1:{server.port}/list.m3u8", max_retries=0)
            with source, pytest.raises(SourceError) as caught:
                next(iter(source))
        assert caught.value.fault in (SourceFault.UNSUPPORTED, SourceFault.CORRUPT)
    assert secret.stat().st_atime == 1_000_000, "the target was read"


# Options


@pytest.mark.parametrize(
    "options",
    [
        {"open_timeout_s": 0},
        {"read_timeout_s": float("inf")},
        {"read_timeout_s": float("nan")},
        {"max_retries": -1},
        {"transport": "pigeon"},
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        LiveOptions(**options)


# Many at once


def test_a_lost_network_gives_one_line_for_each_source(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), Server(sends(b"")) as server, ExitStack() as stack:
        for i in range(6):
            source = live(f"tcp://me:S3cr3t@127.0.0.1:{server.port}/{i}")
            stack.enter_context(read_in_thread(source))
        eventually(lambda: server.connections > 60)
    lines = sorted(record.getMessage() for record in caplog.records)
    assert len(lines) == 6
    assert all(f"/{i}: sends nothing" in line for i, line in enumerate(lines))
