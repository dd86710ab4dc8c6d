"""What goes wrong is said in the language of the window."""

# ruff: noqa: RUF001 - Chinese has marks of its own

from __future__ import annotations

import ast
import errno
import os
import re
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from PyQt6.QtCore import QTranslator
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from srfer.gui.app import TRANSLATIONS
from srfer.gui.export_dialog import ExportDialog
from srfer.gui.main_window import MainWindow
from srfer.gui.messages import cause_of
from srfer.gui.session import Phase, Status
from srfer.gui.spoken import spoken
from srfer.gui.troubles import IN_A_WINDOW, OTHER, SENTENCES, SYSTEM
from srfer.realtime.formats import Format
from srfer.realtime.sources import screen, stream_faults, webcam
from srfer.realtime.sources.health import SourceState
from srfer.realtime.stats import PipelineState, PipelineStats
from srfer.realtime.watchdog import Activity, PartStats
from tests.clips import Clip
from tests.faults.servers import Server, sends, ts

from .conftest import WAIT_MS, MakeWindow
from .sources import CAMERA, Camera, feeds
from .test_window import dialog, phase, shown

ROOT = Path(__file__).parents[2]
ROOMS = ("realtime", "engines", "srfer", "gui")
PLACE = re.compile(r"\{(\w+)\}")
NESTED = {"what": "cannot be read", "why": "permission denied"}


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[None]:
    translator = QTranslator()
    assert translator.load(str(TRANSLATIONS / "srfer_zh.qm"))
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def said(window: MainWindow) -> str:
    """Over the picture."""
    return window.panels.picture.accessibleDescription()


def filled(template: str) -> str:
    return PLACE.sub(lambda place: NESTED.get(place[1], "7"), template)


# The sentences themselves.


@pytest.mark.parametrize("template", [one for one in SENTENCES if one not in IN_A_WINDOW])
def test_in_english_a_sentence_stays_as_it_is(template: str) -> None:
    text = filled(template)
    assert spoken(text) == text
    assert spoken(f"rtsp://camera:554/x: {text}") == f"rtsp://camera:554/x: {text}"


@pytest.mark.parametrize("template", SENTENCES)
@pytest.mark.usefixtures("chinese")
def test_every_sentence_is_known_in_chinese(template: str) -> None:
    is_named = not template.startswith("{name}")  # it has its name in it
    text = spoken(("文件 {1}: " if is_named else "") + filled(template))
    assert text.startswith("文件 {1}：") == is_named
    assert "英文说明" not in text
    words = re.sub("`.*`", "", text)  # without commands
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", words), "words are left in English"


@pytest.mark.parametrize("template", IN_A_WINDOW)
def test_a_window_gives_no_advice_about_the_command_line(template: str) -> None:
    assert "--" not in spoken(f"out: {filled(template)}")


@pytest.mark.usefixtures("chinese")
def test_what_is_not_known_is_said_to_be_english() -> None:
    text = "clip.mp4: something {odd} has happened"
    assert spoken(text) == f"出现问题（英文说明）：{text}"
    assert spoken("") == ""


def test_what_is_not_known_stays_as_it_is_in_english() -> None:
    assert spoken("TypeError: {odd}") == "TypeError: {odd}"
    assert OTHER == "{text}"


def in_the_rooms() -> str:
    """All texts in the code of those who say them, with what is filled in left out."""
    found = [os.strerror(number).lower() for number in errno.errorcode]
    for room in ROOMS:
        for path in {*(ROOT / room).rglob("*.py")} - {ROOT / "gui" / "troubles.py"}:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return "\n".join(found)


def test_no_sentence_is_here_that_nobody_says_any_more() -> None:
    known = in_the_rooms()
    for template in SENTENCES:
        pieces = re.split(r"\{\w+\}|; |: ", template)
        missing = [piece.strip() for piece in pieces if piece.strip(" ()") not in known]
        assert not missing, f"{template!r} has changed: {missing}"


def texts_of_sources() -> list[str]:
    return [
        *stream_faults._NOT_THERE.values(),
        *(trouble.text for _, trouble in stream_faults._REFUSALS),
        *(trouble.text for trouble in webcam._MEANINGS.values()),
        *(trouble.text for trouble in screen._MEANINGS.values()),
        *(screen._BROKEN.text,),
    ]


@pytest.mark.parametrize("text", texts_of_sources())
@pytest.mark.usefixtures("chinese")
def test_whatever_a_live_source_says_is_known(text: str) -> None:
    assert "英文说明" not in spoken(text)


@pytest.mark.parametrize("reason", SYSTEM)
@pytest.mark.usefixtures("chinese")
def test_reasons_of_the_system_are_translated_within_a_sentence(reason: str) -> None:
    text = spoken(f"out/clip.mp4: {reason} after 12 frames; free some space")
    assert text == f"out/clip.mp4：写入 12 帧之后：{spoken(reason)}；请腾出一些空间"


# The window.


def make_sound(path: Path) -> None:
    """A file with sound alone."""
    video = Clip(sound="aac").make(path.with_name("both.mp4"))
    with av.open(str(video)) as both, av.open(str(path), "w") as alone:
        stream = alone.add_stream_from_template(both.streams.audio[0])
        for packet in both.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                alone.mux(packet)


