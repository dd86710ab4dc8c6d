"""The picture with everything that is said over it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QWidget

from srfer.realtime import Box, FrameResult, TrackState
from srfer.realtime.types import RgbImage

from .images import as_image
from .marks import Mark, draw_marks
from .painting import painting
from .reading import Reading
from .theme import PLATE, PLATE_MUTED, PLATE_TEXT, tones
from .viewport import Size, Viewport

WHEEL_STEP = 1.2
EDGE = 10.0
CHIP_HEIGHT = 24.0


class _Scaled(NamedTuple):
    """A frame in the pixels of the screen, and what it was made for."""

    result: FrameResult
    seen: tuple[Viewport, float]
    pixels: NDArray[np.uint8]


class PictureView(QWidget):
    """Shows one result at a time, and a message over it when there is something to say.

    A result is drawn when the widget is painted, never when it arrives; whoever delivers results
    faster than they can be painted only replaces the one that waits.

    Signals:
        face_chosen: number of the track that was clicked, or 0 for none.
    """

    face_chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Picture"))
        self.has_marks = True
        self.has_loupe = True
        self.has_notice = True
        self.has_age = False
        self.selected = 0
        self._result: FrameResult | None = None
        self._title = ""
        self._text = ""
        self._viewport: Viewport | None = None
        self._frame_image: QImage | None = None
        self._scaled: _Scaled | None = None
        self._plates: list[tuple[int, Box]] = []
        self._drag: QPointF | None = None
        self._age_area = QRectF()

    def sizeHint(self) -> QSize:
        """A good size to start with."""
        return QSize(960, 600)

    @property
    def result(self) -> FrameResult | None:
        """What is shown."""
        return self._result

    def show_result(self, result: FrameResult | None) -> None:
        """Show a result with the next painting."""
        if result is not self._result:
            self._result = result
            self._frame_image = None
            self._describe()
            self.update()

    def update_age(self) -> None:
        """Paint the age of the labels again, which grows while nothing new comes."""
        area = self._age_area
        if not area.isEmpty():
            self.update(area.toAlignedRect())

    def show_message(self, title: str, text: str = "") -> None:
        """Say something over the picture, which is dimmed; "" says nothing."""
        if (title, text) != (self._title, self._text):
            self._title, self._text = title, text
            self._describe()
            self.update()

    @property
    def viewport(self) -> Viewport | None:
        """Which part of the frame is shown where; None without a frame."""
        if self._result is None:
            return None
        frame = Size(self._result.frame.width, self._result.frame.height)
        widget = Size(max(self.width(), 1), max(self.height(), 1))
        before = self._viewport
        if before is None or before.frame != frame:
            self._viewport = Viewport(frame, widget)
        elif before.widget != widget:
            self._viewport = replace(before, widget=widget).moved(0, 0)
        return self._viewport

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom about a point, or about the middle."""
        viewport = self.viewport
        if viewport is not None:
            x, y = (self.width() / 2, self.height() / 2) if at is None else (at.x(), at.y())
            self._viewport = viewport.zoomed(factor, x, y)
            self.update()

    def fit(self) -> None:
        """Show the whole frame."""
        self._viewport = None
        self.update()

    def marks(self) -> list[Mark]:
        """The faces in view, as they are drawn."""
        viewport = self.viewport
        if viewport is None or self._result is None:
            return []
        return [
            Mark(
                Reading.of(face),
                viewport.to_widget(face.track.face.box),
                face.track.face.box,
                face.track.id == self.selected,
            )
            for face in self._result.faces
        ]

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the frame, the marks, and what is said over them."""
        with painting(self) as painter:
            painter.fillRect(self.rect(), QColor(tones().stage))
            viewport = self.viewport
            if viewport is not None and self._result is not None:
                self._draw_frame(painter, viewport)
                chips = self._draw_chips(painter, viewport.picture)
                if self.has_marks:
                    picture = self._picture() if self.has_loupe else None
                    area = viewport.picture
                    self._plates = draw_marks(painter, self.marks(), picture, area, chips)
            if self._title:
                self._draw_message(painter)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose a face, or take hold of the picture."""
        if event is not None and event.button() is Qt.MouseButton.LeftButton:
            self._drag = event.position()
            self.face_chosen.emit(self._face_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Move the picture about."""
        viewport = self.viewport
        if event is not None and self._drag is not None and viewport is not None:
            by = event.position() - self._drag
            self._drag = event.position()
            self._viewport = viewport.moved(by.x(), by.y())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let go."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Show the whole frame again."""
        self.fit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom about the pointer."""
        if event is not None and event.angleDelta().y():
            steps = event.angleDelta().y() / 120
            self.zoom_by(WHEEL_STEP**steps, event.position())

    def _face_at(self, point: QPointF) -> int:
        for track_id, plate in self._plates:
            if _holds(plate, point):
                return track_id
        inside = [mark for mark in self.marks() if _holds(mark.box, point)]
        inside.sort(key=lambda mark: mark.box.width * mark.box.height)
        return inside[0].reading.track_id if inside else 0

    def _picture(self) -> QImage:
        """The whole frame for the loupes, which shares its memory."""
        assert self._result is not None
        if self._frame_image is None:
            image = self._result.frame.image
            if not image.flags.c_contiguous:
                return as_image(np.ascontiguousarray(image), QImage.Format.Format_RGB888).copy()
            self._frame_image = as_image(image, QImage.Format.Format_RGB888)
        return self._frame_image

    def _draw_frame(self, painter: QPainter, viewport: Viewport) -> None:
        """Scale the visible part to the pixels of the screen, and draw it one to one."""
        assert self._result is not None
        device = painter.device()
        ratio = 1.0 if device is None else device.devicePixelRatio()
        area = viewport.picture
        before = self._scaled
        if before is None or before.result is not self._result or before.seen != (viewport, ratio):
            pixels = _scale(self._result.frame.image, viewport, ratio)
            before = self._scaled = _Scaled(self._result, (viewport, ratio), pixels)
        image = as_image(before.pixels, QImage.Format.Format_RGB32)
        painter.drawImage(QRectF(area.left, area.top, area.width, area.height), image)

    def _draw_chips(self, painter: QPainter, area: Box) -> list[Box]:
        """What is said in the corners; gives where."""
        assert self._result is not None
        left, right, bottom = area.left + EDGE, area.right - EDGE, area.bottom - EDGE
        spots: list[Box] = []
        if self.has_notice:
            text = self.tr("expression analysis running")
            spots.append(_draw_chip(painter, text, left, bottom, is_right=False))
        if self.has_age:
            age_ms = (time.monotonic() - _read_at_s(self._result)) * 1e3
            text = self.tr("labels {age} ms old").format(age=f"{age_ms:.0f}")
            if age_ms >= 1000:
                text = self.tr("labels {age} s old").format(age=f"{age_ms / 1e3:.1f}")
            spot = _draw_chip(painter, text, right, bottom, is_right=True)
            spots.append(spot)
            # With room for a longer number.
            self._age_area = QRectF(spot.left - 40, spot.top, spot.width + 42, spot.height + 2)
        if not self._result.faces and not self._title:
            top = area.top + EDGE + CHIP_HEIGHT
            spots.append(_draw_chip(painter, self.tr("No faces"), left, top, is_right=False))
        return spots

    def _draw_message(self, painter: QPainter) -> None:
        if self._result is not None:
            painter.fillRect(self.rect(), QColor(0, 0, 0, 140))
        is_bare = self._result is None
        title, text = QFont(self.font()), QFont(self.font())
        title.setPointSizeF(title.pointSizeF() * 1.6)
        title.setBold(True)
        middle = QRectF(self.rect()).adjusted(24, 0, -24, 0)
        ink = QColor(tones().text) if is_bare else PLATE_TEXT
        muted = QColor(tones().muted) if is_bare else PLATE_MUTED
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignHCenter
        painter.setFont(title)
        painter.setPen(ink)
        top = QRectF(middle)
        top.setBottom(middle.center().y() - 4)
        painter.drawText(top, int(flags | Qt.AlignmentFlag.AlignBottom), self._title)
        painter.setFont(text)
        painter.setPen(muted)
        below = QRectF(middle)
        below.setTop(middle.center().y() + 8)
        painter.drawText(below, int(flags | Qt.AlignmentFlag.AlignTop), self._text)

    def _describe(self) -> None:
        """For screen readers."""
        faces = 0 if self._result is None else len(self._result.faces)
        count = self.tr("{count} faces").format(count=faces)
        said = (self._title, *self._text.splitlines(), count)
        self.setAccessibleDescription(" · ".join(one for one in said if one))


def _read_at_s(result: FrameResult) -> float:
    """When the frame was captured from which the oldest label that is shown was read."""
    seen = [face for face in result.faces if face.track.state is not TrackState.LOST]
    ago_s = max((face.read_ago_s or 0.0 for face in seen), default=0.0)
    return result.frame.captured_s - ago_s


def _scale(image: RgbImage, viewport: Viewport, ratio: float) -> NDArray[np.uint8]:
    """The visible part of a frame as (h, w, 4) RGB32, in as many pixels as the screen has."""
    area = viewport.picture
    width = max(1, round(area.width * ratio))
    height = max(1, round(area.height * ratio))
    left, top = viewport.to_frame(area.left, area.top)
    right, bottom = viewport.to_frame(area.right, area.bottom)
    scale = width / max(right - left, 1e-6)
    x0, y0 = max(0, int(left) - 1), max(0, int(top) - 1)
    x1 = min(image.shape[1], int(np.ceil(right)) + 1)
    y1 = min(image.shape[0], int(np.ceil(bottom)) + 1)
    part = image[y0:y1, x0:x1]
    is_whole = part.shape == image.shape
    if is_whole:
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels = cv2.resize(part, (width, height), interpolation=how)
    else:
        matrix = np.array([[scale, 0, (x0 - left) * scale], [0, scale, (y0 - top) * scale]])
        matrix[:, 2] += 0.5 * scale - 0.5  # OpenCV names the middle of a pixel, ours its corner
        how = cv2.INTER_NEAREST if scale > 6 * ratio else cv2.INTER_LINEAR
        pixels = cv2.warpAffine(
            part, matrix, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE
        )
    return np.asarray(cv2.cvtColor(np.asarray(pixels, np.uint8), cv2.COLOR_RGB2BGRA), np.uint8)


def _draw_chip(painter: QPainter, text: str, x: float, bottom: float, *, is_right: bool) -> Box:
    """Say something in a corner, with its right or left end at x; gives where."""
    width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 16
    left = x - width if is_right else x
    area = QRectF(left, bottom - CHIP_HEIGHT, width, CHIP_HEIGHT)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(area, CHIP_HEIGHT / 2, CHIP_HEIGHT / 2)
    painter.setPen(PLATE_TEXT)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
    return Box(area.left(), area.top(), area.right(), area.bottom())


def _holds(box: Box, point: QPointF) -> bool:
    return box.left <= point.x() <= box.right and box.top <= point.y() <= box.bottom
