"""How fast it goes, what is lost and where, and what to change about it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from PyQt6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from srfer.engines import PRECISIONS
from srfer.realtime.api import TRACKERS

from .devices import DeviceOption, find_devices
from .gauges import Report
from .marks import draw_bar
from .painting import painting
from .preferences import Preferences
from .session import Status
from .theme import tones
from .words import cause_name, stage_name

SEARCH_PX = (320, 480, 640, 960, 1280)
LINE = 20.0
NAME_WIDTH, VALUE_WIDTH = 122.0, 112.0


class Figures(QWidget):
    """The figures of the last seconds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[tuple[str, str, float]] = []
        self._head = ("–", "")
        self.setAccessibleName(self.tr("Figures"))

    def show_report(self, report: Report | None, status: Status | None) -> None:
        """Show what was measured."""
        if report is None:
            self._head = ("–", self.tr("no results in the last seconds"))
            self._lines = []
        else:
            age = self.tr("results {p50} ms old, 95% below {p95} ms")
            age = age.format(p50=f"{report.age.p50_ms:.0f}", p95=f"{report.age.p95_ms:.0f}")
            self._head = (self.tr("{fps} frames/s").format(fps=f"{report.fps:.1f}"), age)
            slowest = max((spread.p95_ms for spread in report.stages.values()), default=0.0)
            self._lines = [(self.tr("at work"), self.tr("median · 95%"), -1.0)]
            self._lines += [
                (
                    stage_name(name),
                    f"{spread.p50_ms:.1f} · {spread.p95_ms:.1f} ms",
                    spread.p50_ms / slowest if slowest else 0.0,
                )
                for name, spread in report.stages.items()
            ]
        if status is not None:
            self._lines += self._counts(status)
        self.setAccessibleDescription("; ".join(f"{a} {b}" for a, b, _ in self._lines))
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all lines."""
        return QSize(280, int(62 + LINE * max(8, len(self._lines))))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the figures."""
        look = tones()
        with painting(self) as painter:
            big = QFont(self.font())
            big.setPointSizeF(big.pointSizeF() * 1.6)
            big.setBold(True)
            painter.setFont(big)
            painter.setPen(QColor(look.text))
            painter.drawText(QPointF(0, QFontMetricsF(big).ascent()), self._head[0])
            painter.setFont(self.font())
            painter.setPen(QColor(look.muted))
            painter.drawText(QPointF(0, 44), self._head[1])
            for row, (name, value, share) in enumerate(self._lines):
                self._draw_line(painter, 56 + row * LINE, name, value, share)

    def _draw_line(
        self, painter: QPainter, top: float, name: str, value: str, share: float
    ) -> None:
        look = tones()
        metrics = QFontMetricsF(self.font())
        base = top + (LINE + metrics.ascent() - metrics.descent()) / 2
        painter.setPen(QColor(look.text))
        painter.drawText(QPointF(0, base), name)
        painter.setPen(QColor(look.muted))
        right = self.width() - metrics.horizontalAdvance(value)
        painter.drawText(QPointF(right, base), value)
        if share >= 0:
            room = self.width() - NAME_WIDTH - VALUE_WIDTH
            if room > 20:
                area = QRectF(NAME_WIDTH, top + LINE / 2 - 3, room, 6)
                draw_bar(painter, area, share, QColor(look.accent), QColor(look.raised))

    def _counts(self, status: Status) -> list[tuple[str, str, float]]:
        stats, health = status.stats, status.health
        lines = [
            (self.tr("captured"), str(stats.captured), -1.0),
            (self.tr("processed"), str(stats.processed), -1.0),
        ]
        lines += [
            (self.tr("dropped: {cause}").format(cause=cause_name(cause)), str(count), -1.0)
            for cause, count in stats.dropped.items()
        ]
        if health is not None:
            lines += [
                (self.tr("reconnects"), str(health.reconnects), -1.0),
                (self.tr("damaged packets"), str(health.decode_errors), -1.0),
            ]
        return lines


