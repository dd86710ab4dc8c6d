"""Exporting the whole file from the window."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QFocusEvent, QValidator
from PyQt6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from srfer.gui.export_dialog import ExportDialog
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Preferences, Privacy
from srfer.gui.settings import SettingsFile
from srfer.gui.time_box import TimeBox
from srfer.realtime.formats import Format

from .conftest import WAIT_MS, MakeWindow
from .test_window import dialog


def ask(window: MainWindow, clip: Path, out: Path, qtbot: QtBot) -> ExportDialog:
    """Open a clip and the dialogue about its export."""
    window.open_text(str(clip))
    qtbot.waitUntil(window.actions_["export"].isEnabled, timeout=WAIT_MS)
    session = window.desk.session
    assert session is not None
    player = session.player
    assert player is not None
    qtbot.waitUntil(lambda: player.duration_s is not None, timeout=WAIT_MS)
    window.actions_["export"].trigger()
    asked = dialog(ExportDialog)
    asked.folder.setText(str(out))
    return asked


def done(asked: ExportDialog, qtbot: QtBot) -> None:
    """Export, and wait for the end."""
    qtbot.mouseClick(asked.start, Qt.MouseButton.LeftButton)
    job = asked.job
    assert job is not None
    qtbot.waitUntil(lambda: not job.is_running, timeout=WAIT_MS)
    qtbot.waitUntil(asked.start.isEnabled, timeout=WAIT_MS)
    assert job.outcome is not None, job.error


def test_a_file_is_exported_while_the_window_goes_on(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window = make_window()
    window.open_text(str(clip))
    qtbot.waitUntil(window.actions_["export"].isEnabled, timeout=WAIT_MS)
    window.actions_["export"].trigger()
    asked = dialog(ExportDialog)
    asked.folder.setText(str(tmp_path / "out"))
    asked.formats[Format.VIDEO].setChecked(False)
    asked.start.click()
    assert asked.stop.isEnabled()
    qtbot.waitUntil(lambda: asked.job.outcome is not None, timeout=WAIT_MS)  # type: ignore[union-attr]
    qtbot.waitUntil(asked.start.isEnabled, timeout=WAIT_MS)
    manifest = json.loads((tmp_path / "out" / "smile" / "manifest.json").read_text())
    assert manifest["result"]["frames"] == 50
    asked.start.click()
    qtbot.waitUntil(lambda: "exists already" in asked.words.text(), timeout=WAIT_MS)
    asked.close()
    assert not asked.isVisible()


def test_an_export_that_is_stopped_leaves_nothing(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window = make_window()
    window.open_text(str(clip))
    qtbot.waitUntil(window.actions_["export"].isEnabled, timeout=WAIT_MS)
    window.actions_["export"].trigger()
    asked = dialog(ExportDialog)
    asked.folder.setText(str(tmp_path / "out"))
    asked.start.click()
    asked.stop.click()
    qtbot.waitUntil(lambda: not asked.job.is_running, timeout=WAIT_MS)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: "stopped" in asked.words.text(), timeout=WAIT_MS)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    asked.close()


def test_two_passes_over_a_part_with_all_outputs(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window = make_window(Preferences(has_agreed=True, privacy=Privacy.BLUR))
    file = SettingsFile(tmp_path / "live.ini")
    window.preferences_changed.connect(file.save)
    asked = ask(window, clip, tmp_path / "out", qtbot)
    assert asked.hide_faces.isChecked()
    assert asked.veil.currentText() == "blurred"
    for check in (*asked.formats.values(), asked.refine):
        if not check.isChecked():
            qtbot.mouseClick(check, Qt.MouseButton.LeftButton, pos=check.rect().center() / 8)
    asked.start_at.selectAll()
    qtbot.keyClicks(asked.start_at, "0:0.4")
    asked.end_at.setValue(1.2)
    done(asked, qtbot)
    folder = tmp_path / "out" / "smile"
    written = {path.name for path in folder.iterdir()}
    assert written == {
        "annotated.mp4",
        "frames.jsonl",
        "frames.csv",
        "labels.srt",
        "report.html",
        "manifest.json",
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["settings"]["refine"] is not None
    assert manifest["settings"]["anonymize"] == "blur"
    lines = [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]
    frames = [line for line in lines if "faces" in line]
    assert [frame["pts"] for frame in frames] == [n / 25 for n in range(10, 30)]
    faces = [face for frame in frames for face in frame["faces"]]
    assert len(faces) == 20, "one face in each frame, also in the first"
    assert {face["pass_one_track"] for face in faces} >= {1}
    assert asked.words.text().startswith("20 frames, 1 faces in ")
    kept, note = file.load()
    assert note == ""
    assert kept.export_refines
    assert kept.export_formats == ("video", "jsonl", "csv", "srt", "html")
    asked.close()
    window.actions_["export"].trigger()
    again = window.export_dialog
    assert again is not None
    assert again.refine.isChecked()
    assert all(check.isChecked() for check in again.formats.values())
    assert not again.force.isChecked(), "never kept: it destroys"
    again.close()


def test_what_is_impossible_is_said_at_once(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    asked = ask(make_window(), clip, tmp_path / "out", qtbot)
    asked.start_at.setValue(1.0)
    asked.end_at.setValue(0.5)
    asked.start.click()
    assert asked.words.text() == "the end (0.5 s) must be after the start (1 s)"
    asked.end_at.setValue(0)
    for check in asked.formats.values():
        check.setChecked(False)
    asked.start.click()
    assert asked.words.text() == "nothing to write: choose at least one output"
    assert asked.job is None
    assert not (tmp_path / "out").exists()
    asked.close()


def test_every_choice_has_a_name_and_its_turn_with_tab(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    asked = ask(make_window(), clip, tmp_path / "out", qtbot)
    for kind in (QAbstractButton, QLineEdit, QComboBox, TimeBox):
        for one in asked.findChildren(kind):
            if not isinstance(one.parent(), TimeBox):
                assert one.accessibleName() or one.property("text"), one
    asked.hide_faces.setChecked(True)
    choices = [one for one in asked._choices() if one.isEnabled()]
    order: list[QWidget] = []
    widget: QWidget | None = asked.nextInFocusChain()
    while widget is not None and widget is not asked:
        if widget in choices:
            order.append(widget)
        widget = widget.nextInFocusChain()
    assert order == choices, "as they are seen, from top to bottom"
    asked.formats[Format.VIDEO].setChecked(False)
    assert not asked.notice.isEnabled(), "it would be in the video"
    asked.close()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), ("0:07.25", 7.25), ("1:02", 62.0), ("1:02:03.5", 3723.5), ("the end", 0.0)],
)
def test_a_time_is_read_as_it_is_written(text: str, seconds: float, qtbot: QtBot) -> None:
    box = TimeBox("the end", 7200)
    qtbot.addWidget(box)
    assert box.validate(text, 0)[0] is QValidator.State.Acceptable
    assert box.valueFromText(text) == seconds
    box.setValue(seconds)
    assert box.valueFromText(box.text()) == seconds


def test_what_is_typed_replaces_what_a_time_says(qtbot: QtBot) -> None:
    box = TimeBox("the end", 7200)
    qtbot.addWidget(box)
    edit = box.lineEdit()
    assert edit is not None
    QApplication.sendEvent(box, QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.MouseFocusReason))
    qtbot.waitUntil(lambda: edit.selectedText() == "the end", timeout=WAIT_MS)
    qtbot.keyClicks(box, "1:30")
    assert box.value() == 90


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("1:", QValidator.State.Intermediate),
        ("2:00:00.5", QValidator.State.Intermediate),
        ("", QValidator.State.Intermediate),
        ("soon", QValidator.State.Invalid),
    ],
)
def test_what_is_no_time_of_the_video_is_not_taken(
    text: str, state: QValidator.State, qtbot: QtBot
) -> None:
    box = TimeBox("the end", 7200)
    qtbot.addWidget(box)
    assert box.validate(text, 0)[0] is state


def test_a_format_that_is_not_known_is_refused() -> None:
    texts = replace(Preferences(), export_formats=("csv",)).to_texts()
    assert Preferences.from_texts(texts).export_formats == ("csv",)
    with pytest.raises(ValueError, match="no format 'xls'"):
        Preferences.from_texts(texts | {"export_formats": '["xls"]'})