def make_nothing(path: Path) -> None:
    path.write_bytes(b"")


def make_text(path: Path) -> None:
    path.write_text("this is no video\n" * 100)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "没有此文件；请检查路径"),
        (make_nothing, "是空文件（0 字节）；请重新复制"),
        (make_sound, "其中没有视频；请选择含有画面的文件"),
        (make_text, "不是可以读取的视频：未完成、已损坏或格式未知"),
    ],
)
@pytest.mark.usefixtures("chinese")
def test_a_file_that_cannot_be_played(
    make: Callable[[Path], None],
    words: str,
    make_window: MakeWindow,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    make(tmp_path / "clip.mp4")
    window = make_window()
    window.open_text(str(tmp_path / "clip.mp4"))
    qtbot.waitUntil(lambda: phase(window) is Phase.FAILED, timeout=WAIT_MS)
    assert f"clip.mp4：{words}" in said(window)
    assert words in window.panels.source_bar.state.toolTip()


@pytest.mark.usefixtures("chinese")
def test_a_stream_that_is_lost_and_then_refused(
    make_window: MakeWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window = make_window()
    with Server(sends(ts(tmp_path))) as server:
        window.open_text(f"tcp://127.0.0.1:{server.port}")
        picture = window.panels.picture
        qtbot.waitUntil(lambda: picture.result is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "连接被拒绝" in said(window), timeout=WAIT_MS)
    assert "来源已断开" in said(window)


@pytest.mark.usefixtures("chinese")
def test_an_address_that_cannot_be_understood(make_window: MakeWindow) -> None:
    window = make_window()
    window.open_text("gopher://camera/1")
    assert "不是可以读取的视频流类型" in window.panels.banner.text


@pytest.mark.usefixtures("chinese")
def test_a_webcam_that_is_absent(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window()
    window.open_text("webcam:No Such Camera")
    qtbot.waitUntil(lambda: "没有此摄像头" in said(window), timeout=WAIT_MS)


@pytest.mark.usefixtures("chinese")
def test_a_webcam_that_is_busy(make_window: MakeWindow, qtbot: QtBot) -> None:
    camera = Camera()
    window = make_window(opened=feeds(camera))
    window.open_choice(CAMERA)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    camera.become(SourceState.LOST, webcam._MEANINGS[errno.EBUSY].text)
    qtbot.waitUntil(lambda: "正被其他程序使用；请关闭该程序" in said(window), timeout=WAIT_MS)


@pytest.mark.usefixtures("chinese")
def test_a_model_that_is_not_there_or_damaged(
    make_window: MakeWindow, clip: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"no network")
    for model, words in (
        ("nosuch", "没有模型 'nosuch'：请给出 .onnx 文件的路径"),
        (str(tmp_path / "mine.onnx"), "mine.onnx 不是 ONNX 文件，或已损坏"),
    ):
        window = make_window(model=model)
        window.open_text(str(clip))
        qtbot.waitUntil(lambda w=window: phase(w) is Phase.FAILED, timeout=WAIT_MS)  # type: ignore[misc]
        assert words in said(window)


@pytest.mark.usefixtures("chinese")
def test_the_disk_is_full_while_it_records(
    make_window: MakeWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    camera = Camera()
    window = make_window(opened=feeds(camera), stamp=lambda: "now")
    window.open_choice(CAMERA)
    camera.deliver()
    qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
    name = window.desk.new_name(CAMERA)
    (folder / f"{name}.partial.jsonl").symlink_to("/dev/full")
    qtbot.waitUntil(window.actions_["record"].isEnabled, timeout=WAIT_MS)
    window.actions_["record"].trigger()
    session = window.desk.session
    assert session is not None
    qtbot.waitUntil(lambda: session.recorder.recording is not None, timeout=WAIT_MS)
    camera.deliver()
    banner = window.panels.banner
    qtbot.waitUntil(lambda: "磁盘空间不足；请腾出一些空间" in banner.text, timeout=WAIT_MS)
    assert f"recordings/{name}.jsonl：" in banner.text
    assert session.status().phase is Phase.LIVE, "the picture goes on"


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Files of this process may have no more than so many bytes, as if there were no room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("chinese", "full_disk")
def test_the_disk_is_full_while_it_exports(
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
    qtbot.waitUntil(lambda: not asked.job.is_running, timeout=WAIT_MS)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: "文件过大；请腾出一些空间" in asked.words.text(), timeout=WAIT_MS)
    asked.close()


@pytest.mark.usefixtures("chinese")
def test_a_part_that_does_not_answer_is_named() -> None:
    parts = tuple(
        PartStats(name, 1, 0.0, 0.0, Activity.WORKING, 9.0, 1, 0, name == "read")
        for name in ("source", "track", "read")
    )
    stats = PipelineStats(PipelineState.RUNNING, 1, 0, {}, parts)
    assert cause_of(Status(Phase.STALLED, "", None, stats, None)) == "尚未响应：识别表情"
    assert cause_of(Status(Phase.LIVE, "", None, stats, None)) == ""
