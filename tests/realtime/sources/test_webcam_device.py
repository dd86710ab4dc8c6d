"""A webcam as the system gives it: FFmpeg's and OpenCV's own code reads a Video4Linux device.

The device is a small library that is loaded before all others and answers for /dev/video0.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
import pytest

from tests.synthetic import HANG_S

COUNT, STEP = 24, 10
COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None, reason="needs Linux and a C compiler"
)
READ = """
import json, sys, time
from srfer.realtime.sources import LiveOptions, LiveSource
from srfer.realtime.sources.reconnect import ReconnectPolicy
from srfer.realtime.sources.webcam import OpenCvOpener, WebcamRequest, open_webcam
request = WebcamRequest("/dev/video0")
if sys.argv[1] == "ffmpeg":
    source = open_webcam(request)
else:
    opener = OpenCvOpener("webcam", request, time.monotonic)
    policy = ReconnectPolicy(longest_delay_s=1.0)
    source = LiveSource("webcam", opener, LiveOptions(read_timeout_s=2.0), policy=policy)
with source:
    for frame in source:
        level = float(frame.luma.levels.mean())
        told = {"index": frame.index, "level": level, "pts": float(frame.pts)}
        size = frame.width, frame.height
        print(json.dumps(told | {"size": size, "back": source.health.reconnects}), flush=True)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("webcam") / "webcam_device.so"
    code = Path(__file__).with_name("webcam_device.c")
    assert COMPILER is not None
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wno-nonnull-compare", "-Werror"]
    subprocess.run([COMPILER, *options, code, "-o", built, "-ldl"], check=True, timeout=HANG_S)
    return built


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for index in range(COUNT):
        flat = np.full((480, 640, 3), index * STEP, np.uint8)
        cv2.imwrite(str(tmp_path / f"{index:04}.jpg"), flat)
    return tmp_path


@contextmanager
def reading(library: Path, pictures: Path, how: str) -> Iterator[IO[str]]:
    """What a process that reads the webcam says, a line a frame."""
    settings = {"WEBCAM_PICTURES": str(pictures), "WEBCAM_COUNT": str(COUNT)}
    child = subprocess.Popen(
        [sys.executable, "-c", READ, how],
        env={**os.environ, **settings, "LD_PRELOAD": str(library)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert child.stdout is not None
        yield child.stdout
    finally:
        child.kill()
        child.communicate()


def take(said: IO[str], count: int) -> list[dict[str, Any]]:
    return [json.loads(said.readline()) for _ in range(count)]


def shown(frame: dict[str, Any]) -> int:
    """Which of the pictures a frame shows."""
    assert frame["size"] == [640, 480]
    assert abs(frame["level"] / STEP - round(frame["level"] / STEP)) < 0.25
    level: float = frame["level"]
    return round(level / STEP)


@pytest.mark.parametrize("how", ["ffmpeg", "opencv"])
def test_a_webcam_is_read_and_comes_back_when_it_is_plugged_in_again(
    library: Path, pictures: Path, how: str
) -> None:
    with reading(library, pictures, how) as said:
        frames = take(said, 30)
        (pictures / "gone").touch()
        give_up_s = time.monotonic() + HANG_S
        while not (pictures / "missed").exists():  # until it is looked for in vain
            assert time.monotonic() < give_up_s
            time.sleep(0.02)
        (pictures / "gone").unlink()
        while frames[-1]["back"] == 0:
            frames += take(said, 1)
        frames += take(said, 20)
    steps = [(shown(b) - shown(a)) % COUNT for a, b in itertools.pairwise(frames)]
    # A picture may be passed over where the reader is late; none comes twice or out of order.
    assert all(1 <= step < COUNT // 2 for step in steps)
    assert sorted(steps)[len(steps) // 2] == 1
    times_s = [frame["pts"] for frame in frames]
    assert all(before < after for before, after in itertools.pairwise(times_s))
    assert [frame["index"] for frame in frames] == sorted({frame["index"] for frame in frames})
    assert frames[-1]["back"] == 1
