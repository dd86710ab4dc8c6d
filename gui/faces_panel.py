"""A card for each face in view."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PyQt6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from srfer.engines import LABELS, RESTORED_BELOW_PX

from .marks import colour_for, detail, draw_bar, draw_gray, headline
from .painting import painting
from .reading import Reading, Verdict
from .theme import colour_of, tones
from .words import label_name

FACE_SIDE = 84.0
PAD = 10.0
ROW = 15.0


class FaceCard(QWidget):
    """One face: what was restored of it, its eight probabilities, and what they are worth.

    Signals:
        chosen: it was clicked, or Enter was pressed on it.
    """

    chosen = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading: Reading | None = None
        self._is_selected = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def reading(self) -> Reading | None:
        """What is shown."""
        return self._reading

    def show_reading(self, reading: Reading, *, is_selected: bool) -> None:
        """Show what is known now. A reading that was missed leaves the old probabilities."""
        before = self._reading
        if before is None or headline(before) != headline(reading):
            self.setAccessibleName(f"#{reading.track_id} {headline(reading)}")
        self._reading, self._is_selected = reading, is_selected
        self.setAccessibleDescription(detail(reading))
        self.update()

    def sizeHint(self) -> QSize:
        """Room for eight bars."""
        return QSize(320, int(2 * PAD + 42 + len(LABELS) * ROW))

    def minimumSizeHint(self) -> QSize:
        """Narrower bars will do."""
        return QSize(250, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the card."""
        reading, look = self._reading, tones()
        if reading is None:
            return
        with painting(self) as painter:
            is_marked = self._is_selected or self.hasFocus()
            painter.setPen(
                QPen(QColor(look.accent if is_marked else look.line), 2 if is_marked else 1)
            )
            painter.setBrush(QColor(look.surface))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
            self._draw_face(painter, reading)
            self._draw_words(painter, reading)
            self._draw_bars(painter, reading)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose this face."""
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Choose this face with Enter; every other key is somebody else's."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def _draw_face(self, painter: QPainter, reading: Reading) -> None:
        look = tones()
        area = QRectF(PAD, PAD, FACE_SIDE, FACE_SIDE)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if reading.restored is not None:
            draw_gray(painter, area, reading.restored)
        else:
            painter.fillRect(area, QColor(look.raised))
            painter.setPen(QColor(look.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(flags), self.tr("no picture"))
        painter.setPen(QPen(colour_for(reading), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)
        painter.setPen(QColor(look.muted))
        small = QFont(self.font())
        small.setPointSizeF(small.pointSizeF() * 0.85)
        painter.setFont(small)
        below = QRectF(PAD, PAD + FACE_SIDE + 4, FACE_SIDE, 18)
        if reading.restored is not None and reading.native_px < RESTORED_BELOW_PX:
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, self.tr("restored"))

    def _draw_words(self, painter: QPainter, reading: Reading) -> None:
        look = tones()
        bold = QFont(self.font())
        bold.setBold(True)
        left = 2 * PAD + FACE_SIDE
        width = self.width() - left - PAD
        painter.setFont(bold)
        painter.setPen(QColor(look.text))
        metrics = QFontMetricsF(bold)
        title = f"#{reading.track_id}  {headline(reading)}"
        title = metrics.elidedText(title, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QPointF(left, PAD + metrics.ascent()), title)
        small = QFont(self.font())
        small.setPointSizeF(small.pointSizeF() * 0.85)
        painter.setFont(small)
        painter.setPen(QColor(look.muted))
        plain = QFontMetricsF(small)
        line = plain.elidedText(detail(reading), Qt.TextElideMode.ElideRight, width)
        painter.drawText(QPointF(left, PAD + 20 + plain.ascent()), line)

    def _draw_bars(self, painter: QPainter, reading: Reading) -> None:
        if reading.probabilities is None:
            return
        look = tones()
        small = QFont(self.font())
        small.setPointSizeF(small.pointSizeF() * 0.85)
        painter.setFont(small)
        metrics = QFontMetricsF(small)
        names = [label_name(label) for label in LABELS]
        left = 2 * PAD + FACE_SIDE
        name_width = max(metrics.horizontalAdvance(name) for name in names) + 8
        share_width = metrics.horizontalAdvance("100%") + 6
        bar_width = max(20.0, self.width() - left - PAD - name_width - share_width)
        best = reading.label if reading.verdict is Verdict.SURE else None
        for row, (label, name) in enumerate(zip(LABELS, names, strict=True)):
            top = PAD + 42 + row * ROW
            share = float(reading.probabilities[row])
            painter.setPen(QColor(look.text if label == best else look.muted))
            base = top + (ROW + metrics.ascent() - metrics.descent()) / 2
            painter.drawText(QPointF(left, base), name)
            text = f"{share:.0%}"
            right = self.width() - PAD - metrics.horizontalAdvance(text)
            painter.drawText(QPointF(right, base), text)
            bar = QRectF(left + name_width, top + ROW / 2 - 3, bar_width, 6)
            draw_bar(painter, bar, share, colour_of(label), QColor(look.raised))


class FacesPanel(QScrollArea):
    """The cards, in the order of the faces' numbers.

    Signals:
        face_chosen: number of a track.
    """

    face_chosen = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(300)
        self.setAccessibleName(self.tr("Faces"))
        body = QWidget()
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(8, 8, 8, 8)
        self._column.setSpacing(8)
        self._empty = QLabel(self.tr("No faces in view"))
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column.addWidget(self._empty)
        self._column.addStretch(1)
        self.setWidget(body)
        self._cards: dict[int, FaceCard] = {}

    def sizeHint(self) -> QSize:
        """Room for cards beside a scroll bar."""
        return QSize(350, 400)

    @property
    def cards(self) -> dict[int, FaceCard]:
        """The cards by track."""
        return self._cards

    def show_readings(self, readings: Sequence[Reading], selected: int) -> None:
        """Show these faces, and no others."""
        present = {reading.track_id for reading in readings}
        for track_id in [one for one in self._cards if one not in present]:
            card = self._cards.pop(track_id)
            self._column.removeWidget(card)
            card.deleteLater()
        for row, reading in enumerate(readings):
            found = self._cards.get(reading.track_id)
            if found is None:
                found = self._cards[reading.track_id] = self._add_card(row, reading.track_id)
            found.show_reading(reading, is_selected=reading.track_id == selected)
        self._empty.setVisible(not readings)

    def _add_card(self, row: int, track_id: int) -> FaceCard:
        card = FaceCard()
        card.chosen.connect(lambda: self.face_chosen.emit(track_id))
        self._column.insertWidget(row, card)
        return card
