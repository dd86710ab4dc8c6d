"""What is drawn, and that it is where the faces are."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QImage, QWheelEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from srfer.engines import LABELS
from srfer.gui.marks import detail, headline
from srfer.gui.picture import PictureView
from srfer.gui.reading import Reading, Verdict
from srfer.gui.theme import UNREAD, colour_of
from srfer.gui.viewport import Size, Viewport
from srfer.realtime import Box, FaceResult, Frame, FrameResult, TrackState
from tests.clips import expression, face

MARKER = (255, 0, 255)


def result(*faces: FaceResult, size: tuple[int, int] = (640, 480)) -> FrameResult:
    """Gray, with every face a field in a colour that nothing else has."""
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    for one in faces:
        left, top, right, bottom = (round(edge) for edge in one.track.face.box)
        image[top:bottom, left:right] = MARKER
    return FrameResult(Frame("clip", 0, 0.0, Fraction(0), image), faces)


def rendered(view: PictureView, ratio: float = 1.0) -> np.ndarray:
    """The view as a screen with this ratio would show it, (H, W, 3) RGB."""
    image = QImage(
        round(view.width() * ratio), round(view.height() * ratio), QImage.Format.Format_RGB888
    )
    image.fill(0)  # a view of 1951.5 pixels leaves a column of 1952 as it was
    image.setDevicePixelRatio(ratio)
    view.render(image)
    bits = image.constBits()
    assert bits is not None
    rows = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8)
    rows = rows.reshape(image.height(), image.bytesPerLine())[:, : image.width() * 3]
    return rows.reshape(image.height(), image.width(), 3)


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> PictureView:
    made = PictureView()
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.has_notice = False
    made.show()
    return made


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (97, 233)])
@pytest.mark.parametrize("widget", [(700, 500), (333, 611), (1301, 409)])
def test_marks_are_where_the_faces_are(
    view: PictureView, ratio: float, size: tuple[int, int], widget: tuple[int, int]
) -> None:
    width, height = size
    box = Box(width // 4, height // 3, width // 4 + width // 5, height // 3 + height // 6)
    view.resize(*widget)
    view.has_marks = False
    view.show_result(result(face(1, box), size=size))
    pixels = rendered(view, ratio).astype(int)
    found = (np.abs(pixels - MARKER).sum(axis=2) < 200).nonzero()
    (mark,) = view.marks()
    edges = np.array([found[1].min(), found[0].min(), found[1].max() + 1, found[0].max() + 1])
    assert np.abs(edges / ratio - np.array(mark.box)).max() <= 1.0


def test_marks_are_where_the_faces_are_after_zooming_and_moving(view: PictureView) -> None:
    box = Box(300, 200, 340, 260)
    view.has_marks = False
    view.show_result(result(face(1, box)))
    view.zoom_by(3.0, QPointF(350, 240))
    pixels = rendered(view, 2.0).astype(int)
    found = (np.abs(pixels - MARKER).sum(axis=2) < 200).nonzero()
    (mark,) = view.marks()
    edges = np.array([found[1].min(), found[0].min(), found[1].max() + 1, found[0].max() + 1])
    assert np.abs(edges / 2 - np.array(mark.box)).max() <= 1.0
    view.fit()
    assert view.viewport is not None
    assert view.viewport.zoom == 1


@pytest.mark.parametrize("label", LABELS)
def test_a_sure_face_has_the_colour_of_its_expression(view: PictureView, label: str) -> None:
    view.show_result(result(face(1, Box(300, 200, 380, 280), expression(label, 0.9, 80))))
    colour = colour_of(label)
    ink = np.array([colour.red(), colour.green(), colour.blue()])
    assert (rendered(view) == ink).all(axis=2).sum() > 100


def test_an_unsure_face_is_gray_and_is_not_named(view: PictureView) -> None:
    one = face(1, Box(300, 200, 380, 280), expression("anger", 0.4, 80))
    view.show_result(result(one))
    pixels = rendered(view)
    anger = colour_of("anger")
    assert not (pixels == [anger.red(), anger.green(), anger.blue()]).all(axis=2).any()
    assert (pixels == [UNREAD.red(), UNREAD.green(), UNREAD.blue()]).all(axis=2).sum() > 100
    reading = Reading.of(one)
    assert reading.verdict is Verdict.UNSURE
    assert headline(reading) == "unsure"


def test_what_is_said_of_a_face(qapp: QApplication) -> None:
    seen = expression("sadness", 0.9, 24)
    read = Reading.of(face(1, reading=seen))
    assert headline(read) == "sadness 90%"
    assert detail(read) == "24 px · right 70% at this size"
    assert headline(Reading.of(face(1))) == "not read yet"
    assert headline(Reading.of(face(1, reading=seen, state=TrackState.LOST))) == "hidden"
    smoothed = expression("fear", 0.8).probabilities
    both = Reading.of(face(1, reading=seen, smoothed=smoothed))
    assert (both.label, round(both.confidence, 2)) == ("fear", 0.8)
    steady = Reading.of(replace(face(1, reading=seen, smoothed=smoothed), steady_label="anger"))
    assert (steady.label, steady.verdict) == ("anger", Verdict.UNSURE)


def test_small_faces_have_a_loupe_and_large_ones_have_not(view: PictureView) -> None:
    def difference(px: float) -> int:
        box = Box(300, 200, 300 + px, 200 + px)
        view.show_result(result(face(1, box, expression("happiness", 0.9, px))))
        view.has_loupe = True
        with_loupe = rendered(view)
        view.has_loupe = False
        return int((with_loupe != rendered(view)).any(axis=2).sum())

    assert difference(16) > 5000
    assert difference(90) == 0


def test_no_faces_and_messages_are_said(view: PictureView) -> None:
    view.show_result(result())
    empty = rendered(view)
    assert (empty != 90).any(axis=2)[10:60, 10:200].any(), "no word of there being no face"
    view.show_message("The source is lost", "the cable is out")
    dimmed = rendered(view)
    assert dimmed[250, 40].max() < empty[250, 40].max()
    view.show_message("")
    assert (rendered(view) == empty).all()


def test_the_wheel_zooms_about_the_pointer(view: PictureView) -> None:
    view.show_result(result())
    before = view.viewport
    assert before is not None
    point = QPointF(200, 300)
    fixed = before.to_frame(point.x(), point.y())
    view.wheelEvent(
        QWheelEvent(
            point,
            point,
            QPoint(),
            QPoint(0, 240),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
    )
    after = view.viewport
    assert after is not None
    assert after.zoom > 1.3
    assert after.to_frame(point.x(), point.y()) == pytest.approx(fixed)


sides = st.floats(1, 5000)


@given(sides, sides, sides, sides, st.floats(0.1, 50), st.floats(0, 1), st.floats(0, 1))
def test_zooming_keeps_the_picture_in_the_widget(
    frame_w: float, frame_h: float, w: float, h: float, factor: float, x: float, y: float
) -> None:
    viewport = Viewport(Size(frame_w, frame_h), Size(w, h)).zoomed(factor, x * w, y * h)
    viewport = viewport.moved(w * (x - 0.5) * 4, h * (y - 0.5) * 4)
    area = viewport.picture
    assert -1e-6 <= area.left <= area.right <= w + 1e-6
    assert -1e-6 <= area.top <= area.bottom <= h + 1e-6
    left, top = viewport.to_frame(area.left, area.top)
    right, bottom = viewport.to_frame(area.right, area.bottom)
    assert -1e-3 <= left <= right <= frame_w + 1e-3
    assert -1e-3 <= top <= bottom <= frame_h + 1e-3
    covered = max(area.width / w, area.height / h)
    assert covered > 0.999, "there is room for more of the picture"
