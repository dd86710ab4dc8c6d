"""The overlay on a real X server without a compositor, over another window."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SHOW = """
import ctypes, json, time
import numpy as np
from PyQt6.QtCore import QRect, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget
from srfer.gui.app import make_application
from srfer.gui.overlay_window import OverlayWindow
from srfer.gui.theme import colour_of
from srfer.realtime import Box, Frame, FrameResult
from tests.clips import expression, face

X, SHAPE = ctypes.CDLL("libxcb.so.1"), ctypes.CDLL("libxcb-shape.so.0")
X.xcb_connect.restype = SHAPE.xcb_shape_get_rectangles_reply.restype = ctypes.c_void_p
connection = ctypes.c_void_p(X.xcb_connect(None, None))

def rectangles_for_mouse(window):
    asked = SHAPE.xcb_shape_get_rectangles(connection, ctypes.c_uint(window), ctypes.c_uint(2))
    reply = SHAPE.xcb_shape_get_rectangles_reply(connection, ctypes.c_uint(asked), None)
    return SHAPE.xcb_shape_get_rectangles_rectangles_length(ctypes.c_void_p(reply))

def main():
    app = make_application()
    film = QWidget(None, Qt.WindowType.FramelessWindowHint)
    film.setStyleSheet("background: #0a141e")
    film.setGeometry(0, 0, 400, 300)
    film.show()
    QTest.qWaitForWindowExposed(film)
    overlay = OverlayWindow(QRect(40, 20, 320, 240))
    overlay.show()
    frame = Frame("screen", 0, 0.0, None, np.zeros((240, 320, 3), np.uint8))
    faces = (face(1, Box(100, 100, 160, 160), expression("anger", 0.9)),)
    overlay.show_result(FrameResult(frame, faces))
    screen = QGuiApplication.primaryScreen()

    ink = colour_of("anger").name()

    def look():
        image = screen.grabWindow(0).toImage()
        beside, inside = image.pixelColor(50, 250).name(), image.pixelColor(170, 150).name()
        edge = [image.pixelColor(x, y).name() for x in range(120, 160) for y in range(100, 112)]
        return beside, inside, edge.count(ink)

    deadline_s = time.monotonic() + 30
    while look()[2] == 0 and time.monotonic() < deadline_s:
        QTest.qWait(20)
    beside, inside, inked = look()
    mouse = [rectangles_for_mouse(int(one.winId())) for one in (film, overlay)]
    print(json.dumps({"beside": beside, "inside": inside, "inked": inked, "mouse": mouse}))
    overlay.close()
    film.close()

main()
"""


@pytest.fixture
def x_server() -> Iterator[Mapping[str, str]]:
    """The variables of an X server without a screen, that belongs to the test."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs an X server: apt-get install xvfb")
    command = ["Xvfb", "-displayfd", "1", "-noreset", "-nolisten", "tcp", "-screen", "0"]
    server = subprocess.Popen(
        [*command, "400x300x24"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        yield {"DISPLAY": ":" + server.stdout.readline().strip()}
    finally:
        server.terminate()
        server.communicate()


def test_the_film_is_seen_and_clicked_through_the_overlay(x_server: Mapping[str, str]) -> None:
    environ = {**os.environ, **x_server, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    environ["WAYLAND_DISPLAY"] = ""
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env=environ, check=False, capture_output=True, text=True
    )
    if "could not connect to display" in done.stderr or "xcb-cursor0" in done.stderr:
        pytest.skip(f"Qt cannot draw on X here: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["beside"] == seen["inside"] == "#0a141e", "the film is hidden"
    assert seen["inked"] > 10, "no mark is seen"
    assert seen["mouse"] == [1, 0], "clicks do not reach what lies below"