class PerformancePanel(QWidget):
    """Figures above, and below what the analysis runs on.

    Signals:
        changed: the preferences with another engine, precision, tracker or search size.
    """

    changed = pyqtSignal(Preferences)
    _found = pyqtSignal(list)

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Performance"))
        self._preferences = preferences
        self._devices: Sequence[DeviceOption] = ()
        self._finder: threading.Thread | None = None
        self.figures = Figures()
        self._engine = QLabel("–")
        self._engine.setWordWrap(True)
        self._engine.setObjectName("muted")
        self.device, self.precision = QComboBox(), QComboBox()
        self.tracker, self.search = QComboBox(), QComboBox()
        self.use_sr = QCheckBox(self.tr("Read faces after super-resolution"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(self.figures)
        column.addLayout(self._make_form())
        column.addWidget(self._engine)
        column.addStretch(1)
        self._found.connect(self._on_found)
        self.show_preferences(preferences)

    def show_preferences(self, preferences: Preferences) -> None:
        """Show what is chosen."""
        self._preferences = preferences
        self._fill_devices()
        blockers = [QSignalBlocker(box) for box in (self.tracker, self.search, self.use_sr)]
        self.tracker.clear()
        for name in TRACKERS:
            self.tracker.addItem(name, name)
        self.tracker.setCurrentIndex(self.tracker.findData(preferences.tracker))
        sizes = sorted({*SEARCH_PX, preferences.detect_px})
        self.search.clear()
        for size in sizes:
            self.search.addItem(self.tr("{n} px").format(n=size), size)
        self.search.setCurrentIndex(sizes.index(preferences.detect_px))
        self.use_sr.setChecked(preferences.use_sr)
        del blockers

    def show_engine(self, text: str) -> None:
        """Say what is in use."""
        if text != self._engine.text():
            self._engine.setText(text)

    def look_for_devices(self) -> None:
        """Find out, in a thread of its own, what this machine has."""
        if self._finder is None:
            self._finder = threading.Thread(target=self._find, name="devices", daemon=True)
            self._finder.start()

    def wait_for_devices(self, timeout_s: float) -> None:
        """Wait for the thread, if there is one."""
        if self._finder is not None:
            self._finder.join(timeout_s)

    def _make_form(self) -> QFormLayout:
        form = QFormLayout()
        for box, text in (
            (self.device, self.tr("Engine")),
            (self.precision, self.tr("Precision")),
            (self.tracker, self.tr("Face tracker")),
            (self.search, self.tr("Search size")),
        ):
            box.setAccessibleName(text)
            box.currentIndexChanged.connect(self._on_change)
            form.addRow(text, box)
        self.search.setToolTip(self.tr("Smaller is faster, larger finds smaller faces"))
        self.use_sr.toggled.connect(self._on_change)
        form.addRow(self.use_sr)
        return form

    def _find(self) -> None:
        self._found.emit(find_devices())

    def _on_found(self, devices: list[DeviceOption]) -> None:
        self._devices = devices
        self._fill_devices()

    def _fill_devices(self) -> None:
        """Devices and precisions; what cannot be used here is listed with the reason."""
        chosen = self._preferences
        blockers = [QSignalBlocker(self.device), QSignalBlocker(self.precision)]
        self.device.clear()
        self.device.addItem(self.tr("automatic"), "auto")
        known = self._devices or [DeviceOption(chosen.device, PRECISIONS, None)]
        precisions: tuple[str, ...] = PRECISIONS
        for option in known:
            if option.name != "auto" and option.why_not is None:
                self.device.addItem(option.name, option.name)
            if option.name == chosen.device:
                precisions = option.precisions
        reasons = [f"{one.name}: {one.why_not}" for one in known if one.why_not is not None]
        self.device.setToolTip("\n".join(reasons))
        self.device.setCurrentIndex(max(0, self.device.findData(chosen.device)))
        self.precision.clear()
        self.precision.addItem(self.tr("the engine's own"), "")
        for precision in precisions:
            self.precision.addItem(precision, precision)
        self.precision.setCurrentIndex(max(0, self.precision.findData(chosen.precision)))
        del blockers

    def _on_change(self) -> None:
        device = self.device.currentData()
        precision = self.precision.currentData()
        if device != self._preferences.device:
            precision = ""  # another engine may not know the old one's
        wanted = replace(
            self._preferences,
            device=device,
            precision=precision,
            tracker=self.tracker.currentData(),
            detect_px=self.search.currentData(),
            use_sr=self.use_sr.isChecked(),
        )
        if wanted != self._preferences:
            self.changed.emit(wanted)
        self.show_preferences(wanted)
