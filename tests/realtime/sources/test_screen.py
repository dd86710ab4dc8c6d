"""The screen is read as it is, by region, on a real X server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.realtime import Frame
from srfer.realtime.sources import LiveOptions, LiveSource
from srfer.realtime.sources.screen import (
    Region,
    ScreenRequest,
    find_screen,
    open_screen,
    parse_screen,
)

WIDTH_PX, HEIGHT_PX = 320, 240

DRAW = """
import sys
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPainter, QPixmap
from PyQt6.QtWidgets import QApplication, QWidget
class Squares(QWidget):
    def paintEvent(self, event):
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(10, 20, 30))
        painter.fillRect(100, 50, 40, 30, QColor(200, 100, 50))
        painter.end()
        print("drawn", flush=True)
application = QApplication([])
window = Squares(flags=Qt.WindowType.X11BypassWindowManagerHint)
window.setGeometry(0, 0, 320, 240)
window.show()
application.exec()
"""


@pytest.fixture(scope="module")
def x_server() -> Iterator[Mapping[str, str]]:
    """The variables of an X server without a screen, that belongs to the tests."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs an X server: apt-get install xvfb")
    command = ["Xvfb", "-displayfd", "1", "-noreset", "-nolisten", "tcp"]
    command += ["-screen", "0", f"{WIDTH_PX}x{HEIGHT_PX}x24"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        yield {"DISPLAY": ":" + server.stdout.readline().strip()}
    finally:
        server.terminate()
        server.communicate()


def one_frame(source: LiveSource) -> Frame:
    with source:
        return next(iter(source))


def test_the_whole_screen(x_server: Mapping[str, str]) -> None:
    with open_screen(ScreenRequest(), environ=x_server) as source:
        frames = [frame for frame, _ in zip(source, range(3), strict=False)]
        assert (source.info.width, source.info.height) == (WIDTH_PX, HEIGHT_PX)
        assert source.info.rate == 15
        assert source.info.is_live
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert {frame.source_id for frame in frames} == {"screen:"}
    assert all(frame.image.shape == (HEIGHT_PX, WIDTH_PX, 3) for frame in frames)
    assert frames[0].pts is not None
    assert frames[2].pts is not None
    assert frames[0].pts < frames[2].pts


def test_pixels_are_those_that_a_program_draws(x_server: Mapping[str, str]) -> None:
    pytest.importorskip("PyQt6.QtWidgets", reason="needs PyQt6: pip install 'srfer[gui]'")
    environ = {**x_server, "QT_QPA_PLATFORM": "xcb", "PATH": ""}
    program = subprocess.Popen(
        [sys.executable, "-c", DRAW],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        if "drawn" not in program.stdout.readline():
            assert program.stderr is not None
            pytest.skip(f"Qt cannot draw on X here: {program.stderr.read()[-200:]}")
        request = parse_screen("screen:60x40+90+45@30")
        assert request is not None
        source = open_screen(request, environ=x_server)
        expected = np.full((40, 60, 3), (10, 20, 30), np.uint8)
        expected[5:35, 10:50] = (200, 100, 50)
        with source:  # what Qt has drawn is on the screen a moment later
            is_there = any(
                np.array_equal(frame.image, expected)
                for frame, _ in zip(source, range(60), strict=False)
            )
        assert is_there
        assert source.info.rate == 30
    finally:
        program.terminate()
        program.communicate()


def test_a_region_beyond_the_screen_is_said(x_server: Mapping[str, str]) -> None:
    request = ScreenRequest(Region(300, 0, 100, 100))
    source = open_screen(request, LiveOptions(max_retries=0), environ=x_server)
    with pytest.raises(SourceError, match=r"screen:100x100\+300\+0: this region is not") as caught:
        one_frame(source)
    assert caught.value.fault is SourceFault.UNSUPPORTED


@pytest.mark.skipif(sys.platform != "linux", reason="X11")
@pytest.mark.parametrize(
    ("environ", "said", "fault"),
    [
        ({"DISPLAY": ":9753"}, "the X server does not answer", SourceFault.UNREACHABLE),
        ({}, "DISPLAY is not set", SourceFault.MISSING),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "Wayland", SourceFault.UNSUPPORTED),
    ],
)
def test_what_cannot_be_read_says_why(
    environ: dict[str, str], said: str, fault: SourceFault
) -> None:
    source = open_screen(ScreenRequest(), LiveOptions(max_retries=0), environ=environ)
    with pytest.raises(SourceError, match=said) as caught:
        one_frame(source)
    assert caught.value.fault is fault


def test_text() -> None:
    assert parse_screen("screen:") == ScreenRequest()
    assert parse_screen("screen:@30") == ScreenRequest(rate=30)
    region = Region(100, 50, 640, 480)
    assert parse_screen("screen:640x480+100+50") == ScreenRequest(region)
    assert parse_screen("screen:640x480+100+50@5") == ScreenRequest(region, 5)
    assert str(ScreenRequest(region, 5)) == "screen:640x480+100+50"
    assert parse_screen("clip.mp4") is None


@pytest.mark.parametrize(
    "text", ["screen:640x480", "screen:0", "screen:8x8+0+0", "screen:@0", "screen:1x1+-1+0"]
)
def test_wrong_text_is_explained(text: str) -> None:
    with pytest.raises(ConfigError, match="screen:"):
        parse_screen(text)


def test_other_systems_are_asked_in_their_own_way() -> None:
    request = ScreenRequest(Region(100, 50, 640, 480), 20)
    windows = find_screen(request, {}, "win32")
    assert (windows.format, windows.file) == ("gdigrab", "desktop")
    assert windows.options == {
        "framerate": "20",
        "offset_x": "100",
        "offset_y": "50",
        "video_size": "640x480",
    }
    mac = find_screen(request, {}, "darwin")
    assert (mac.format, mac.crop) == ("avfoundation", request.region)
