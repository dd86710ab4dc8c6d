"""What is open, how it is doing, and what else can be opened."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFontMetricsF, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from srfer.errors import ConfigError

from .feeds import Choice, Kind, choose, list_webcams
from .icons import icon
from .painting import painting
from .session import Phase
from .theme import tones
from .words import phase_name


class StatePill(QWidget):
    """The state of the source in a word, with a lamp."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._phase: Phase | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_phase(None, "")

    @property
    def phase(self) -> Phase | None:
        """What is shown."""
        return self._phase

    def show_phase(self, phase: Phase | None, cause: str) -> None:
        """Show a state; None where no source is open."""
        self._phase = phase
        self.setAccessibleName(self.tr("State of the source: {state}").format(state=self._text))
        self.setToolTip(cause)
        self.updateGeometry()
        self.update()

    @property
    def _text(self) -> str:
        return self.tr("no source") if self._phase is None else phase_name(self._phase)

    def sizeHint(self) -> QSize:
        """As wide as the word."""
        metrics = QFontMetricsF(self.font())
        return QSize(int(metrics.horizontalAdvance(self._text)) + 36, 26)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw it."""
        look = tones()
        lamp = {
            Phase.LIVE: QColor(0, 158, 115),
            Phase.LOST: QColor(look.danger),
            Phase.FAILED: QColor(look.danger),
            Phase.STALLED: QColor(230, 159, 0),
            Phase.OPENING: QColor(230, 159, 0),
        }
        with painting(self) as painter:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.raised))
            painter.drawRoundedRect(QRectF(self.rect()), 13, 13)
            colour = QColor(look.muted) if self._phase is None else lamp.get(self._phase)
            painter.setBrush(colour or QColor(look.muted))
            painter.drawEllipse(QRectF(10, self.height() / 2 - 4, 8, 8))
            painter.setPen(QColor(look.text))
            area = QRectF(self.rect()).adjusted(24, 0, -8, 0)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), self._text)


class SourceBar(QWidget):
    """The button that opens sources, the title of the present one, and its state.

    Signals:
        chosen: a `Choice`.
        file_wanted: a file is to be asked for.
        stream_wanted: an address is to be asked for; one to begin with, or "".
        screen_wanted: a region of the screen is to be asked for.
    """

    chosen = pyqtSignal(Choice)
    file_wanted = pyqtSignal()
    stream_wanted = pyqtSignal(str)
    screen_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recent: Sequence[str] = ()
        self.button = QToolButton()
        self.button.setText(self.tr("Open"))
        self.button.setAccessibleName(self.tr("Open a source"))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self.fill_menu)
        self.button.setMenu(self.menu)
        self._icon = QLabel()
        self.title = QLabel()
        self.title.setAccessibleName(self.tr("Source"))
        self.title.setMinimumWidth(40)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.state = StatePill()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.button, self._icon):
            row.addWidget(widget)
        row.addWidget(self.title, 1)
        row.addWidget(self.state)
        self._choice: Choice | None = None
        self.show_choice(None)

    def show_choice(self, choice: Choice | None) -> None:
        """Show what is open."""
        self._choice = choice
        self.title.setText(self.tr("No source is open") if choice is None else choice.title)
        self.title.setToolTip(self.title.text())
        self.restyle()

    def show_recent(self, recent: Sequence[str]) -> None:
        """Take the sources that were opened before."""
        self._recent = recent

    def restyle(self) -> None:
        """Take over the colours of the theme."""
        self.button.setIcon(icon("add"))
        is_open = self._choice is not None
        self._icon.setVisible(is_open)
        if self._choice is not None:
            self._icon.setPixmap(icon(str(self._choice.kind)).pixmap(18, 18))
        self.state.update()

    def fill_menu(self) -> None:
        """List what can be opened now."""
        self.menu.clear()
        for webcam in list_webcams():
            self._add(webcam, webcam.title)
        self.menu.addSeparator()
        for kind, text, want in (
            (Kind.FILE, self.tr("Video or picture…"), self.file_wanted.emit),
            (Kind.STREAM, self.tr("Stream address…"), lambda: self.stream_wanted.emit("")),
            (Kind.SCREEN, self.tr("Part of the screen…"), self.screen_wanted.emit),
        ):
            action = self.menu.addAction(icon(str(kind)), text)
            assert action is not None
            action.triggered.connect(lambda _is_on, want=want: want())
        self._add_recent()

    def _add_recent(self) -> None:
        if not self._recent:
            return
        self.menu.addSection(self.tr("Recent"))
        for stored in self._recent:
            try:
                choice = choose(stored)
            except ConfigError:
                continue  # of an older version, or written by hand
            self._add(choice, choice.title)

    def _add(self, choice: Choice, text: str) -> None:
        action = self.menu.addAction(icon(str(choice.kind)), text)
        assert action is not None
        action.setToolTip(choice.stored)
        if choice.kind is Kind.STREAM:  # it may need a password, which is kept nowhere
            action.triggered.connect(lambda: self.stream_wanted.emit(choice.address))
        else:
            action.triggered.connect(lambda: self.chosen.emit(choice))
