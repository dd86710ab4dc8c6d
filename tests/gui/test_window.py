"""The window on a real clip: what is seen, and what every control does."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from srfer.gui.about import AboutDialog, NoticeDialog
from srfer.gui.app import begin
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Preferences, Privacy, Theme
from srfer.gui.session import Phase
from srfer.gui.settings_dialog import SettingsDialog
from srfer.gui.shortcut_sheet import ShortcutSheet
from srfer.gui.theme import is_dark
from srfer.realtime.veil import Veil
from tests.clips import video_images

from .conftest import WAIT_MS, MakeWindow
from .sources import CAMERA, Camera, feeds

T = TypeVar("T", bound=QWidget)


def shown(window: MainWindow) -> bool:
    result = window.panels.picture.result
    return result is not None and bool(result.faces)


def phase(window: MainWindow) -> Phase | None:
    return window.panels.source_bar.state.phase


def contrast(image: np.ndarray) -> float:
    """Variance over the places of a picture, not over its colours."""
    return float(image.var(axis=(0, 1)).mean())


def dialog(kind: type[T]) -> T:
    (found,) = [one for one in QApplication.topLevelWidgets() if isinstance(one, kind)]
    return found


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
def window(make_window: MakeWindow, camera: Camera, qtbot: QtBot) -> MainWindow:
    """A window that shows a camera's first frame, with a face."""
    made = make_window(opened=feeds(camera, Camera(), Camera()))
    made.open_choice(CAMERA)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(made), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: phase(made) is Phase.LIVE, timeout=WAIT_MS)
    return made


def test_a_clip_is_played_read_and_remembered(
    make_window: MakeWindow, clip: Path, qtbot: QtBot
) -> None:
    window = make_window()
    window.open_text(str(clip))
    assert window.windowTitle().startswith("smile.mp4")
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(window.panels.faces.cards), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: phase(window) is Phase.ENDED, timeout=WAIT_MS)
    (card,) = window.panels.faces.cards.values()
    assert card.reading is not None
    assert card.reading.label == "happiness"
    assert card.reading.restored is not None
    assert "happiness" in card.accessibleName()
    session = window.desk.session
    assert session is not None
    course = session.history.course(1)
    assert course is not None
    assert len(course.times_s) > 10
    assert window.desk.preferences.recent == (str(clip.absolute()),)
    qtbot.waitUntil(lambda: window.timeline is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.timeline.selected == 1, timeout=WAIT_MS)  # type: ignore[union-attr]


def test_the_timeline_is_saved_as_table_and_picture(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    qtbot.waitUntil(lambda: window.timeline is not None, timeout=WAIT_MS)
    table = tmp_path / "new" / "line.csv"
    window.orders.save_timeline(table)
    qtbot.waitUntil(table.exists, timeout=WAIT_MS)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert rows[0]["track"] == "1"
    assert float(rows[0]["happiness"]) > 0.5
    picture = tmp_path / "line.png"
    window.orders.save_timeline(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    window.orders.save_timeline(picture / "below_a_file.csv")
    qtbot.waitUntil(lambda: "below_a_file.csv" in window.panels.banner.text, timeout=WAIT_MS)


def test_the_window_fits_a_small_screen(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.timeline is not None, timeout=WAIT_MS)
    window.timeline.show_bands()  # type: ignore[union-attr]
    least = window.minimumSizeHint()
    assert least.width() <= 1280
    assert least.height() <= 720


def test_a_file_that_is_dropped_is_opened(
    make_window: MakeWindow, clip: Path, qtbot: QtBot
) -> None:
    window = make_window()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(clip))])
    window.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)


def test_pause_and_go_on(window: MainWindow, camera: Camera, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: phase(window) is Phase.PAUSED, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: phase(window) is Phase.LIVE, timeout=WAIT_MS)
    before = window.panels.picture.result
    camera.deliver()
    qtbot.waitUntil(lambda: window.panels.picture.result is not before, timeout=WAIT_MS)


def test_record_and_snapshot(
    window: MainWindow, camera: Camera, qtbot: QtBot, tmp_path: Path
) -> None:
    session = window.desk.session
    assert session is not None
    folder = tmp_path / "recordings"
    assert not folder.exists()
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: session.recorder.recording is not None, timeout=WAIT_MS)
    qtbot.waitUntil(window.actions_["record"].isChecked, timeout=WAIT_MS)
    for count in range(1, 6):
        camera.deliver()
        qtbot.waitUntil(lambda n=count: session.recorder.recording.frames >= n, timeout=WAIT_MS)  # type: ignore[union-attr, misc]
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: not session.recorder.recording.is_open, timeout=WAIT_MS)  # type: ignore[union-attr]
    recording = session.recorder.recording
    assert recording is not None
    assert len(video_images(recording.videos[0])) == recording.frames == 5
    assert len(recording.lines.read_text(encoding="utf-8").splitlines()) == 5
    qtbot.keyClick(window, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: len(list(folder.glob("*.png"))) == 1, timeout=WAIT_MS)


def test_faces_are_hidden_in_what_is_shown(
    window: MainWindow, camera: Camera, qtbot: QtBot
) -> None:
    session = window.desk.session
    assert session is not None
    before = window.panels.picture.result
    assert before is not None
    box = before.faces[0].track.face.box
    region = tuple(slice(int(a), int(b)) for a, b in ((box.top, box.bottom), (box.left, box.right)))
    qtbot.keyClick(window, Qt.Key.Key_P)
    assert session.hiding is Veil.PIXELATE
    camera.deliver()
    qtbot.waitUntil(lambda: window.panels.picture.result is not before, timeout=WAIT_MS)
    after = window.panels.picture.result
    assert after is not None
    assert contrast(after.frame.image[region]) < 0.1 * contrast(before.frame.image[region])
    assert after.faces[0].expression is not None
    assert after.faces[0].expression.restored is None
    assert window.desk.preferences.privacy is Privacy.PIXELATE


