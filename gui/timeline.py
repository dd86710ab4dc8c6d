"""What faces expressed over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QSignalBlocker, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QColor
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from srfer.engines import LABELS

from .history import Course, History
from .icons import icon
from .plotting import pyqtgraph as pg
from .theme import UNREAD, colour_of, tones
from .words import label_name, unsure_name

WINDOWS_S = (30.0, 60.0, 120.0, 300.0, 600.0)
FEWEST_ROWS, MAX_ROWS = 3, 12
"""Bands that there is room for."""

POINTS_PER_PX = 1.0
"""About how many points of a curve are drawn for each pixel of the plot, if there are more."""

_NO_BARS = {"x0": np.empty(0), "x1": np.empty(0), "y": np.empty(0)}
_SURE_HEIGHT, _UNSURE_HEIGHT = 0.7, 0.15
"""Of a band, in rows: what is unsure is thin, since its gray is nearly that of neutral faces."""

NEXT_RUN_S = 1.0
"""Readings further apart than this do not belong to the same band."""


class Timeline(QWidget):
    """Probabilities of the chosen face as curves, or the labels of all faces as bands.

    Signals:
        face_chosen: number of a track.
        time_chosen: seconds; only where the source can be moved about in.
        export_wanted: "png" or "csv".
    """

    face_chosen = pyqtSignal(int)
    time_chosen = pyqtSignal(float)
    export_wanted = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Timeline"))
        self._history = History()
        self._version = -1
        self._selected = 0
        self._can_seek = False
        self._is_following = True
        self._face, self._mode, self._window = QComboBox(), QComboBox(), QComboBox()
        self._plot = _Plot(enableMenu=False, axisItems={"bottom": _TimeAxis("bottom")})
        self._curves: list[pg.PlotDataItem] = []
        self._bands: list[pg.BarGraphItem] = []
        self._cursor = pg.InfiniteLine(angle=90)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 8)
        column.addLayout(self._make_bar())
        column.addWidget(self._plot, 1)
        self._make_plot()
        self.restyle()

    def show_history(self, history: History, selected: int, *, can_seek: bool) -> None:
        """Show what is remembered; does nothing if that is shown already."""
        state = (history.version, selected)
        is_same = history is self._history and state == (self._version, self._selected)
        self._can_seek = can_seek
        self._cursor.setMovable(can_seek)
        if is_same or not self.isVisible():
            return
        self._history, self._version = history, history.version
        self._choose(selected)
        self._draw()

    @property
    def selected(self) -> int:
        """The face whose curves are shown; 0 for none."""
        return self._selected

    @property
    def cursor_s(self) -> float:
        """Where the cursor is, in seconds."""
        return float(self._cursor.value())

    def show_bands(self) -> None:
        """Show the labels of all faces."""
        self._mode.setCurrentIndex(self._mode.findData("bands"))

    def save_png(self, path: Path) -> bool:
        """Write the plot as it is seen."""
        return bool(self._plot.grab().save(str(path), "PNG"))

    def restyle(self) -> None:
        """Take over the colours of the theme."""
        look = tones()
        self._plot.setBackground(look.surface)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(look.line))
            axis.setTextPen(pg.mkPen(look.muted))
        self._cursor.setPen(pg.mkPen(look.accent, width=2))
        for kind, button in self._buttons.items():
            button.setIcon(icon({"png": "image", "csv": "table"}[kind]))
        for curve, band, label in zip(self._curves, self._bands, LABELS, strict=False):
            curve.setPen(pg.mkPen(_ink(label), width=2))
            band.setOpts(brush=_ink(label))
        self._draw()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Let go of what pyqtgraph keeps outside the window."""
        self._plot.close()
        super().closeEvent(event)

    def _make_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        for box, name in (
            (self._face, self.tr("Face")),
            (self._mode, self.tr("Show")),
            (self._window, self.tr("Length of time")),
        ):
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.setPlaceholderText(name)
            bar.addWidget(box)
        self._mode.addItem(self.tr("Probabilities"), "curves")
        self._mode.addItem(self.tr("Labels of all faces"), "bands")
        for window_s in WINDOWS_S:
            text = (
                self.tr("last {n} s").format(n=f"{window_s:.0f}")
                if window_s < 60
                else self.tr("last {n} min").format(n=f"{window_s / 60:.0f}")
            )
            self._window.addItem(text, window_s)
        self._mode.setCurrentIndex(0)
        self._window.setCurrentIndex(2)
        self._face.currentIndexChanged.connect(self._on_face)
        self._mode.currentIndexChanged.connect(self._draw)
        self._window.currentIndexChanged.connect(self._follow)
        self._follower = self._make_button(self.tr("Follow"), self.tr("Show the newest again"))
        self._follower.setCheckable(True)
        self._follower.setChecked(True)
        self._follower.clicked.connect(self._follow)
        bar.addWidget(self._follower)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setWordWrap(True)  # or a small screen would be too narrow for the window
        bar.addWidget(self._legend, 1)
        self._buttons = {
            "png": self._make_button("PNG", self.tr("Save the plot as a picture")),
            "csv": self._make_button("CSV", self.tr("Save the figures of all faces as a table")),
        }
        for kind, button in self._buttons.items():
            button.clicked.connect(self._exporter(kind))
            bar.addWidget(button)
        return bar

    def _make_button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return button

    def _exporter(self, kind: str) -> Callable[[], None]:
        return lambda: self.export_wanted.emit(kind)

    def _make_plot(self) -> None:
        plot = self._plot
        plot.hideButtons()
        plot.setMouseEnabled(x=True, y=False)
        plot.getAxis("left").setWidth(44)
        for label in LABELS:
            curve = plot.plot([], [], pen=pg.mkPen(_ink(label), width=2))
            curve.setDownsampling(auto=True, method="peak")
            curve.opts["autoDownsampleFactor"] = POINTS_PER_PX  # a wide line takes Qt long to draw
            curve.setClipToView(True)
            self._curves.append(curve)
        for colour in (*map(_ink, LABELS), UNREAD):  # an item of one colour is drawn at once
            height = _UNSURE_HEIGHT if colour is UNREAD else _SURE_HEIGHT
            band = pg.BarGraphItem(pen=None, brush=colour, height=height, **_NO_BARS)
            self._bands.append(band)
            plot.addItem(band)
        self._cursor.setZValue(10)
        plot.addItem(self._cursor, ignoreBounds=True)
        self._cursor.sigPositionChangeFinished.connect(self._on_cursor)
        plot.scene().sigMouseClicked.connect(self._on_click)
        plot.getViewBox().sigRangeChangedManually.connect(self._on_zoom)

    def _choose(self, selected: int) -> None:
        """Fill the list of faces; the one that is seen longest where none is chosen."""
        known = self._history.track_ids
        if selected not in known:
            selected = self._selected if self._selected in known else (known[0] if known else 0)
        self._selected = selected
        with QSignalBlocker(self._face):
            if [self._face.itemData(i) for i in range(self._face.count())] != known:
                self._face.clear()
                for track_id in known:
                    self._face.addItem(self.tr("Face #{n}").format(n=track_id), track_id)
            self._face.setCurrentIndex(self._face.findData(selected))
        self._face.setEnabled(bool(known))

    def _draw(self) -> None:
        is_curves = self._mode.currentData() == "curves"
        self._legend.setText(_legend(has_unsure=not is_curves))
        for curve in self._curves:
            curve.setVisible(is_curves)
        for band in self._bands:
            band.setVisible(not is_curves)
        if is_curves:
            self._draw_curves()
        else:
            self._draw_bands()
        now_s = self._history.now_s
        with QSignalBlocker(self._cursor):
            self._cursor.setPos(now_s)
        if self._is_following:
            length_s = self._window.currentData()
            start_s = max(0.0, now_s - length_s)
            self._plot.setXRange(start_s, max(now_s, start_s + 1), padding=0.01)

    def _draw_curves(self) -> None:
        course = self._history.course(self._selected)
        self._plot.setYRange(0, 1, padding=0.1)
        self._plot.getAxis("left").setTicks([[(v / 4, f"{v * 25}%") for v in range(5)]])
        for index, curve in enumerate(self._curves):
            if course is None:
                curve.setData([], [])
            else:
                curve.setData(course.times_s, course.probabilities[:, index])

    def _draw_bands(self) -> None:
        known = self._history.track_ids[-MAX_ROWS:]
        rows = {track_id: row for row, track_id in enumerate(reversed(known))}
        self._plot.setYRange(-0.5, max(len(rows), FEWEST_ROWS) - 0.5, padding=0.03)
        ticks = [(row, f"#{track_id}") for track_id, row in rows.items()]
        self._plot.getAxis("left").setTicks([ticks])
        courses = [(rows[one], self._history.course(one)) for one in known]
        found = [(row, runs(course)) for row, course in courses if course is not None]
        for index, band in enumerate(self._bands):
            label = index if index < len(LABELS) else -1
            chosen = [(row, one.labels == label, one) for row, one in found]
            band.setOpts(
                x0=np.concatenate([[], *(one.starts_s[here] for _, here, one in chosen)]),
                x1=np.concatenate([[], *(one.ends_s[here] for _, here, one in chosen)]),
                y=np.concatenate([[], *(np.full(here.sum(), row) for row, here, _ in chosen)]),
            )

    def _on_face(self) -> None:
        track_id = self._face.currentData()
        if track_id is not None:
            self._selected = track_id
            self.face_chosen.emit(track_id)
            self._draw()

    def _on_zoom(self) -> None:
        self._is_following = False
        self._follower.setChecked(False)

    def _follow(self) -> None:
        self._is_following = True
        self._follower.setChecked(True)
        self._draw()

    def _on_cursor(self) -> None:
        if self._can_seek:
            self.time_chosen.emit(max(0.0, float(self._cursor.value())))

    def _on_click(self, event: Any) -> None:  # pyqtgraph has no types
        position = event.scenePos()
        if self._can_seek and self._plot.sceneBoundingRect().contains(position):
            time_s = float(self._plot.getViewBox().mapSceneToView(position).x())
            self.time_chosen.emit(max(0.0, time_s))


