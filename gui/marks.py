"""Marks over the picture: corners, plates, bars and loupes. Everything is in widget units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from srfer.engines import FACE_PX
from srfer.realtime import Box

from .images import as_image
from .reading import Reading, Verdict
from .theme import PLATE, PLATE_MUTED, PLATE_TEXT, UNREAD, colour_of
from .words import label_name, unsure_name

LOUPE_SIDE = 76.0
PAD = 6.0
BAR = 4.0
GAP = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """One face as it is shown.

    Attributes:
        reading: what is said of it.
        box: where it is in the widget.
        source: where it is in the frame.
        is_selected: it is the one that the panels are about.
    """

    reading: Reading
    box: Box
    source: Box
    is_selected: bool


def colour_for(reading: Reading) -> QColor:
    """The colour of what is named; gray where nothing is."""
    return colour_of(reading.label) if reading.verdict is Verdict.SURE else UNREAD


def headline(reading: Reading) -> str:
    """What is said of a face, in a few words."""
    translate = QCoreApplication.translate
    match reading.verdict:
        case Verdict.HIDDEN:
            return translate("Marks", "hidden")
        case Verdict.UNREAD:
            return translate("Marks", "not read yet")
        case Verdict.UNSURE:
            return unsure_name()
        case _:
            assert reading.label is not None
            return f"{label_name(reading.label)} {reading.confidence:.0%}"


def detail(reading: Reading) -> str:
    """Size of the face, and how often faces of this size are labelled correctly."""
    translate = QCoreApplication.translate
    size = translate("Marks", "{size} px").format(size=f"{reading.native_px:.0f}")
    if reading.expected_accuracy is None or reading.verdict is Verdict.HIDDEN:
        return size
    right = translate("Marks", "right {share} at this size").format(
        share=f"{reading.expected_accuracy:.0%}"
    )
    return f"{size} · {right}"


def draw_marks(
    painter: QPainter,
    marks: Sequence[Mark],
    picture: QImage | None,
    area: Box,
    kept_free: Sequence[Box] = (),
) -> list[tuple[int, Box]]:
    """Draw all faces; gives where their plates are, by track.

    Args:
        painter: on the widget.
        marks: what to draw.
        picture: the whole frame, for loupes; None draws none.
        area: of the widget, where plates have to stay.
        kept_free: where something else is.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for mark in marks:
        _draw_corners(painter, mark)
    taken: list[Box] = [*kept_free, *(mark.box for mark in marks)]
    plates: list[tuple[int, Box]] = []
    font = QFont(painter.font())
    for mark in sorted(marks, key=lambda one: not one.is_selected):
        plate = _Plate(font, mark)
        spot = plate.place(area, taken)
        taken.append(spot)
        plate.draw(painter, spot)
        plates.append((mark.reading.track_id, spot))
    painter.setFont(font)
    if picture is not None:
        for mark in marks:
            painter.setFont(font)
            _draw_loupe(painter, mark, picture, area, taken)
    return plates


def _draw_corners(painter: QPainter, mark: Mark) -> None:
    box = mark.box
    arm = max(4.0, min(box.width, box.height) / 4)
    is_hidden = mark.reading.verdict is Verdict.HIDDEN
    lines = []
    for x, dx in ((box.left, 1), (box.right, -1)):
        for y, dy in ((box.top, 1), (box.bottom, -1)):
            lines.append((QPointF(x + arm * dx, y), QPointF(x, y)))
            lines.append((QPointF(x, y), QPointF(x, y + arm * dy)))
    width = 3.0 if mark.is_selected else 2.0
    for colour, extra in ((QColor(0, 0, 0, 170), 2.5), (colour_for(mark.reading), 0.0)):
        pen = QPen(colour, width + extra)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        if is_hidden:
            pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        for start, end in lines:
            painter.drawLine(start, end)


