"""Webcams: what is there, which is meant, and what is said where it cannot be read.

There is no webcam where tests run, so pictures come from FFmpeg's test source and a file, through
the same openers.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.realtime import Pipeline, Policy
from srfer.realtime.sources import LiveOptions, LiveSource, SourceState
from srfer.realtime.sources.capture import Device, DeviceOpener
from srfer.realtime.sources.reconnect import ReconnectPolicy
from srfer.realtime.sources.stream_faults import Trouble
from srfer.realtime.sources.webcam import (
    OpenCvOpener,
    Webcam,
    WebcamFinder,
    WebcamRequest,
    find_webcam,
    list_webcams,
    open_webcam,
    parse_webcam,
)
from srfer.realtime.types import Frame
from tests.clips import Clip, FixedFace, picture
from tests.synthetic import HANG_S, Keep, check_books

LOGI = Webcam(0, "HD Pro Webcam C920", Path("/dev/video0"))
CHEAP = Webcam(2, "USB Camera: USB Camera", Path("/dev/video2"))
CHEAP_TOO = Webcam(4, "USB Camera: 2nd Camera", Path("/dev/video4"))


def plug_in(sysfs: Path, node: str, name: str, index: str | None = "0") -> None:
    (sysfs / node).mkdir(parents=True)
    (sysfs / node / "name").write_text(name + "\n")
    if index is not None:
        (sysfs / node / "index").write_text(index + "\n")


def test_listing_leaves_out_what_gives_no_video(tmp_path: Path) -> None:
    plug_in(tmp_path, "video10", "Last")
    plug_in(tmp_path, "video2", "USB Camera: USB Camera")
    plug_in(tmp_path, "video0", "HD Pro Webcam C920")
    plug_in(tmp_path, "video1", "HD Pro Webcam C920", index="1")  # its metadata
    plug_in(tmp_path, "video3", "Old driver", index=None)
    plug_in(tmp_path, "v4l-subdev0", "No camera")
    (tmp_path / "video4").mkdir()  # was unplugged just now
    assert [(cam.number, cam.name) for cam in list_webcams(tmp_path)] == [
        (0, "HD Pro Webcam C920"),
        (2, "USB Camera: USB Camera"),
        (3, "Old driver"),
        (4, "video4"),
        (10, "Last"),
    ]
    assert list_webcams(tmp_path)[1].path == Path("/dev/video2")
    assert list_webcams(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("0", LOGI),
        ("2", CHEAP),
        ("hd pro webcam c920", LOGI),
        ("C920", LOGI),
        ("2nd", CHEAP_TOO),
        ("/dev/video7", Webcam(-1, "/dev/video7", Path("/dev/video7"))),
    ],
)
def test_which_webcam_is_meant(which: str, expected: Webcam) -> None:
    assert find_webcam(which, (LOGI, CHEAP, CHEAP_TOO)) == expected


@pytest.mark.parametrize(
    ("which", "webcams", "said"),
    [
        (
            "1",
            (LOGI, CHEAP),
            r"webcam:1: there is no such webcam; there are: 0 \(HD Pro .*\), 2 \(",
        ),
        ("Brio", (), "webcam:Brio: there is no such webcam; there are: none"),
        ("usb", (LOGI, CHEAP, CHEAP_TOO), r"more than one is called so; there are: 2 .*, 4 \(USB"),
    ],
)
def test_what_is_not_there_is_said(which: str, webcams: tuple[Webcam, ...], said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        find_webcam(which, webcams)
    assert caught.value.fault is SourceFault.MISSING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", WebcamRequest("0")),
        ("webcam:0", WebcamRequest("0")),
        ("webcam:HD Pro Webcam C920", WebcamRequest("HD Pro Webcam C920")),
        ("webcam:0@1280x720", WebcamRequest("0", 1280, 720)),
        ("webcam:C920@1280x720@60", WebcamRequest("C920", 1280, 720, 60)),
        ("webcam:C920@15", WebcamRequest("C920", rate=15)),
        ("webcam:me@home", WebcamRequest("me@home")),
        ("webcam:/dev/video2", WebcamRequest("/dev/video2")),
        ("clip.mp4", None),
        ("12345", None),
        ("Webcam", None),
    ],
)
def test_text(text: str, expected: WebcamRequest | None) -> None:
    assert parse_webcam(text) == expected


@pytest.mark.parametrize("text", ["webcam:", "webcam:0@0x480", "webcam:0@640x480@0"])
def test_wrong_text_is_explained(text: str) -> None:
    with pytest.raises(ConfigError, match=r"webcam:0|needs a number or a name"):
        parse_webcam(text)


def test_a_webcam_that_comes_back_elsewhere_is_found_by_its_name() -> None:
    there = [(LOGI,), (), (Webcam(0, "Other", Path("/dev/video0")),), (CHEAP,)]
    there.append(
        (Webcam(0, "Other", Path("/dev/video0")), Webcam(1, LOGI.name, Path("/dev/video1")))
    )
    find = WebcamFinder(WebcamRequest("0"), lambda: there.pop(0))
    assert find().file == "/dev/video0"
    with pytest.raises(SourceError, match="no such webcam"):
        find()
    with pytest.raises(SourceError, match=r"C920 is gone, and 0 \(Other\) has its number"):
        find()
    with pytest.raises(SourceError, match="no such webcam"):
        find()
    assert find().file == "/dev/video1"


def test_compressed_pictures_are_asked_for_first() -> None:
    device = WebcamFinder(WebcamRequest("0", 1280, 720, 60), lambda: (LOGI,))()
    size = {"video_size": "1280x720", "framerate": "60"}
    assert device.tries == ({"input_format": "mjpeg", **size}, size, {})


@pytest.mark.parametrize(
    ("path", "said", "fault"),
    [
        ("/dev/video-none", "is not there; plug it in", SourceFault.MISSING),
        ("/dev/null", "is not a camera", SourceFault.UNSUPPORTED),
        ("/dev", "is not a camera", SourceFault.UNSUPPORTED),
    ],
)
def test_what_cannot_be_opened_says_why(path: str, said: str, fault: SourceFault) -> None:
    source = open_webcam(WebcamRequest(path), LiveOptions(max_retries=0))
    with source, pytest.raises(SourceError, match=f"webcam:{path}: {said}") as caught:
        next(iter(source))
    assert caught.value.fault is fault


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_device_that_may_not_be_opened_says_how_to(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.touch(0)
    source = open_webcam(WebcamRequest(str(path)), LiveOptions(max_retries=0))
    with source, pytest.raises(SourceError, match="usermod -aG video"):
        next(iter(source))


def lavfi(*graphs: str) -> LiveSource:
    """A live source of FFmpeg's own pictures: one graph for each time that it is opened."""
    left = list(graphs)

    def find() -> Device:
        if not left:
            raise SourceError("test: is not there", SourceFault.MISSING)
        return Device("lavfi", left.pop(0))

    opener = DeviceOpener("test", find, {}, time.monotonic)
    policy = ReconnectPolicy(first_delay_s=0.01, longest_delay_s=0.02)
    return LiveSource("test", opener, LiveOptions(max_retries=2), policy=policy)


