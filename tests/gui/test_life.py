"""Beginning and end: closing while busy, sources that go and come, errors that nobody caught."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from srfer.gui.faults import Faults
from srfer.gui.garbage import Collector
from srfer.gui.main_window import MainWindow
from srfer.gui.session import Phase
from srfer.gui.viewport import Size
from srfer.realtime.sources.health import SourceState

from .conftest import WAIT_MS, MakeWindow
from .sources import CAMERA, Camera, feeds
from .test_window import phase, shown

CYCLES = 50


@pytest.fixture
def faults() -> Iterator[Faults]:
    made = Faults()
    made.install()
    yield made
    made.uninstall()


def test_a_source_that_is_lost_and_returns_is_said_over_the_picture(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    camera = Camera()
    window = make_window(opened=feeds(camera))
    window.open_choice(CAMERA)
    picture = window.panels.picture
    qtbot.waitUntil(lambda: phase(window) is Phase.OPENING, timeout=WAIT_MS)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: phase(window) is Phase.LIVE, timeout=WAIT_MS)
    before = picture.grab().toImage()
    camera.become(SourceState.LOST, "the cable is out")
    qtbot.waitUntil(lambda: phase(window) is Phase.LOST, timeout=WAIT_MS)
    assert "lost" in picture.accessibleDescription()
    assert window.panels.source_bar.state.toolTip() == "the cable is out"
    assert picture.grab().toImage() != before, "nothing is said over the picture"
    camera.deliver()
    qtbot.waitUntil(lambda: phase(window) is Phase.LIVE, timeout=WAIT_MS)
    assert "lost" not in picture.accessibleDescription()


def test_a_source_that_breaks_off_is_named_and_another_can_be_opened(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x20ftypisom" + bytes(500))
    window = make_window()
    window.open_text(str(broken))
    qtbot.waitUntil(lambda: phase(window) is Phase.FAILED, timeout=WAIT_MS)
    assert "broken.mp4" in window.panels.source_bar.state.toolTip()
    window.open_text(str(clip))
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)


def test_closing_while_a_camera_is_silent_takes_no_time(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    is_answered = threading.Event()

    def stay_silent() -> None:
        is_answered.wait(2)

    window = make_window(opened=feeds(Camera(stay_silent)))
    window.open_choice(CAMERA)
    qtbot.waitUntil(lambda: phase(window) is Phase.OPENING, timeout=WAIT_MS)
    started_s = time.monotonic()
    window.close()
    assert time.monotonic() - started_s < 0.3
    assert not window.isVisible()
    assert window.desk.wait_closed(3.5)


def test_opening_and_closing_fifty_times_leaves_nothing(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    for _ in range(CYCLES):
        camera = Camera()
        window = make_window(opened=feeds(camera))
        window.open_choice(CAMERA)
        camera.deliver(3)
        qtbot.waitUntil(window.isVisible, timeout=WAIT_MS)
        window._tick()
        window.close()


def test_sources_are_switched_again_and_again_while_they_run(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    cameras = [Camera() for _ in range(20)]
    window = make_window(opened=feeds(*cameras))
    for camera in cameras:
        window.open_choice(CAMERA)
        camera.deliver(2)
        window._tick()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    assert window.desk.session is not None
    assert window.desk.session.latest() is window.panels.picture.result


def test_size_and_source_change_before_a_painting_that_was_asked_for(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    cameras = [Camera(), Camera()]
    window = make_window(opened=feeds(*cameras))
    window.open_choice(CAMERA)
    cameras[0].deliver()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    picture = window.panels.picture
    first = picture.result
    picture.update()
    window.actions_["full_screen"].trigger()
    window.open_choice(CAMERA)
    cameras[1].deliver()
    qtbot.waitUntil(lambda: shown(window) and picture.result is not first, timeout=WAIT_MS)
    window.actions_["full_screen"].trigger()
    window.resize(900, 700)
    picture.repaint()
    (mark,) = picture.marks()
    viewport = picture.viewport
    assert viewport is not None
    assert viewport.widget == Size(picture.width(), picture.height())
    assert mark.box == viewport.to_widget(mark.source)


def test_nothing_is_written_while_nothing_is_asked_for(
    make_window: MakeWindow,
    clip: Path,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.chdir(home)
    window = make_window()
    window.open_text(str(clip))
    qtbot.waitUntil(lambda: phase(window) is Phase.ENDED, timeout=WAIT_MS)
    window.close()
    assert window.desk.wait_closed(5)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.qt_no_exception_capture
def test_an_error_in_a_slot_is_shown_once_and_ends_nothing(
    make_window: MakeWindow, faults: Faults, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    def slot() -> None:
        raise RuntimeError("a slot failed")

    window = make_window()
    faults.found.connect(window.say)
    timer = QTimer()
    timer.timeout.connect(slot)
    timer.start(1)
    qtbot.waitUntil(lambda: "a slot failed" in window.panels.banner.text, timeout=WAIT_MS)
    timer.stop()
    assert faults.count == 1
    assert capsys.readouterr().err.count("Traceback") == 1
    assert window.isVisible()


@pytest.mark.qt_no_exception_capture
def test_an_error_while_painting_is_shown_once(
    make_window: MakeWindow, faults: Faults, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window()
    faults.found.connect(window.say)
    picture = window.panels.picture
    paintings = []

    def paint(*_: object) -> None:
        paintings.append(1)
        raise RuntimeError("painting failed")

    monkeypatch.setattr(picture, "_draw_message", paint)

    def painted_again() -> bool:
        picture.update()
        return len(paintings) >= 3

    qtbot.waitUntil(painted_again, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "painting failed" in window.panels.banner.text, timeout=WAIT_MS)
    assert faults.count == 1
    monkeypatch.undo()
    picture.repaint()
    assert window.isVisible()


@pytest.mark.qt_no_exception_capture
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_in_a_thread_is_shown(
    make_window: MakeWindow, faults: Faults, qtbot: QtBot
) -> None:
    def work() -> None:
        raise RuntimeError("a thread failed")

    window = make_window()
    faults.found.connect(window.say)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: "a thread failed" in window.panels.banner.text, timeout=WAIT_MS)


def test_results_that_come_faster_than_they_are_painted_are_not_kept(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    camera = Camera()
    window: MainWindow = make_window(opened=feeds(camera))
    window.open_choice(CAMERA)
    camera.deliver(1)
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    session = window.desk.session
    assert session is not None
    window._timer.stop()  # a window that hangs
    camera.deliver(30)

    def all_are_done() -> bool:
        stats = session.status().stats
        return stats.captured == 31 and stats.in_flight == 0

    qtbot.waitUntil(all_are_done, timeout=WAIT_MS)
    window._tick()
    newest = session.latest()
    assert newest is not None
    assert window.panels.picture.result is newest
    assert newest.frame.index == 30


def test_old_garbage_does_not_wait_until_much_new_has_come() -> None:
    class Node:
        def __init__(self) -> None:
            self.itself = self

    node = Node()
    gc.collect()  # it has been there for long
    left = weakref.ref(node)
    del node
    gc.collect(1)
    Collector(all_every_ms=60_000).look()
    assert left() is not None, "nothing is due"
    Collector(all_every_ms=0).look()
    assert left() is None


def test_garbage_is_collected_in_the_thread_of_the_window_only(qtbot: QtBot) -> None:
    threads: list[threading.Thread] = []

    class Node:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            threads.append(threading.current_thread())

    def allocate() -> None:
        for _ in range(20_000):
            Node()

    worker = threading.Thread(target=allocate)
    worker.start()
    worker.join()
    assert gc.get_count()[0] > 10_000, "somebody else has collected"
    qtbot.waitUntil(lambda: len(threads) >= 20_000, timeout=WAIT_MS)
    assert set(threads) == {threading.main_thread()}
