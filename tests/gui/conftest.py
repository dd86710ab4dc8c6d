"""A real window on real clips, offscreen, and nothing left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PyQt6.QtCore import QEvent, QEventLoop
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from srfer.gui.app import make_application
from srfer.gui.desk import Desk
from srfer.gui.feeds import Choice, Feed, open_feed
from srfer.gui.garbage import Collector
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Preferences
from srfer.gui.shelf import Shelf
from srfer.realtime.demo.clip import load_portrait

MakeWindow = Callable[..., MainWindow]
WAIT_MS = 60_000
"""Nothing takes long; but an export steps back, and on a busy machine waits for its turn."""


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    return make_application()


@pytest.fixture(scope="package", autouse=True)
def _collector(qapp: QApplication) -> Iterator[None]:
    """Garbage of Qt is collected where the app does it too."""
    collector = Collector()
    collector.install()
    yield
    collector.uninstall()


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """Models that all tests share."""
    return Shelf()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a smiling face of 55 pixels that moves to and fro."""
    path = tmp_path_factory.mktemp("clips") / "smile.mp4"
    portrait = load_portrait()[0:256, 96:352]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(50):
            image = np.full((240, 320, 3), 120, np.uint8)
            x = 100 + round(20 * np.sin(index / 8))
            image[50:178, x : x + 128] = portrait[::2, ::2]
            container.mux(stream.encode(VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def make_window(qtbot: QtBot, tmp_path: Path, shelf: Shelf) -> Iterator[MakeWindow]:
    """Makes windows; when the test is over they are closed and nothing of them is left."""
    before = set(threading.enumerate())
    windows: list[MainWindow] = []

    def make(
        preferences: Preferences | None = None,
        opened: Callable[[Choice], Feed] = open_feed,
        **others: Any,
    ) -> MainWindow:
        wanted = preferences or Preferences(has_agreed=True)
        desk = Desk(wanted, tmp_path / "recordings", shelf=shelf, opened=opened, **others)
        window = MainWindow(desk)
        windows.append(window)
        window.show()
        return window

    yield make
    for window in windows:
        window.close()
        window.wait_closed(10)
        assert window.desk.wait_closed(5), "a session did not end"
        window.deleteLater()
    for _ in range(3):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert not left, f"threads left: {left}"
    assert QApplication.topLevelWidgets() == [], "widgets left"