def read_to_the_end(source: LiveSource) -> tuple[list[int], SourceError]:
    """The gray of each frame, and the error at the end."""
    grays: list[int] = []

    def read() -> None:
        for frame in source:
            grays.append(int(frame.image.mean()))

    with source, pytest.raises(SourceError) as caught:
        read()
    return grays, caught.value


def test_a_device_is_read_and_opened_again_when_it_was_lost() -> None:
    white = "color=white:size=64x48:rate=50:duration=0.2"
    black = "color=black:size=64x48:rate=50:duration=0.1"
    source = lavfi(white, black)
    grays, error = read_to_the_end(source)
    assert 1 <= grays.count(255) <= 10
    assert 1 <= grays.count(0) <= 5
    assert grays == sorted(grays, reverse=True)
    assert str(error) == "test: is not there"
    assert source.health.state is SourceState.ENDED


def first_size(device: Device) -> tuple[int, ...]:
    meanings = {errno.EINVAL: Trouble(SourceFault.UNSUPPORTED, "refuses")}
    with DeviceOpener("test", lambda: device, meanings, time.monotonic)() as arrivals:
        picture = next(a.picture for a in arrivals if a.picture is not None)
        return Frame("test", 0, 0.0, None, picture).image.shape


def test_another_way_is_tried_only_where_the_device_refuses(tmp_path: Path) -> None:
    refused = {"graph": "testsrc=size=nonsense"}
    large, small = {"graph": "testsrc=size=64x48"}, {"graph": "testsrc=size=32x16"}
    assert first_size(Device("lavfi", "", (refused, large, small))) == (48, 64, 3)
    with pytest.raises(SourceError, match="test: refuses"):
        first_size(Device("lavfi", "", (refused, refused)))
    missing = {"graph_file": str(tmp_path / "none")}
    with pytest.raises(SourceError, match="test: cannot be opened"):
        first_size(Device("lavfi", "", (missing, large)))
    with pytest.raises(SourceError, match="cannot read devices of the kind no-format"):
        first_size(Device("no-format", ""))


