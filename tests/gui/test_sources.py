"""Files that are played, streams that are not there, and the screen."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, QRect, Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from srfer.gui.feeds import Kind, choose
from srfer.gui.main_window import MainWindow
from srfer.gui.overlay_window import MARGIN, OverlayWindow
from srfer.gui.region_picker import RegionPicker
from srfer.gui.session import Phase
from srfer.gui.settings import SettingsFile
from srfer.gui.stream_dialog import StreamDialog

from .conftest import WAIT_MS, MakeWindow
from .sources import CAMERA, Camera, feeds
from .test_window import phase, shown

CANARY = "S3cr3t-pw"


@pytest.fixture
def playing(make_window: MakeWindow, clip: Path, qtbot: QtBot) -> MainWindow:
    """A window that plays a clip of two seconds."""
    window = make_window()
    window.open_text(str(clip))
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    return window


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def position_s(window: MainWindow) -> float:
    result = window.panels.picture.result
    assert result is not None
    assert result.frame.pts is not None
    return float(result.frame.pts)


def test_a_file_is_moved_about_in(playing: MainWindow, qtbot: QtBot) -> None:
    bar = playing.panels.transport
    assert bar.isVisible()
    bar.play.click()
    qtbot.waitUntil(lambda: phase(playing) is Phase.PAUSED, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bar.play.accessibleName() == "Play", timeout=WAIT_MS)
    bar.place.setValue(20)
    qtbot.waitUntil(lambda: position_s(playing) == 1.0, timeout=WAIT_MS)
    qtbot.keyClick(playing, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: position_s(playing) == 0.0, timeout=WAIT_MS)
    assert phase(playing) is Phase.PAUSED
    qtbot.keyClick(playing, Qt.Key.Key_BracketLeft)
    session = playing.desk.session
    assert session is not None
    assert session.player is not None
    assert session.player.speed == 0.5
    bar.speed.setCurrentIndex(bar.speed.findData(4.0))
    assert session.player.speed == 4.0
    bar.play.click()
    qtbot.waitUntil(lambda: phase(playing) is Phase.ENDED, timeout=WAIT_MS)


def test_what_has_ended_begins_again(playing: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: phase(playing) is Phase.ENDED, timeout=WAIT_MS)
    before = playing.desk.session
    qtbot.keyClick(playing, Qt.Key.Key_Space)
    assert playing.desk.session is not before
    qtbot.waitUntil(lambda: shown(playing), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: phase(playing) is Phase.ENDED, timeout=WAIT_MS)
    playing.panels.transport.time_chosen.emit(1.0)
    qtbot.waitUntil(lambda: shown(playing) and position_s(playing) >= 1.0, timeout=WAIT_MS)


def test_the_cursor_of_the_timeline_moves_the_file(playing: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: playing.timeline is not None, timeout=WAIT_MS)
    playing.orders.play()
    qtbot.waitUntil(lambda: phase(playing) is Phase.PAUSED, timeout=WAIT_MS)
    assert playing.timeline is not None
    playing.timeline.time_chosen.emit(0.52)
    qtbot.waitUntil(lambda: position_s(playing) == 0.52, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: playing.timeline.cursor_s == 0.52, timeout=WAIT_MS)  # type: ignore[union-attr]


def test_a_camera_has_no_transport_and_shows_the_age_of_its_labels(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    camera = Camera()
    window = make_window(opened=feeds(camera))
    window.open_choice(CAMERA)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.panels.picture.has_age, timeout=WAIT_MS)
    assert not window.panels.transport.isVisible()
    assert not window.actions_["forward"].isEnabled()


def test_a_still_picture_is_shown(make_window: MakeWindow, qtbot: QtBot, tmp_path: Path) -> None:
    import cv2

    from .sources import picture

    path = tmp_path / "face.png"
    cv2.imwrite(str(path), picture()[:, :, ::-1])
    window = make_window()
    window.open_text(str(path))
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    assert not window.panels.transport.isVisible()


def test_a_password_is_nowhere(
    make_window: MakeWindow,
    qtbot: QtBot,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    silent_port: int,
) -> None:
    window = make_window()
    file = SettingsFile(tmp_path / "live.ini")
    window.preferences_changed.connect(file.save)
    dialog = StreamDialog("", window)
    dialog.address.setText(f"rtsp://127.0.0.1:{silent_port}/stream")
    dialog.user.setText("me@home")
    dialog.password.setText(f"{CANARY}/?#@:")
    assert CANARY in dialog.text
    with caplog.at_level(logging.DEBUG):
        window.open_text(dialog.text)
        qtbot.waitUntil(lambda: phase(window) is Phase.OPENING, timeout=WAIT_MS)
        said = [window.windowTitle(), window.panels.picture.accessibleDescription()]
        window.open_text(f"rtsp://admin:{CANARY}@127.0.0.1:1/stream")
        qtbot.waitUntil(lambda: phase(window) is Phase.LOST, timeout=WAIT_MS)
    qtbot.waitUntil(
        lambda: "lost" in window.panels.picture.accessibleDescription(), timeout=WAIT_MS
    )
    session = window.desk.session
    assert session is not None
    captured = capsys.readouterr()
    said += [
        window.windowTitle(),
        window.panels.source_bar.title.text(),
        window.panels.source_bar.state.toolTip(),
        window.panels.picture.accessibleDescription(),
        repr(session.choice),
        repr(session.status()),
        json.dumps(window.desk.preferences.recent),
        window.desk.new_name(session.choice),
        file.path.read_text(encoding="utf-8"),
        caplog.text,
        captured.out,
        captured.err,
    ]
    assert not [text for text in said if "S3cr3t" in text]
    assert window.desk.preferences.recent[0] == "rtsp://127.0.0.1:1/stream"


def test_recent_sources_are_offered_and_streams_ask_for_their_password_again(
    make_window: MakeWindow, clip: Path, qtbot: QtBot
) -> None:
    window = make_window()
    bar = window.panels.source_bar
    bar.show_recent((str(clip), "rtsp://camera/stream", "rtsp://[broken"))
    bar.fill_menu()
    texts = {action.text(): action for action in bar.menu.actions()}
    asked: list[str] = []
    bar.stream_wanted.disconnect()
    bar.stream_wanted.connect(asked.append)
    texts["rtsp://camera/stream"].trigger()
    assert asked == ["rtsp://camera/stream"]
    texts["smile.mp4"].trigger()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)


def test_a_region_is_picked_with_the_mouse(qtbot: QtBot, qapp: QApplication) -> None:
    picker = RegionPicker()  # which deletes itself when it is closed
    picked: list[QRect] = []
    picker.picked.connect(picked.append)
    picker.show()
    at = picker.geometry().topLeft()
    qtbot.mousePress(picker, Qt.MouseButton.LeftButton, pos=QPoint(20, 30))
    qtbot.mouseMove(picker, QPoint(25, 35))
    qtbot.mouseRelease(picker, Qt.MouseButton.LeftButton, pos=QPoint(25, 35))
    assert not picked, "too small to be meant"
    qtbot.mousePress(picker, Qt.MouseButton.LeftButton, pos=QPoint(320, 230))
    qtbot.mouseMove(picker, QPoint(20, 30))
    qtbot.mouseRelease(picker, Qt.MouseButton.LeftButton, pos=QPoint(20, 30))
    assert picked == [QRect(20, 30, 300, 200).translated(at)]


def test_the_overlay_is_only_marks_and_lets_the_mouse_through(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    camera = Camera()
    window = make_window(opened=feeds(camera))
    assert not window.actions_["overlay"].isEnabled()
    window.open_choice(choose("screen:320x240+10+20"))
    assert window.region == QRect(10, 20, 320, 240)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    qtbot.waitUntil(window.actions_["overlay"].isEnabled, timeout=WAIT_MS)
    window.actions_["overlay"].trigger()
    overlay = window.overlay
    assert isinstance(overlay, OverlayWindow)
    assert not overlay.mask().intersects(overlay.rect()), "something is seen before there are marks"
    assert overlay.geometry() == window.region
    for flag in ("FramelessWindowHint", "WindowStaysOnTopHint", "WindowTransparentForInput"):
        assert overlay.windowFlags() & getattr(Qt.WindowType, flag)
    before = window.panels.picture.result
    camera.deliver()
    qtbot.waitUntil(lambda: window.panels.picture.result is not before, timeout=WAIT_MS)
    image = overlay.grab().toImage()
    corner, (mark,) = image.pixelColor(2, 2), window.panels.picture.marks()
    assert corner.alpha() == 0
    box = mark.source
    face = QRect(*map(round, (box.left, box.top, box.width, box.height)))
    assert not overlay.mask().isEmpty()
    assert not overlay.mask().intersects(face), "the marks are read together with the face"
    by = MARGIN * box.height
    at = QPoint(round(box.left - by), round(box.top - by))
    assert image.pixelColor(at).alpha() > 0
    window.actions_["overlay"].trigger()
    assert window.overlay is None


def test_kinds_of_sources(tmp_path: Path) -> None:
    for text, kind in (
        ("webcam:0", Kind.WEBCAM),
        ("screen:", Kind.SCREEN),
        ("synthetic:faces=2", Kind.SYNTHETIC),
        ("http://camera/video", Kind.STREAM),
        (str(tmp_path), Kind.FILE),
    ):
        assert choose(text).kind is kind