def test_the_performance_panel_shows_what_happens_and_what_there_is(
    window: MainWindow, qtbot: QtBot
) -> None:
    panel = window.panels.performance
    dock = panel.parentWidget()
    assert dock is not None
    dock.raise_()
    qtbot.waitUntil(lambda: panel.device.findData("cpu") > 0, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "captured" in panel.figures.accessibleDescription(), timeout=WAIT_MS)
    assert panel.device.findData("coreml") < 0
    assert "coreml" in panel.device.toolTip()


def test_faces_are_chosen_in_the_picture_on_the_card_and_by_key(
    window: MainWindow, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: bool(window.panels.faces.cards), timeout=WAIT_MS)
    picture = window.panels.picture
    (mark,) = picture.marks()
    x, y = mark.box.center
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=QPointF(x, y).toPoint())
    assert window.selected == mark.reading.track_id
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton, pos=QPointF(2, 2).toPoint())
    assert window.selected == 0
    qtbot.waitUntil(window.actions_["next_face"].isEnabled, timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert window.selected == mark.reading.track_id
    window.choose_face(0)
    (card,) = window.panels.faces.cards.values()
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert window.selected == mark.reading.track_id


def test_what_is_drawn_can_be_turned_off(window: MainWindow, qtbot: QtBot) -> None:
    picture = window.panels.picture
    for key, name in ((Qt.Key.Key_K, "marks"), (Qt.Key.Key_L, "loupe"), (Qt.Key.Key_N, "notice")):
        before = picture.grab().toImage()
        qtbot.keyClick(window, key)
        assert not getattr(window.desk.preferences, f"has_{name}")
        assert not getattr(picture, f"has_{name}")
        if name != "loupe":  # this face is too large for one
            assert picture.grab().toImage() != before


def test_zooming_by_key_and_back(window: MainWindow, qtbot: QtBot) -> None:
    picture = window.panels.picture
    qtbot.keyClick(window, Qt.Key.Key_Plus)
    qtbot.keyClick(window, Qt.Key.Key_Plus)
    assert picture.viewport is not None
    assert picture.viewport.zoom > 1.5
    qtbot.keyClick(window, Qt.Key.Key_Minus)
    qtbot.keyClick(window, Qt.Key.Key_0)
    assert picture.viewport.zoom == 1


def test_settings_are_applied_at_once_and_kept(window: MainWindow, qtbot: QtBot) -> None:
    kept: list[Preferences] = []
    window.preferences_changed.connect(kept.append)
    window.actions_["settings"].trigger()
    asked = dialog(SettingsDialog)
    asked.theme.setCurrentIndex(asked.theme.findData("dark"))
    asked.privacy.setCurrentIndex(asked.privacy.findData("blur"))
    asked.notice.setChecked(False)
    asked.accept()
    assert is_dark()
    assert kept[-1].theme is Theme.DARK
    assert kept[-1].privacy is Privacy.BLUR
    assert not window.panels.picture.has_notice
    window.apply(replace(window.desk.preferences, theme=Theme.LIGHT))
    assert not is_dark()


def test_every_action_has_a_shortcut_of_its_own_and_is_on_the_sheet(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    window = make_window()
    actions = [action for action in window.actions_.all() if action.isVisible()]
    keys = [key.toString() for action in actions for key in action.shortcuts()]
    assert len(keys) == len(set(keys)) >= len(actions)
    window.actions_["shortcuts"].trigger()
    sheet = dialog(ShortcutSheet)
    texts = {label.text() for label in sheet.findChildren(QLabel)}
    assert set(keys) <= texts
    sheet.close()
    window.actions_["about"].trigger()
    dialog(AboutDialog).close()


def test_all_controls_have_names_for_screen_readers(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.timeline is not None, timeout=WAIT_MS)
    window.actions_["settings"].trigger()
    for kind in (QAbstractButton, QComboBox, QLineEdit, QSlider):
        for control in window.findChildren(kind):
            named = control.accessibleName() or getattr(control, "text", str)()
            is_qt_own = control.objectName().startswith("qt_") or not control.isVisible()
            assert named or is_qt_own, f"{type(control).__name__} {control.toolTip()!r}"
    dialog(SettingsDialog).close()


def test_the_notice_comes_before_anything_is_analysed_and_once(
    make_window: MakeWindow, clip: Path, qtbot: QtBot
) -> None:
    window = make_window(Preferences())
    begin(window, str(clip))
    notice = window.findChild(NoticeDialog)
    assert notice is not None
    assert window.desk.session is None
    notice.accept()
    assert window.desk.preferences.has_agreed
    assert window.windowTitle().startswith("smile.mp4")
    notice.deleteLater()


def test_who_does_not_agree_does_not_begin(
    make_window: MakeWindow, clip: Path, qtbot: QtBot
) -> None:
    window = make_window(Preferences())
    begin(window, str(clip))
    notice = window.findChild(NoticeDialog)
    assert notice is not None
    notice.reject()
    assert not window.isVisible()
    assert window.desk.session is None
    assert not window.desk.preferences.has_agreed


def test_what_cannot_be_opened_is_said_and_what_is_open_stays(
    window: MainWindow, qtbot: QtBot
) -> None:
    before = window.desk.session
    window.open_text("   ")
    assert "no source was named" in window.panels.banner.text
    assert window.desk.session is before
    window.panels.banner.close_button.click()
    assert not window.panels.banner.isVisible()