def test_opencv_reads_the_same_pictures(tmp_path: Path) -> None:
    clip = Clip(codec="mjpeg", pix_fmt="yuvj420p", time_base=Fraction(1, 25), ticks=range(5))
    path = clip.make(tmp_path / "camera.avi")
    opener = OpenCvOpener("webcam:0", WebcamRequest(str(path)), lambda: 3.0)
    images = []

    def read() -> None:
        with opener() as arrivals:
            for arrival in arrivals:
                assert arrival.arrived_s == 3.0
                images.append(arrival.picture)

    with pytest.raises(SourceError, match="webcam:0: gives no more pictures") as caught:
        read()
    assert caught.value.fault is SourceFault.DISCONNECTED
    assert images[0] is None  # the sign that it is open
    assert len(images) == 6
    for index, image in enumerate(images[1:]):
        assert isinstance(image, np.ndarray)
        assert np.median(np.abs(image.astype(int) - picture(index, 160, 120).astype(int))) < 8


def test_opencv_says_what_it_can(tmp_path: Path) -> None:
    opener = OpenCvOpener("webcam:x", WebcamRequest(str(tmp_path / "none.avi")), time.monotonic)
    with (
        pytest.raises(SourceError, match="webcam:x: cannot be opened: not there, in use"),
        opener(),
    ):
        pass
    with pytest.raises(ConfigError, match="known by number only"):
        OpenCvOpener("webcam:Name", WebcamRequest("Name"), time.monotonic)


@pytest.mark.usefixtures("threads_are_checked")
def test_a_webcam_that_is_pulled_out_is_lost_in_time_and_costs_nothing() -> None:
    """A12: it is LOST within 3 s, waits without using the processor, and stops at once."""
    pulled = threading.Event()
    looks = []

    def find() -> Device:
        looks.append(time.monotonic())
        if pulled.is_set():
            raise SourceError("test: is not there", SourceFault.MISSING)
        # `-re` would be the program's: the filter keeps the pace of a camera.
        return Device("lavfi", "color=gray:size=64x48:rate=25:duration=1,realtime")

    opener = DeviceOpener("test", find, {}, time.monotonic)
    source = LiveSource("test", opener, policy=ReconnectPolicy(longest_delay_s=3.0))
    keep = Keep()
    pipeline = Pipeline(source, [FixedFace()], [keep], policy=Policy.LIVE)
    pipeline.start()
    keep.seen.wait_for(1)
    pulled.set()
    deadline_s = time.monotonic() + HANG_S
    while source.health.state is not SourceState.LOST:
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.02)
    last_frame_s = keep.results[-1].frame.captured_s
    assert time.monotonic() - last_frame_s < 3
    # Of its own threads, which live on: what other tests have left in this process counts not.
    clocks = [
        time.pthread_getcpuclockid(thread.ident)
        for thread in threading.enumerate()
        if thread.name.startswith("pipeline:") and thread.ident is not None
    ]
    assert len(clocks) == 4
    started_s, used_s = time.monotonic(), sum(map(time.clock_gettime, clocks))
    threading.Event().wait(1.0)
    assert sum(map(time.clock_gettime, clocks)) - used_s < 0.05 * (time.monotonic() - started_s)
    assert len(looks) <= 4
    pipeline.stop()
    pipeline.join()
    check_books(pipeline.stats())
