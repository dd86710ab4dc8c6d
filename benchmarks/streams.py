"""What live streams cost: the first picture, coming back, being left, and bad company.

    python -m benchmarks.streams

Needs the RTSP server of the tests (`sh scripts/test_libraries.sh`): 160x120 at 30 frames a second,
a key frame every 15. The TCP stream is MPEG-TS at 25 frames a second, a key frame every 10 s. Both
are on loopback. Seconds.

Bad company is five cameras of 10 frames a second with a face each, first alone, then beside one
that is dead, one that is slow, and one of 60 frames a second.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

import srfer
from srfer.engines import Model
from srfer.realtime import FrameResult
from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import Policy
from srfer.realtime.sources import open_source
from srfer.realtime.sources.pacing import Paced
from srfer.realtime.sources.synthetic import Scene, SyntheticVideo
from srfer.realtime.streams import Stream, StreamSet, StreamStats
from tests.clips import FixedFace
from tests.faults.servers import Server, eventually, hangs, ts
from tests.faults.test_rtsp import Camera

from .harness import percentiles, write_result

NORMAL = 5
COMPANY_S = 30
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


class Ages:
    """A sink that keeps how old each result was when it was complete, in milliseconds."""

    name = "ages"

    def __init__(self) -> None:
        self.ages_ms: list[float] = []

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Note the age of one."""
        assert result.completed_s is not None
        self.ages_ms.append((result.completed_s - result.frame.captured_s) * 1e3)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


def camera(seed: int, fps: Fraction) -> Paced:
    """A made-up camera with one face."""
    scene = Scene(1, 40.0, 320, 180, fps, Fraction(COMPANY_S), seed)
    return Paced(SyntheticVideo(scene))


def watched(model: Model, company: Sequence[Stream]) -> tuple[list[Ages], Sequence[StreamStats]]:
    """Five normal cameras beside others, until the five have ended."""
    sinks = [Ages() for _ in range(NORMAL)]
    normal = [
        Stream(f"normal {number}", camera(number, Fraction(10)), [sink])
        for number, sink in enumerate(sinks)
    ]
    names = {stream.name for stream in normal}
    pause = threading.Event()
    with StreamSet([*normal, *company], model, on_effort=lambda _: None) as running:
        while not names <= running.ended().keys():
            pause.wait(0.1)
        return sinks, running.stats()


def bad_company() -> dict[str, Any]:
    """What five cameras have of three others: their ages, and how evenly they are served."""
    model = srfer.load(device="cpu")
    alone, _ = watched(model, [])
    with Server(hangs()) as server:
        company = [
            Stream("dead", open_source(f"rtsp://127.0.0.1:{server.port}/live")),
            Stream("slow", camera(10, Fraction(1, 2))),
            Stream("fast", camera(11, Fraction(60))),
        ]
        beside, stats = watched(model, company)
    processed = {one.name: one.pipeline.processed for one in stats}
    shares = [len(sink.ages_ms) for sink in beside]
    figures = [
        percentiles([age for sink in sinks for age in sink.ages_ms], digits=1)
        for sinks in (alone, beside)
    ]
    return {
        "age_ms_alone": figures[0],
        "age_ms_beside": figures[1],
        "p95_ratio": round(figures[1]["p95"] / figures[0]["p95"], 3),
        "processed_most_by_least": round(max(shares) / min(shares), 3),
        "processed": processed,
        "effort": {one.name: one.effort.name.lower() for one in stats},
    }


def main() -> None:
    """Measure, print and write the result file."""
    company = bad_company()
    print(f"bad company: {company}")
    samples: dict[str, list[float]] = {}
    ways_to_open(samples)
    coming_back(samples)
    being_left(samples)
    data: dict[str, Any] = {name: percentiles(values) for name, values in samples.items()}
    for name, figures in data.items():
        print(f"{name}: {figures['p50']:.2f} s (p95 {figures['p95']:.2f}, n={figures['n']})")
    print(write_result("streams", {"seconds": data, "bad_company": company}))


if __name__ == "__main__":
    main()
