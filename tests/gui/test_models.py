"""What the window knows without Qt."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtGui import QImage
from pytestqt.qtbot import QtBot

from srfer.engines import LABELS
from srfer.errors import ConfigError
from srfer.gui.desk import Desk
from srfer.gui.feeds import Choice, Kind, choose, region_address, region_of
from srfer.gui.gauges import Gauges
from srfer.gui.history import MAX_TRACKS, History
from srfer.gui.preferences import Preferences
from srfer.gui.theme import UNREAD, colour_of
from srfer.gui.timeline import Timeline, runs
from srfer.realtime import FaceResult, Frame, FrameResult
from tests.clips import expression, face

CANARY = "S3cr3t-pw"
ADDRESSES = [
    f"rtsp://admin:{CANARY}@camera:554/stream",
    f"rtsp://{CANARY}@camera/stream",
    f"rtsps://john.doe:{CANARY}@[2001:db8::1]:554/s",
    f"http://camera/video.cgi?user=me&password={CANARY}",
    f"http://camera/video?token={CANARY}#t={CANARY}",
    f"rtsp://a%40b:{CANARY}@camera/stream",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_password_is_shown_or_kept(address: str) -> None:
    choice = choose(address)
    assert choice.kind is Kind.STREAM
    assert choice.address == address
    for text in (choice.title, choice.stored, repr(choice), str(choice)):
        assert CANARY not in text
    assert choice.title.startswith(address.partition(":")[0])


@pytest.mark.parametrize(
    "address", [f"me:{CANARY}@camera:554", f"rtsp://me:{CANARY}@camera:99999/stream"]
)
def test_an_address_that_is_not_understood_is_not_repeated(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(address)
    assert CANARY not in str(caught.value)


def test_what_a_text_stands_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert choose("webcam:1").kind is Kind.WEBCAM
    assert choose("1") == choose("webcam:1")
    (tmp_path / "1").touch()
    assert choose("1").kind is Kind.FILE, "what exists as a file is that"
    assert choose("screen:100x100+0+0").kind is Kind.SCREEN
    file = choose(str(tmp_path / "clip@home.mp4"))
    assert (file.kind, file.title) == (Kind.FILE, "clip@home.mp4")
    assert Path(file.stored).is_absolute()
    with pytest.raises(ConfigError, match="no source"):
        choose("  ")
    address = region_address((10, 20, 300, 200), 2.0)
    assert address == "screen:600x400+20+40"
    assert region_of(choose(address), 2.0) == (10, 20, 300, 200)
    assert region_of(choose("screen:"), 2.0) is None


def frame(index: int, pts: Fraction | None = None, captured_s: float = 0.0) -> Frame:
    at = Fraction(index, 25) if pts is None else pts
    return Frame("clip", index, captured_s, at, np.zeros((4, 4, 3), np.uint8))


def results(*faces: FaceResult, count: int = 10, start: int = 0) -> list[FrameResult]:
    return [FrameResult(frame(index), faces) for index in range(start, start + count)]


def test_what_was_read_is_remembered_by_face_and_time() -> None:
    history = History()
    sure, unsure = expression("anger", 0.9, 30), expression("fear", 0.3, 12)
    for result in results(face(3, reading=sure), face(1, reading=unsure), face(2)):
        history.write(result)
    assert history.track_ids == [1, 3], "a face that was never read has no course"
    course = history.course(3)
    assert course is not None
    assert course.times_s.tolist() == [index / 25 for index in range(10)]
    assert (course.labels == LABELS.index("anger")).all()
    unsure_course = history.course(1)
    assert unsure_course is not None
    assert (unsure_course.labels == -1).all()
    assert history.course(7) is None
    rows = list(csv.DictReader(history.to_csv().splitlines()))
    assert len(rows) == 20
    assert rows[-1]["label"] == "anger"
    assert rows[0]["label"] == "unsure"
    assert float(rows[-1]["anger"]) == pytest.approx(0.9)


def test_a_step_back_in_a_file_replaces_what_was_read_there() -> None:
    history = History()
    for result in results(face(1, reading=expression("anger", 0.9))):
        history.write(result)
    for result in results(face(1, reading=expression("fear", 0.9)), count=3, start=4):
        history.write(result)
    course = history.course(1)
    assert course is not None
    assert len(course.times_s) == 10
    assert (np.diff(course.times_s) > 0).all()
    assert [LABELS[label] for label in course.labels[3:8]] == ["anger", *["fear"] * 3, "anger"]


def test_the_past_and_the_crowd_are_forgotten() -> None:
    history = History(kept_s=2.0)
    for index in range(300):
        history.write(FrameResult(frame(index), (face(1, reading=expression()),)))
    course = history.course(1)
    assert course is not None
    assert course.times_s[0] >= 299 / 25 - 2 - 4, "looked through every 100 frames"
    for number in range(2, 2 * MAX_TRACKS):
        history.write(FrameResult(frame(300), (face(number, reading=expression()),)))
    assert len(history.track_ids) == MAX_TRACKS
    assert history.track_ids[-1] == 2 * MAX_TRACKS - 1


def test_bands_are_stretches_of_the_same_label() -> None:
    history = History()
    times = [0.0, 0.04, 0.08, 0.12, 5.0, 5.04]
    labels = ["anger", "anger", "fear", "fear", "fear", "anger"]
    for index, (time_s, label) in enumerate(zip(times, labels, strict=True)):
        one = frame(index, Fraction(time_s).limit_denominator(1000))
        history.write(FrameResult(one, (face(1, reading=expression(label, 0.9)),)))
    course = history.course(1)
    assert course is not None
    anger, fear = LABELS.index("anger"), LABELS.index("fear")
    stretches = zip(*runs(course), strict=True)
    found = [(round(start, 2), round(end, 2), label) for start, end, label in stretches]
    assert found == [(0, 0.08, anger), (0.08, 0.12, fear), (5.0, 5.04, fear), (5.04, 5.04, anger)]


def test_bands_are_drawn_in_the_colours_of_their_labels(qtbot: QtBot, tmp_path: Path) -> None:
    history = History()
    for number, label, sure in ((1, "anger", 0.9), (2, "sadness", 0.9), (3, "fear", 0.3)):
        for result in results(face(number, reading=expression(label, sure)), count=50):
            history.write(result)
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.resize(900, 260)
    timeline.show()
    timeline.show_bands()
    timeline.show_history(history, 0, can_seek=False)
    assert timeline.save_png(tmp_path / "bands.png")
    image = QImage(str(tmp_path / "bands.png"))
    colours = [image.pixel(x, y) for x in range(image.width()) for y in range(image.height())]
    for label, is_there in (("anger", True), ("sadness", True), ("fear", False)):
        assert (colours.count(colour_of(label).rgb()) > 1000) is is_there
    assert 100 < colours.count(UNREAD.rgb()) < colours.count(colour_of("anger").rgb()) / 3
    timeline.close()


def test_figures_are_of_the_last_seconds() -> None:
    now = [100.0]
    gauges = Gauges(lambda: now[0])
    assert gauges.report() is None
    for index in range(21):
        now[0] = 100 + index * 0.1
        timings = {"track": 10.0 + index, "read": 2.0}
        gauges.write(
            FrameResult(frame(index, captured_s=now[0] - 0.05), (), timings, dropped_before=1)
        )
    report = gauges.report()
    assert report is not None
    assert report.fps == pytest.approx(10)
    assert report.age.p50_ms == pytest.approx(50)
    assert report.stages["track"].p50_ms == pytest.approx(20)
    assert list(report.stages) == ["track", "read"]
    assert report.dropped == 21
    now[0] += 60
    assert gauges.report() is None


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        (Choice(Kind.FILE, "my clip (1).mp4", "/x"), "my-clip-1-NOW"),
        (Choice(Kind.STREAM, "rtsp://camera:554/a/b", "x"), "rtsp-camera-554-a-b-NOW"),
        (Choice(Kind.FILE, "...", "/x"), "file-NOW"),
        (Choice(Kind.FILE, "../../etc/passwd", "/x"), "passwd-NOW"),
    ],
)
def test_names_of_recordings_are_harmless(tmp_path: Path, choice: Choice, name: str) -> None:
    desk = Desk(Preferences(), tmp_path, stamp=lambda: "NOW")
    assert desk.new_name(choice) == name
