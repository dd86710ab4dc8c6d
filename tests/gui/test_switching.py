"""Engines, precisions, detectors and trackers that are exchanged while a source runs."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Preferences
from srfer.gui.session import Phase
from srfer.realtime import FaceResult
from srfer.realtime.known_models import FOLDER_VARIABLE

from .conftest import WAIT_MS, MakeWindow
from .sources import CAMERA, Camera, feeds
from .test_window import phase, shown


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
def window(make_window: MakeWindow, camera: Camera, qtbot: QtBot) -> MainWindow:
    """A window that shows a camera's first frame, with a face."""
    made = make_window(opened=feeds(camera))
    made.open_choice(CAMERA)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(made), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: phase(made) is Phase.LIVE, timeout=WAIT_MS)
    return made


def test_the_engine_the_precision_and_the_search_are_switched_while_running(
    window: MainWindow, camera: Camera, qtbot: QtBot
) -> None:
    session, panel = window.desk.session, window.panels.performance
    assert session is not None
    number = window.panels.picture.result.faces[0].track.id  # type: ignore[union-attr]
    panel.search.setCurrentIndex(panel.search.findData(320))
    assert window.desk.preferences.detect_px == 320
    panel.use_sr.click()
    panel.precision.setCurrentIndex(panel.precision.findData("int8"))
    qtbot.waitUntil(lambda: "int8" in session.model.engine, timeout=WAIT_MS)  # type: ignore[union-attr]

    def renumbered() -> bool:
        camera.deliver()
        result = window.panels.picture.result
        return result is not None and bool(result.faces) and result.faces[0].track.id > number

    qtbot.waitUntil(renumbered, timeout=WAIT_MS)
    assert phase(window) is Phase.LIVE
    assert not session.setup.options.use_sr


@pytest.mark.parametrize("runtime", ["openvino", "ncnn", "torch"])
def test_another_runtime_takes_over_and_hands_back(
    window: MainWindow, camera: Camera, qtbot: QtBot, runtime: str
) -> None:
    needed = {"ncnn": "pnnx"}.get(runtime, runtime)  # which converts models for it
    if find_spec(needed) is None:  # importing OpenVINO here would start its telemetry
        pytest.skip(f"needs {needed}: srfer doctor says how to get it")
    session, picture = window.desk.session, window.panels.picture
    assert session is not None
    assert session.model is not None

    def next_face() -> FaceResult:
        before = picture.result
        camera.deliver()
        qtbot.waitUntil(lambda: picture.result is not before, timeout=WAIT_MS)
        assert picture.result is not None
        return picture.result.faces[0]

    def label() -> str | None:
        reading = next_face().expression
        return None if reading is None else reading.label

    before = label()
    assert before is not None
    for name in (runtime, "cpu"):
        number = next_face().track.id
        window.apply(replace(window.desk.preferences, device=name, precision=""))
        qtbot.waitUntil(lambda name=name: session.model.device == name, timeout=WAIT_MS)  # type: ignore[misc]
        qtbot.waitUntil(lambda n=number: next_face().track.id > n, timeout=WAIT_MS)  # type: ignore[misc]
        qtbot.waitUntil(lambda: label() == before, timeout=WAIT_MS)
        assert window.desk.preferences.device == name
        assert phase(window) is Phase.LIVE
    assert not window.panels.banner.isVisible()


def test_an_engine_that_is_not_there_leaves_the_present_one_and_says_why(
    window: MainWindow, camera: Camera, qtbot: QtBot
) -> None:
    session = window.desk.session
    assert session is not None
    window.apply(replace(window.desk.preferences, device="coreml"))
    qtbot.waitUntil(lambda: "macOS" in window.panels.banner.text, timeout=WAIT_MS)
    before = window.panels.picture.result
    camera.deliver()
    qtbot.waitUntil(lambda: window.panels.picture.result is not before, timeout=WAIT_MS)
    assert session.setup.device == window.desk.preferences.device == "auto"


def test_what_failed_for_its_tracker_goes_on_with_another_one(
    make_window: MakeWindow,
    clip: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))  # where no model was fetched to
    window = make_window(Preferences(has_agreed=True, tracker="yunet"))
    window.open_text(str(clip))
    qtbot.waitUntil(lambda: phase(window) is Phase.FAILED, timeout=WAIT_MS)
    assert "srfer model fetch yunet" in window.panels.source_bar.state.toolTip()
    box = window.panels.performance.tracker
    box.setCurrentIndex(box.findData("retinaface"))
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    box.setCurrentIndex(box.findData("yunet"))
    qtbot.waitUntil(lambda: "model fetch" in window.panels.banner.text, timeout=WAIT_MS)
    assert box.currentData() == "retinaface"
    assert shown(window)
