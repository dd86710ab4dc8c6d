"""Servers on loopback that behave as badly as cameras and networks do."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import psutil

from srfer.realtime import Frame
from srfer.realtime.sources import LiveOptions, LiveSource
from srfer.realtime.sources.address import parse_address
from srfer.realtime.sources.reconnect import ReconnectPolicy
from srfer.realtime.sources.stream import open_stream
from tests.clips import Clip, ticks_25
from tests.synthetic import HANG_S

QUICK = ReconnectPolicy(first_delay_s=0.02, longest_delay_s=0.1, slow_delay_s=0.02, steady_s=0.01)

Script = Callable[[socket.socket], None]
"""What a server does with one connection; the connection is closed when it returns."""


def ts(folder: Path, count: int = 25, width: int = 160, height: int = 120, first: int = 0) -> bytes:
    """`count` frames at 25 a second as MPEG-TS with one key frame a second, from tick `first`."""
    path = folder / "made.ts"
    ticks = [first + tick for tick in ticks_25(count)]
    Clip(width=width, height=height, ticks=ticks).make(path)
    return path.read_bytes()


def sends(data: bytes) -> Script:
    """Send all of it, and close."""
    return lambda connection: connection.sendall(data)


def hangs(data: bytes = b"") -> Script:
    """Send all of it, and say nothing more until the other side closes."""

    def script(connection: socket.socket) -> None:
        connection.sendall(data)
        while connection.recv(4096):
            pass

    return script


def answers(response: bytes, then: Script | None = None) -> Script:
    """Read a request of HTTP or RTSP, and answer it."""

    def script(connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request and (part := connection.recv(4096)):
            request += part
        connection.sendall(response)
        if then is not None:
            then(connection)

    return script


class Server:
    """A TCP server that serves one connection after the other by a list of scripts.

    Args:
        scripts: for the first, second ... connection; the last one serves all that follow.
        port: 0 for any.
    """

    def __init__(self, *scripts: Script, port: int = 0) -> None:
        self._scripts: Sequence[Script] = scripts
        self._listener = socket.create_server(("127.0.0.1", port))
        self._connection: socket.socket | None = None
        self._is_closed = False
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closed = True
        for one in (self._listener, self._connection):
            if one is not None:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._thread.join(HANG_S)
        assert not self._thread.is_alive()
        self._listener.close()

    def _serve(self) -> None:
        while not self._is_closed:
            try:
                self._connection, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            with self._connection, suppress(OSError):
                if not self._is_closed:
                    script(self._connection)
                    self._connection.shutdown(socket.SHUT_RDWR)


def live(url: str, *, patience_s: float = 5.0, max_retries: int | None = None) -> LiveSource:
    """A source that waits up to `patience_s` for answers and data, and hardly between tries."""
    options = LiveOptions(patience_s, patience_s, max_retries)
    return open_stream(parse_address(url, {}), options, policy=QUICK)


def frames_until(
    source: LiveSource, is_enough: Callable[[Frame], bool], *, keeps_pixels: bool = True
) -> list[Frame]:
    """Read until a frame is enough. Where memory is measured, only the frames' shapes are kept."""
    frames = []
    for frame in source:
        frames.append(frame if keeps_pixels else _without_pixels(frame))
        if is_enough(frame):
            return frames
    raise AssertionError("the source has ended")


def _without_pixels(frame: Frame) -> Frame:
    blank = np.broadcast_to(np.uint8(0), (frame.height, frame.width, 3))
    return replace(frame, picture=blank)


def in_own_process(name: str, *arguments: str) -> Any:
    """What a function gives, named as "package.module:function", in a process of its own.

    Memory is measured there: one that ran other tests has memory to give back at any time.
    """
    module, function = name.split(":")
    program = (
        f"import json, sys; from {module} import {function}; "
        f"print(json.dumps({function}(*sys.argv[1:])))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def check_order(frames: Sequence[Frame]) -> None:
    """Indices without a gap, times from 0 that only grow, arrivals that never go back."""
    assert [frame.index for frame in frames] == list(range(len(frames)))
    times = [frame.pts for frame in frames if frame.pts is not None]
    assert len(times) == len(frames)
    assert times[0] == Fraction(0)
    assert all(before < after for before, after in itertools.pairwise(times))
    arrivals = [frame.captured_s for frame in frames]
    assert arrivals == sorted(arrivals)


def eventually(is_so: Callable[[], bool], within_s: float = HANG_S) -> None:
    """Wait until something is so."""
    never = threading.Event()
    for _ in range(round(within_s / 0.005)):
        if is_so():
            return
        never.wait(0.005)
    raise AssertionError(f"not so within {within_s} s")


@contextmanager
def read_in_thread(source: LiveSource) -> Iterator[list[tuple[int, int]]]:
    """Read in a thread until the block is left; gives the sizes of the frames so far."""
    sizes: list[tuple[int, int]] = []

    def read() -> None:
        with source:
            sizes.extend((frame.width, frame.height) for frame in source)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield sizes
    finally:
        source.interrupt()
        thread.join(HANG_S)
        assert not thread.is_alive()


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fail if the block leaves threads or open files behind; threads may take a moment to end."""
    process = psutil.Process(os.getpid())
    threads, files = set(threading.enumerate()), process.num_fds()
    yield
    eventually(lambda: not set(threading.enumerate()) - threads)
    eventually(lambda: process.num_fds() <= files)