class _Plate:
    """A caption: who, what, how sure; and below, the size and what it is worth."""

    def __init__(self, font: QFont, mark: Mark) -> None:
        self._mark = mark
        reading = mark.reading
        self._bold, self._small = QFont(font), QFont(font)
        self._bold.setBold(True)
        self._small.setPointSizeF(font.pointSizeF() * 0.85)
        self._title = f"#{reading.track_id}  {headline(reading)}"
        self._detail = detail(reading)
        bold, small = QFontMetricsF(self._bold), QFontMetricsF(self._small)
        self._rise, self._line = bold.ascent(), bold.height()
        self._small_rise = small.ascent()
        widest = max(bold.horizontalAdvance(self._title), small.horizontalAdvance(self._detail))
        self._width = widest + 2 * PAD
        self._has_bar = reading.verdict in (Verdict.SURE, Verdict.UNSURE)
        self._height = self._line + small.height() + PAD + (BAR + 3 if self._has_bar else 0)

    def place(self, area: Box, taken: Sequence[Box]) -> Box:
        """Above the face, else below or beside it, where it hides no other face or plate."""
        box = self._mark.box
        x = box.center[0] - self._width / 2
        middle = box.center[1] - self._height / 2
        spots = [
            _inside(left, top, self._width, self._height, area)
            for left, top in (
                (x, box.top - GAP - self._height),
                (x, box.bottom + GAP),
                (box.right + GAP, middle),
                (box.left - GAP - self._width, middle),
            )
        ]
        return min(spots, key=lambda spot: sum(_overlap(spot, one) for one in taken))

    def draw(self, painter: QPainter, spot: Box) -> None:
        reading = self._mark.reading
        area = QRectF(spot.left, spot.top, spot.width, spot.height)
        colour = colour_for(reading)
        painter.setPen(QPen(colour, 1.5) if self._mark.is_selected else Qt.PenStyle.NoPen)
        painter.setBrush(PLATE)
        painter.drawRoundedRect(area, 5, 5)
        x, y = spot.left + PAD, spot.top + PAD / 2 + self._rise
        painter.setFont(self._bold)
        painter.setPen(PLATE_TEXT)
        painter.drawText(QPointF(x, y), self._title)
        y = spot.top + PAD / 2 + self._line
        if self._has_bar:
            bar = QRectF(x, y + 1, spot.width - 2 * PAD, BAR)
            draw_bar(painter, bar, reading.confidence, colour, QColor(255, 255, 255, 60))
            y += BAR + 3
        painter.setFont(self._small)
        painter.setPen(PLATE_MUTED)
        painter.drawText(QPointF(x, y + self._small_rise), self._detail)


def draw_bar(painter: QPainter, area: QRectF, share: float, colour: QColor, ground: QColor) -> None:
    """A bar that is filled up to a share of 0..1."""
    painter.setPen(Qt.PenStyle.NoPen)
    radius = area.height() / 2
    painter.setBrush(ground)
    painter.drawRoundedRect(area, radius, radius)
    filled = QRectF(area)
    filled.setWidth(max(area.height(), area.width() * min(max(share, 0.0), 1.0)))
    painter.setBrush(colour)
    painter.drawRoundedRect(filled, radius, radius)


def _draw_loupe(
    painter: QPainter, mark: Mark, picture: QImage, area: Box, taken: list[Box]
) -> None:
    """The face as it is in the frame and as it was restored, where both hide nothing."""
    reading = mark.reading
    is_small = reading.native_px < FACE_PX and reading.verdict is not Verdict.HIDDEN
    if reading.restored is None or not is_small:
        return
    width, height = 2 * LOUPE_SIDE + 3 * PAD, LOUPE_SIDE + 2 * PAD + 14
    box = mark.box
    x, y = box.center[0] - width / 2, box.center[1] - height / 2
    for left, top in (
        (x, box.bottom + GAP),
        (box.right + GAP, y),
        (box.left - GAP - width, y),
        (x, box.top - GAP - height),
        (box.right + GAP, box.bottom + GAP),
        (box.left - GAP - width, box.bottom + GAP),
        (box.right + GAP, box.top - GAP - height),
        (box.left - GAP - width, box.top - GAP - height),
    ):
        spot = _inside(left, top, width, height, area)
        if any(_overlap(spot, other) > 0 for other in taken):
            continue
        taken.append(spot)
        _draw_pair(painter, mark, picture, spot)
        return


def _draw_pair(painter: QPainter, mark: Mark, picture: QImage, spot: Box) -> None:
    translate = QCoreApplication.translate
    painter.setPen(QPen(colour_for(mark.reading), 1.5))
    painter.setBrush(PLATE)
    painter.drawRoundedRect(QRectF(spot.left, spot.top, spot.width, spot.height), 5, 5)
    side = mark.reading.native_px
    x, y = mark.source.center
    seen = QRectF(x - side / 2, y - side / 2, side, side)
    left = QRectF(spot.left + PAD, spot.top + PAD, LOUPE_SIDE, LOUPE_SIDE)
    right = left.translated(LOUPE_SIDE + PAD, 0)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(left, picture, seen)  # pixel by pixel: that is all there is
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
    assert mark.reading.restored is not None
    draw_gray(painter, right, mark.reading.restored)
    font = painter.font()
    font.setPointSizeF(font.pointSizeF() * 0.85)
    painter.setFont(font)
    painter.setPen(PLATE_MUTED)
    for area, text in (
        (left, translate("Marks", "as seen")),
        (right, translate("Marks", "restored")),
    ):
        line = QRectF(area.left(), area.bottom() + 1, area.width(), 16)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)


def draw_gray(painter: QPainter, area: QRectF, gray: NDArray[np.uint8]) -> None:
    """Draw a (H, W) uint8 picture into an area."""
    rows = np.ascontiguousarray(gray)
    painter.drawImage(area, as_image(rows, QImage.Format.Format_Grayscale8))


def _inside(left: float, top: float, width: float, height: float, area: Box) -> Box:
    """A place of this size, moved into the area as far as it fits."""
    x = max(area.left, min(left, area.right - width))
    y = max(area.top, min(top, area.bottom - height))
    return Box(x, y, x + width, y + height)


def _overlap(one: Box, other: Box) -> float:
    """Area that two boxes share."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(width, 0.0) * max(height, 0.0)
