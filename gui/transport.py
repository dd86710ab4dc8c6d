"""Play, pause, place and speed of a file."""

from __future__ import annotations

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from srfer.realtime.sources import Player

from .icons import icon

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
STEPS_PER_S = 20
SKIP_S = 5.0


class Transport(QWidget):
    """The controls below the picture; hidden where the source cannot be moved about in.

    Signals:
        play_toggled: play or pause was asked for.
        time_chosen: seconds after the first frame.
        speed_chosen: 1 is the file's own speed.
    """

    play_toggled = pyqtSignal()
    time_chosen = pyqtSignal(float)
    speed_chosen = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.play = QToolButton()
        self.play.clicked.connect(self.play_toggled)
        self.place = QSlider(Qt.Orientation.Horizontal)
        self.place.setAccessibleName(self.tr("Position"))
        self.place.setPageStep(round(SKIP_S * STEPS_PER_S))
        self.place.valueChanged.connect(self._on_place)
        self.clock = QLabel()
        self.clock.setObjectName("muted")
        self.speed = QComboBox()
        self.speed.setAccessibleName(self.tr("Speed"))
        self.speed.setToolTip(self.tr("Speed"))
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} ×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.currentIndexChanged.connect(self._on_speed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self.play)
        row.addWidget(self.place, 1)
        row.addWidget(self.clock)
        row.addWidget(self.speed)
        self._is_playing = True
        self.restyle()

    def show_player(self, player: Player | None, *, is_playing: bool) -> None:
        """Show where a player is."""
        self.setVisible(player is not None)
        if is_playing != self._is_playing:
            self._is_playing = is_playing
            self.restyle()
        if player is None:
            return
        position_s = float(player.position_s)
        duration_s = max(float(player.duration_s or 0), position_s)
        with QSignalBlocker(self.place):
            self.place.setRange(0, max(1, round(duration_s * STEPS_PER_S)))
            if not self.place.isSliderDown():
                self.place.setValue(round(position_s * STEPS_PER_S))
        self.clock.setText(f"{_clock(position_s)} / {_clock(duration_s)}")
        with QSignalBlocker(self.speed):
            self.speed.setCurrentIndex(max(0, self.speed.findData(player.speed)))

    def restyle(self) -> None:
        """Take over the colours of the theme."""
        self.play.setIcon(icon("pause" if self._is_playing else "play"))
        text = self.tr("Pause") if self._is_playing else self.tr("Play")
        self.play.setAccessibleName(text)
        self.play.setToolTip(f"{text} (Space)")

    def _on_place(self, value: int) -> None:
        self.time_chosen.emit(value / STEPS_PER_S)

    def _on_speed(self) -> None:
        self.speed_chosen.emit(float(self.speed.currentData()))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
