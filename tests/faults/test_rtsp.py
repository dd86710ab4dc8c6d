"""A real RTSP server that is killed, frozen, restarted and protected, and the source that reads it.

Needs Debian's GStreamer bindings, which `scripts/system_libraries.sh` installs.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import time
import traceback
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil
import pytest

from srfer.errors import SourceError, SourceFault
from srfer.realtime import Frame
from srfer.realtime.overlay import Overlay
from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import Policy
from srfer.realtime.sinks import Recorder
from srfer.realtime.sources import LiveOptions, SourceState, Transport
from srfer.realtime.sources.address import parse_address
from srfer.realtime.sources.stream import open_stream
from tests.clips import FixedFace, video_images, video_times
from tests.faults.servers import (
    check_order,
    eventually,
    frames_until,
    in_own_process,
    live,
    read_in_thread,
)
from tests.synthetic import Keep

PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("rtsp_server.py")
CANARY = "C4nary@:/#?%x"


@cache
def has_server() -> bool:
    try:
        return subprocess.run([PYTHON, str(SCRIPT), "--check"], check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(autouse=True)
def _needs_server(nothing_is_left: None) -> None:
    if not has_server():
        pytest.skip("no RTSP server of GStreamer: sh scripts/system_libraries.sh python tests")


# Behind `identity`, which takes groups of packets apart, they can be lost one by one.
IN_MANY_PACKETS = "rtph264pay pt=96 mtu=600 ! identity name=pay0"


def launch(
    width: int = 160,
    height: int = 120,
    gop: int = 15,
    pattern: str = "ball",
    packets: str = "rtph264pay name=pay0 pt=96",
) -> str:
    return (
        f"( videotestsrc is-live=true pattern={pattern} "
        f"! video/x-raw,width={width},height={height},framerate=30/1 "
        f"! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={gop} "
        f"! {packets} )"
    )


class Camera:
    """A server process with one stream; it keeps its port over restarts."""

    def __init__(self, user: str = "", password: str = "", loss: float = 0.0) -> None:
        self._more = {"user": user, "password": password, "loss": loss}
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self, description: str = launch()) -> None:
        self._process = subprocess.Popen(
            [PYTHON, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(
            json.dumps({"port": self.port, "launch": description, **self._more})
        )
        self._process.stdin.close()
        self.port = int(self._process.stdout.readline())

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.kill()


@pytest.mark.parametrize("transport", list(Transport))
def test_frames_come_over_both_transports(transport: Transport) -> None:
    with Camera() as camera:
        options = LiveOptions(transport=transport)
        address = parse_address(f"rtsp://127.0.0.1:{camera.port}/live", {})
        with open_stream(address, options) as source:
            frames = frames_until(source, lambda frame: frame.index >= 30)
    check_order(frames)
    assert frames[-1].pts is not None
    assert 0.8 < float(frames[-1].pts) < 1.2
    assert {frame.image.shape for frame in frames} == {(120, 160, 3)}
    assert frames[0].image.max() > 200, "the ball is white"


@pytest.mark.parametrize("transport", list(Transport))
def test_lost_packets_are_counted_and_the_picture_goes_on(transport: Transport) -> None:
    with Camera(loss=0.02) as camera:
        camera.kill()
        camera.start(launch(320, 240, pattern="snow", packets=IN_MANY_PACKETS))
        address = parse_address(f"rtsp://127.0.0.1:{camera.port}/live", {})
        with open_stream(address, LiveOptions(transport=transport)) as source:
            frames = frames_until(source, lambda frame: frame.index >= 90)
            health = source.health
    check_order(frames)
    assert (health.state, health.reconnects) == (SourceState.LIVE, 0)
    assert health.decode_errors >= 3
    # What is lost is missing in the picture, and not in time: 90 frames are three seconds.
    assert frames[-1].pts is not None
    assert 2.9 < float(frames[-1].pts) < 4.0


def test_a_camera_that_is_killed_ten_times_is_back_each_time() -> None:
    memory, returns = in_own_process(f"{__name__}:kill_the_camera_ten_times")
    assert max(returns) <= 5.0
    assert memory[-1] - memory[2] <= 5e6


def kill_the_camera_ten_times() -> tuple[list[int], list[float]]:
    """Memory after each return, and how long it took."""
    process, memory, returns = psutil.Process(), [], []
    shapes = (120, 160, 3), (160, 120, 3)
    with Camera() as camera, live(f"rtsp://127.0.0.1:{camera.port}/live") as source:
        frames = frames_until(source, lambda _: True, keeps_pixels=False)
        threads, files = process.num_threads(), process.num_fds()
        for kills in range(1, 11):
            camera.kill()
            camera.start(launch(shapes[kills % 2][1], shapes[kills % 2][0]))
            started_s = time.monotonic()

            def is_back(_frame: Frame, kills: int = kills) -> bool:
                return source.health.reconnects >= kills

            frames += frames_until(source, is_back, keeps_pixels=False)
            returns.append(time.monotonic() - started_s)
            assert frames[-1].image.shape == shapes[kills % 2]
            assert (frames[-1].width, frames[-1].height) == (source.info.width, source.info.height)
            memory.append(process.memory_info().rss)
        assert process.num_threads() <= threads
        assert process.num_fds() <= files
    check_order(frames)
    return memory, returns


def test_a_recording_goes_on_in_another_video_when_the_camera_comes_back_larger(
    tmp_path: Path,
) -> None:
    with Camera() as camera:
        source, keep = live(f"rtsp://127.0.0.1:{camera.port}/live"), Keep()
        recorder = Recorder(lambda: source.info, Overlay)
        recorder.begin(tmp_path, "door")
        with Pipeline(source, [FixedFace()], [recorder, keep], policy=Policy.LIVE) as pipeline:
            eventually(lambda: len(keep.results) >= 20)
            camera.kill()
            camera.start(launch(320, 240))
            eventually(lambda: sum(one.frame.width == 320 for one in keep.results) >= 20)
            pipeline.stop()
    recording = recorder.recording
    assert recording is not None
    assert (recording.error, recording.is_open) == ("", False)
    assert [video.name for video in recording.videos] == ["door.mp4", "door-part2.mp4"]
    by_width = [[r.frame for r in keep.results if r.frame.width == width] for width in (160, 320)]
    for video, frames in zip(recording.videos, by_width, strict=True):
        times = [frame.pts for frame in frames if frame.pts is not None]
        assert video_times(video) == [time - times[0] for time in times]
        assert {image.shape for image in video_images(video)} == {frames[0].image.shape}
    records = [json.loads(line) for line in recording.lines.read_text("utf-8").splitlines()]
    (event,) = [record for record in records if "event" in record]
    assert (event["video"], event["frame"]) == ("door-part2.mp4", by_width[1][0].index)
    indices = [record["frame"] for record in records if "event" not in record]
    assert indices == keep.indices


def test_a_frozen_camera_is_lost_and_comes_back() -> None:
    with Camera() as camera:
        source = live(f"rtsp://127.0.0.1:{camera.port}/live", patience_s=2.5)
        with read_in_thread(source) as sizes:
            eventually(lambda: len(sizes) >= 20)
            camera.signal(signal.SIGSTOP)
            eventually(lambda: source.health.state is SourceState.STALLED)
            eventually(lambda: source.health.state is SourceState.LOST)
            assert source.health.cause == "no data for 2.5 s"
            camera.signal(signal.SIGCONT)
            eventually(lambda: source.health.state is SourceState.LIVE)
            assert source.health.reconnects == 1


def test_a_key_frame_that_comes_late_is_waited_for() -> None:
    """By a viewer that joins in the middle of a long group of pictures."""
    with Camera() as camera:
        camera.kill()
        camera.start(launch(gop=120))  # a key frame every 4 s
        url = f"rtsp://127.0.0.1:{camera.port}/live"
        with live(url) as first:
            frames_until(first, lambda frame: frame.index >= 30)
            with live(url, patience_s=2, max_retries=0) as second:
                frame = next(iter(second))
    assert frame.image.max() > 200
    assert second.health.reconnects == 0


@pytest.mark.parametrize("user", ["admin", "john.doe"])
def test_a_password_with_every_character_opens_the_stream(user: str) -> None:
    with Camera(user, CANARY) as camera:
        login = f"{user}:{quote(CANARY, safe='')}"
        with live(f"rtsp://{login}@127.0.0.1:{camera.port}/live", max_retries=0) as source:
            frame = next(iter(source))
    assert frame.source_id == f"rtsp://127.0.0.1:{camera.port}/live"


@pytest.mark.parametrize(
    ("login", "path", "fault"),
    [
        ("admin:wr0ng-C4nary", "live", SourceFault.AUTH),
        ("C4nary-t0ken", "live", SourceFault.AUTH),
        ("admin:r1ght-0ne", "C4nary=x", SourceFault.MISSING),
        ("admin:r1ght-0ne", "else?token=C4nary", SourceFault.MISSING),
    ],
)
def test_a_refusal_shows_no_secret(
    login: str,
    path: str,
    fault: SourceFault,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Camera("admin", "r1ght-0ne") as camera, caplog.at_level(logging.DEBUG):
        url = f"rtsp://{login}@127.0.0.1:{camera.port}/{path}"
        with live(url, max_retries=1) as source, pytest.raises(SourceError) as caught:
            next(iter(source))
    error = caught.value
    assert error.fault is fault
    said = capfd.readouterr()
    shown = [
        *(record.getMessage() for record in caplog.records),
        *map(repr, caplog.records),
        *(said.out, said.err, str(error), repr(error), repr(error.args), str(source.info)),
        *(repr(source), repr(source.health), source.health.cause),
        "".join(traceback.format_exception(error)),
    ]
    assert len(caplog.records) == 1
    assert all("nary" not in text for text in shown)
    chain: BaseException | None = error.__context__
    while chain is not None:
        assert isinstance(chain, SourceError)
        chain = chain.__context__


def test_a_wrong_password_is_not_tried_again_at_once() -> None:
    with Camera("admin", "r1ght-0ne") as camera:
        address = parse_address(f"rtsp://admin:wr0ng@127.0.0.1:{camera.port}/live", {})
        source = open_stream(address)  # with its usual waits
        with read_in_thread(source):
            eventually(lambda: source.health.state is SourceState.LOST)
            assert "401" in source.health.cause