class _Plot(pg.PlotWidget):  # type: ignore[misc]
    """A plot that asks for little height."""

    def sizeHint(self) -> QSize:
        return QSize(400, 140)


class _TimeAxis(pg.AxisItem):  # type: ignore[misc]
    """Minutes and seconds."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        digits = 0 if spacing >= 1 else 1
        width = 2 if digits == 0 else 4
        return [f"{int(v // 60)}:{v % 60:0{width}.{digits}f}" for v in values]


class Runs(NamedTuple):
    """Stretches of time with the same label.

    Attributes:
        starts_s: (N,) float64 seconds.
        ends_s: likewise.
        labels: (N,) int8, index of the label, or -1 where it is unsure.
    """

    starts_s: NDArray[np.float64]
    ends_s: NDArray[np.float64]
    labels: NDArray[np.int8]


def runs(course: Course) -> Runs:
    """The stretches of a course: each reaches to the next one, unless nothing was read for long."""
    times_s, labels = course.times_s, course.labels
    is_gap = np.diff(times_s) > NEXT_RUN_S
    firsts = np.flatnonzero(np.concatenate([[True], is_gap | (np.diff(labels) != 0)]))
    nexts = firsts[1:]
    ends_s = times_s[[*np.where(is_gap[nexts - 1], nexts - 1, nexts), -1]]
    return Runs(times_s[firsts], ends_s, labels[firsts])


def _ink(label: str) -> QColor:
    """The expression's colour; yellow and light gray need to be darker on white."""
    colour = colour_of(label)
    is_pale_on_white = colour.lightnessF() > 0.55 and tones().surface == "#ffffff"
    return colour.darker(125) if is_pale_on_white else colour


def _legend(*, has_unsure: bool) -> str:
    entries = [(_ink(label), "■", label_name(label)) for label in LABELS]
    if has_unsure:
        entries.append((UNREAD, "▬", unsure_name()))
    parts = [
        f'<span style="color:{ink.name()}">{sign}</span>&nbsp;{name}' for ink, sign, name in entries
    ]
    return " &nbsp; ".join(parts)
