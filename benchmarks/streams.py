"""What live streams cost: the first picture, coming back, and being left.

    python -m benchmarks.streams

Needs the RTSP server of the tests (`sh scripts/test_libraries.sh`): 160x120 at 30 frames a second,
a key frame every 15. The TCP stream is MPEG-TS at 25 frames a second, a key frame every 10 s. Both
are on loopback. Seconds.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av

from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import Policy
from srfer.realtime.sources import open_source
from tests.clips import FixedFace
from tests.faults.servers import Server, eventually, hangs, ts
from tests.faults.test_rtsp import Camera

from .harness import percentiles, write_result

RUNS = 10
FRAMES = 300
WAYS = {
    "as_ffmpeg_does": {},
    "rate_not_measured": {"fpsprobesize": "0"},
    "nobuffer": {"fflags": "+nobuffer"},
    "rate_not_measured_nobuffer": {"fpsprobesize": "0", "fflags": "+nobuffer"},
}


def paced(data: bytes) -> Callable[[socket.socket], None]:
    """Send a clip of `FRAMES` frames as slowly as it was recorded."""
    size = len(data) // FRAMES

    def script(connection: socket.socket) -> None:
        clock = threading.Event()
        for i in range(FRAMES):
            connection.sendall(data[i * size : (i + 1) * size])
            clock.wait(1 / 25)

    return script


def first_picture_s(url: str, options: dict[str, str]) -> float:
    """Seconds until PyAV alone, with these options, has decoded a picture."""
    started_s = time.monotonic()
    with av.open(url, options=options, timeout=(5, 15)) as container:
        next(container.decode(video=0))
        return time.monotonic() - started_s


def ways_to_open(samples: dict[str, list[float]]) -> None:
    """Compare options of FFmpeg."""
    with tempfile.TemporaryDirectory() as name, Camera() as camera:
        # libx264's default: a key frame every 250 frames.
        data = ts(Path(name), FRAMES)
        rtsp = f"rtsp://127.0.0.1:{camera.port}/live"
        for way, options in WAYS.items():
            runs = 2 if "nobuffer" in way else RUNS  # these wait for the next key frame
            for _ in range(runs):
                with Server(paced(data)) as server:
                    took_s = first_picture_s(f"tcp://127.0.0.1:{server.port}", options)
                samples.setdefault(f"first_picture_tcp_{way}", []).append(took_s)
            for _ in range(RUNS):
                took_s = first_picture_s(rtsp, {"rtsp_transport": "tcp", **options})
                samples.setdefault(f"first_picture_rtsp_{way}", []).append(took_s)


def coming_back(samples: dict[str, list[float]]) -> None:
    """First frame of a source, and its return after its camera was killed and is there again."""
    with Camera() as camera:
        for _ in range(RUNS):
            source: Any = open_source(f"rtsp://127.0.0.1:{camera.port}/live")
            with source:
                started_s = time.monotonic()
                frames = iter(source)
                next(frames)
                samples.setdefault("first_frame", []).append(time.monotonic() - started_s)
                camera.kill()
                camera.start()
                started_s = time.monotonic()
                for _ in frames:
                    if source.health.reconnects:
                        break
                samples.setdefault("return_after_restart", []).append(time.monotonic() - started_s)


def being_left(samples: dict[str, list[float]]) -> None:
    """Stopping a pipeline whose camera accepts the connection and says nothing."""
    for _ in range(RUNS):
        with Server(hangs()) as server:
            source = open_source(f"rtsp://127.0.0.1:{server.port}/live")
            with Pipeline(source, [FixedFace()], policy=Policy.LIVE) as pipeline:
                eventually(lambda: server.connections == 1)
                started_s = time.monotonic()
                pipeline.stop()
                samples.setdefault("stop_while_silent", []).append(time.monotonic() - started_s)


def main() -> None:
    """Measure, print and write the result file."""
    samples: dict[str, list[float]] = {}
    ways_to_open(samples)
    coming_back(samples)
    being_left(samples)
    data: dict[str, Any] = {name: percentiles(values) for name, values in samples.items()}
    for name, figures in data.items():
        print(f"{name}: {figures['p50']:.2f} s (p95 {figures['p95']:.2f}, n={figures['n']})")
    print(write_result("streams", {"seconds": data}))


if __name__ == "__main__":
    main()
