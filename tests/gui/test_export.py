"""Exporting the whole file from the window."""

from __future__ import annotations

import json
from pathlib import Path

from pytestqt.qtbot import QtBot

from srfer.gui.export_dialog import ExportDialog

from .conftest import WAIT_MS, MakeWindow
from .test_window import dialog


def test_a_file_is_exported_while_the_window_goes_on(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    window = make_window()
    window.open_text(str(clip))
    qtbot.waitUntil(window.actions_["export"].isEnabled, timeout=WAIT_MS)
    window.actions_["export"].trigger()
    asked = dialog(ExportDialog)
    asked.folder.setText(str(tmp_path / "out"))
    asked.video.setChecked(False)
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
