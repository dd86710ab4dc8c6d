"""Choosing a part of the screen with the mouse."""

from __future__ import annotations

from PyQt6.QtCore import QPoint, QRect, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QGuiApplication, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from .painting import painting
from .theme import PLATE, PLATE_TEXT

SMALLEST_PX = 32


class RegionPicker(QWidget):
    """Covers all screens until a rectangle was drawn; Escape gives up.

    Signals:
        picked: the rectangle, in Qt's units of the whole desktop.
    """

    picked = pyqtSignal(QRect)

    def __init__(self) -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.Tool)
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(self.tr("Choose a part of the screen"))
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            self.setGeometry(screen.virtualGeometry())
        self._start: QPoint | None = None
        self._end = QPoint()

    @property
    def region(self) -> QRect:
        """What is drawn now, in this widget."""
        if self._start is None:
            return QRect()
        xs, ys = (self._start.x(), self._end.x()), (self._start.y(), self._end.y())
        return QRect(min(xs), min(ys), abs(xs[1] - xs[0]), abs(ys[1] - ys[0]))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Dim everything but the region."""
        with painting(self) as painter:
            painter.fillRect(self.rect(), QColor(0, 0, 0, 110))
            region = self.region
            if not region.isEmpty():
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
                painter.fillRect(region, QColor(0, 0, 0, 1))  # not 0, or clicks would fall through
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
                painter.setPen(QPen(PLATE_TEXT, 2))
                painter.drawRect(region)
            text = self.tr("Draw a rectangle; Escape gives up")
            area = painter.fontMetrics().boundingRect(text).adjusted(-14, -8, 14, 8)
            area.moveCenter(QPoint(self.width() // 2, 60))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(PLATE)
            painter.drawRoundedRect(area, 8, 8)
            painter.setPen(PLATE_TEXT)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin a rectangle."""
        if event is not None:
            self._start = self._end = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Draw it."""
        if event is not None and self._start is not None:
            self._end = event.position().toPoint()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Take it, unless it is too small to be meant."""
        region = self.region
        self._start = None
        if min(region.width(), region.height()) >= SMALLEST_PX:
            self.picked.emit(region.translated(self.geometry().topLeft()))
            self.close()
        else:
            self.update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Escape gives up."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.close()
