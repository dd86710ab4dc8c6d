"""Marks over a part of the screen itself: a window that is only marks."""

from __future__ import annotations

from PyQt6.QtCore import QRect, Qt
from PyQt6.QtGui import QPaintEvent
from PyQt6.QtWidgets import QWidget

from srfer.realtime import Box, FrameResult

from .marks import Mark, draw_marks
from .painting import painting
from .reading import Reading
from .viewport import Size, Viewport


class OverlayWindow(QWidget):
    """Frameless, always on top, and not there for the mouse.

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

    def show_result(self, result: FrameResult | None) -> None:
        """Mark the faces of a result."""
        if result is not self._result:
            self._result = result
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the marks, and nothing else."""
        result = self._result
        if result is None:
            return
        with painting(self) as painter:
            frame = Size(result.frame.width, result.frame.height)
            viewport = Viewport(frame, Size(self.width(), self.height()))
            marks = [
                Mark(
                    Reading.of(face),
                    viewport.to_widget(face.track.face.box),
                    face.track.face.box,
                    False,
                )
                for face in result.faces
            ]
            draw_marks(painter, marks, None, Box(0, 0, self.width(), self.height()))
