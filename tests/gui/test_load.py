"""A window that cannot keep up: old pictures are neither kept nor shown."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from srfer.gui.main_window import MainWindow
from srfer.realtime import Frame

from .conftest import WAIT_MS, MakeWindow
from .sources import CAMERA, Camera, feeds
from .test_window import shown

ROUNDS, BURST = 12, 4
MOST_KEPT = 6
"""What is shown, what it was scaled from, the newest result, and what the stages still hold."""


class Remembered(Camera):
    """Knows which of its pictures are still kept by somebody."""

    def __init__(self) -> None:
        super().__init__()
        self._pictures: list[weakref.ref[object]] = []

    @property
    def kept(self) -> int:
        return sum(picture() is not None for picture in self._pictures)

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self._pictures.append(weakref.ref(frame.image))
            yield frame


def processed(window: MainWindow) -> int:
    """How many frames were captured, once none is under way."""
    session = window.desk.session
    assert session is not None
    stats = session.status().stats
    return stats.captured if stats.in_flight == 0 else -1


def test_a_painting_that_takes_long_shows_the_newest_and_keeps_nothing(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Remembered()
    window = make_window(opened=feeds(camera))
    window.open_choice(CAMERA)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    picture = window.panels.picture
    painted: list[int] = []
    draw = picture._draw_message

    def draw_slowly(*arguments: object) -> None:
        time.sleep(0.05)
        assert picture.result is not None
        painted.append(picture.result.frame.index)
        draw(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(picture, "_draw_message", draw_slowly)
    picture.show_message("slow")  # so that it is drawn with every painting
    monkeypatch.setattr(picture, "show_message", lambda *_: None)
    count = 1
    for _ in range(ROUNDS):
        camera.deliver(BURST)
        count += BURST
        qtbot.waitUntil(lambda n=count: processed(window) == n, timeout=WAIT_MS)  # type: ignore[misc]
        session = window.desk.session
        assert session is not None
        newest = session.latest()
        assert newest is not None
        qtbot.waitUntil(lambda n=newest: picture.result is n, timeout=WAIT_MS)  # type: ignore[misc]
        picture.repaint()
        assert painted[-1] == newest.frame.index, "an old picture is shown"
        assert camera.kept <= MOST_KEPT
    assert painted == sorted(painted), "the window went back"
    assert count == ROUNDS * BURST + 1
