"""Marks over a part of the screen itself: a window that is only marks."""

from __future__ import annotations

from PyQt6.QtCore import QRect, Qt, QTimer
from PyQt6.QtGui import QBitmap, QGuiApplication, QImage, QPainter, QPaintEvent, QRegion
from PyQt6.QtWidgets import QWidget

from srfer.realtime import Box, FrameResult

from .feeds import Choice, Kind, region_of
from .marks import Mark, draw_marks
from .painting import painting
from .reading import Reading
from .viewport import Size, Viewport

NOTHING = QRegion(-1, -1, 1, 1)
"""The shape of a window that shows nothing; an empty one would stand for the whole window."""


MARGIN = 0.25
"""Of a face's height, between the face and its mark: the marks are on the screen that is read."""


def watched_region(choice: Choice, ratio: float) -> QRect:
    """The part of the desktop that a source shows, in Qt's units; empty if it is no screen.

    Args:
        choice: the source.
        ratio: pixels of the screen for one such unit.
    """
    if choice.kind is not Kind.SCREEN:
        return QRect()
    region = region_of(choice, ratio)
    screen = QGuiApplication.primaryScreen()
    whole = QRect() if screen is None else screen.virtualGeometry()
    return whole if region is None else QRect(*region)


class OverlayWindow(QWidget):
    """Frameless, always on top, and not there for the mouse.

    Its shape is that of the marks, since without a compositor what is transparent is black.

    Args:
        region: of the desktop that the source shows, in Qt's units.
    """

    def __init__(self, region: QRect) -> None:
        super().__init__(
            None,
            Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowTransparentForInput
            | Qt.WindowType.WindowDoesNotAcceptFocus
            | Qt.WindowType.Tool,
        )
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle(self.tr("srfer overlay"))
        self.setGeometry(region)
        self._result: FrameResult | None = None
        self._is_settled = False
        self.setMask(NOTHING)

    def show_result(self, result: FrameResult | None) -> None:
        """Mark the faces of a result."""
        if result is not self._result:
            self._result = result
            self.setMask(self._shape())
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the marks, and nothing else."""
        with painting(self) as painter:
            self._draw(painter)
        if not self._is_settled:
            self._is_settled = True
            QTimer.singleShot(0, self._settle)

    def _draw(self, painter: QPainter) -> None:
        result = self._result
        if result is None:
            return
        frame = Size(result.frame.width, result.frame.height)
        viewport = Viewport(frame, Size(self.width(), self.height()))
        marks = [
            Mark(
                Reading.of(face),
                viewport.to_widget(_around(face.track.face.box)),
                face.track.face.box,
                False,
            )
            for face in result.faces
        ]
        draw_marks(painter, marks, None, Box(0, 0, self.width(), self.height()))

    def _shape(self) -> QRegion:
        image = QImage(self.size(), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        try:
            painter.setFont(self.font())
            self._draw(painter)
        finally:
            painter.end()
        shape = QRegion(QBitmap.fromImage(image.createAlphaMask()))
        return NOTHING if shape.isEmpty() else shape

    def _settle(self) -> None:
        """Say again that the mouse goes through: some window managers listen only by now."""
        handle = self.windowHandle()
        if handle is not None:
            handle.setFlag(Qt.WindowType.WindowTransparentForInput, False)
            handle.setFlag(Qt.WindowType.WindowTransparentForInput, True)


def _around(box: Box) -> Box:
    by = MARGIN * box.height
    return Box(box.left - by, box.top - by, box.right + by, box.bottom + by)
