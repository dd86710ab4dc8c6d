"""Exporting a whole file: where to, what, how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from PyQt6.QtCore import QTimer, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from srfer.errors import ConfigError
from srfer.realtime.export import ExportOptions
from srfer.realtime.formats import Format
from srfer.realtime.refine import Refinement
from srfer.realtime.selection import Selection
from srfer.realtime.sinks.record import FaceFields
from srfer.realtime.veil import Veil

from .desk import Desk
from .export_job import ExportJob
from .preferences import Preferences, Privacy
from .spoken import spoken
from .time_box import LONGEST_S, TimeBox

LOOK_EVERY_MS = 100


class ExportDialog(QDialog):
    """Does not block the window: the live picture goes on.

    Args:
        path: the video.
        length_s: how long it is, in seconds; None if that is unknown.
        desk: what is set, and what was chosen for the export before.

    Signals:
        chosen: the preferences with what was chosen for an export that begins.
    """

    chosen = pyqtSignal(Preferences)

    def __init__(
        self,
        path: Path,
        length_s: float | None,
        desk: Desk,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export {name}").format(name=path.name))
        self.setMinimumWidth(560)
        self._path, self._desk = path, desk
        self.job: ExportJob | None = None
        self.folder = QLineEdit(str(desk.folder / "export"))
        self.formats = self._make_formats()
        self.start_at = TimeBox(self.tr("the beginning"), length_s or LONGEST_S)
        self.end_at = TimeBox(self.tr("the end"), length_s or LONGEST_S)
        self.refine = QCheckBox(self.tr("Go over the video twice: slower, and more exact"))
        self.notice = QCheckBox(self.tr("“expression analysis” in the video"))
        self.hide_faces, self.veil = QCheckBox(self.tr("Hide faces in the video")), QComboBox()
        self.force = QCheckBox(self.tr("Replace earlier results"))
        self.bar = QProgressBar()
        self.words = QLabel(self.tr("A manifest is always written."))
        self.start, self.stop = QPushButton(self.tr("Export")), QPushButton(self.tr("Stop"))
        self.show_folder = QPushButton(self.tr("Show the folder"))
        self._describe()
        self._arrange()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._show_state()

    def done(self, result: int) -> None:
        """However it is closed, that stops the work."""
        if self.job is not None:
            self.job.cancel()
        super().done(result)

    # Setting up.

    def _make_formats(self) -> dict[Format, QCheckBox]:
        checks = {
            Format.VIDEO: QCheckBox(self.tr("Annotated video")),
            Format.JSONL: QCheckBox(self.tr("JSON lines")),
            Format.CSV: QCheckBox(self.tr("Table (CSV)")),
            Format.SRT: QCheckBox(self.tr("Subtitles (SRT)")),
            Format.HTML: QCheckBox(self.tr("Report (HTML)")),
        }
        for kind, check in checks.items():
            check.setChecked(kind in self._desk.preferences.export_formats)
        return checks

    def _describe(self) -> None:
        """What is set to begin with, and what helps."""
        preferences = self._desk.preferences
        for widget, name in (
            (self.folder, self.tr("Folder")),
            (self.start_at, self.tr("From")),
            (self.end_at, self.tr("To")),
            (self.veil, self.tr("How faces are hidden")),
            (self.bar, self.tr("Progress")),
        ):
            widget.setAccessibleName(name)
        self.refine.setToolTip(
            self.tr(
                "Joins the tracks of a face over gaps, looks again where it was lost, and smooths "
                "its expressions with later frames too"
            )
        )
        for box in (self.start_at, self.end_at):
            box.setToolTip(self.tr("Seconds, or hours:minutes:seconds"))
        self.refine.setChecked(preferences.export_refines)
        self.notice.setChecked(preferences.has_notice)
        self.hide_faces.setChecked(preferences.privacy is not Privacy.OFF)
        self.hide_faces.toggled.connect(self._show_state)
        self.formats[Format.VIDEO].toggled.connect(self._show_state)
        self.veil.addItem(self.tr("pixelated"), Veil.PIXELATE.value)
        self.veil.addItem(self.tr("blurred"), Veil.BLUR.value)
        self.veil.setCurrentIndex(max(0, self.veil.findData(str(preferences.privacy))))
        self.bar.setTextVisible(False)
        self.words.setWordWrap(True)
        self.words.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.words.setObjectName("muted")

    def _arrange(self) -> None:
        browse = QPushButton(self.tr("Choose…"))
        browse.clicked.connect(self._browse)
        self.start.clicked.connect(self._start)
        self.start.setDefault(True)
        self.stop.clicked.connect(self._stop)
        self.show_folder.clicked.connect(self._show_folder)
        form = QFormLayout()
        form.addRow(self.tr("Folder"), _row(self.folder, browse, stretched=self.folder))
        outputs = QGridLayout()
        for place, check in enumerate(self.formats.values()):
            outputs.addWidget(check, place // 2, place % 2)
        form.addRow(self.tr("Write"), outputs)
        to = QLabel(self.tr("to"))
        form.addRow(self.tr("From"), _row(self.start_at, to, self.end_at))
        form.addRow(self.refine)
        form.addRow(self.notice)
        form.addRow(_row(self.hide_faces, self.veil))
        form.addRow(self.force)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_folder)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.start)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addLayout(buttons)

    # What is asked for.

    def _options(self) -> ExportOptions:
        """How to export.

        Raises:
            ConfigError: if that is impossible.
        """
        is_refined = self.refine.isChecked()
        return ExportOptions(
            formats=frozenset(kind for kind, check in self.formats.items() if check.isChecked()),
            has_notice=self.notice.isChecked(),
            is_forced=self.force.isChecked(),
            selection=Selection(_exact(self.start_at.value()), _exact(self.end_at.value()) or None),
            veil=Veil(self.veil.currentData()) if self.hide_faces.isChecked() else None,
            fields=FaceFields(pass_one_track=is_refined),
            refinement=Refinement() if is_refined else None,
        )

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder"), self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _start(self) -> None:
        try:
            options = self._options()
        except ConfigError as error:
            self.words.setText(spoken(str(error)))
            return
        chosen = replace(
            self._desk.preferences,
            export_formats=tuple(str(kind) for kind in self.formats if kind in options.formats),
            export_refines=self.refine.isChecked(),
        )
        self.chosen.emit(chosen)
        out = Path(self.folder.text()).expanduser()
        self.job = ExportJob(self._path, out, self._desk.setup, self._desk.shelf, options)
        self.job.start()
        self.words.setText(self.tr("Preparing…"))
        self._timer.start(LOOK_EVERY_MS)
        self._show_state()

    def _stop(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.words.setText(self.tr("Stopping…"))

    def _show_folder(self) -> None:
        if self.job is not None and self.job.outcome is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.job.outcome.folder)))

    # What is shown.

    def _look(self) -> None:
        job = self.job
        assert job is not None
        progress = job.progress
        if progress is not None and not job.is_cancelled:
            self.bar.setRange(0, progress.expected or 0)
            self.bar.setValue(progress.frames)
            text = self.tr("{n} frames").format(n=progress.frames)
            if progress.expected:
                text = self.tr("{n} of about {all} frames").format(
                    n=progress.frames, all=progress.expected
                )
            self.words.setText(text)
        if not job.is_running:
            self._timer.stop()
            self._show_end(job)
            self._show_state()

    def _show_end(self, job: ExportJob) -> None:
        self.bar.setRange(0, 1)
        self.bar.setValue(0 if job.outcome is None else 1)
        if job.outcome is None:
            self.words.setText(spoken(job.error))
        else:
            self.words.setText(
                self.tr("{n} frames, {faces} faces in {s} s: {folder}").format(
                    n=job.outcome.frames,
                    faces=job.outcome.tracks,
                    s=f"{job.outcome.elapsed_s:.1f}",
                    folder=job.outcome.folder,
                )
            )

    def _show_state(self) -> None:
        """Nothing can be changed while it is at work."""
        is_running = self.job is not None and self.job.is_running
        for widget in self._choices():
            widget.setEnabled(not is_running)
        if not is_running:
            has_video = self.formats[Format.VIDEO].isChecked()
            self.notice.setEnabled(has_video)
            self.veil.setEnabled(self.hide_faces.isChecked())
        self.stop.setEnabled(is_running)
        self.bar.setVisible(self.job is not None)
        self.show_folder.setVisible(self.job is not None and self.job.outcome is not None)

    def _choices(self) -> Sequence[QWidget]:
        return (
            self.folder,
            *self.formats.values(),
            self.start_at,
            self.end_at,
            self.refine,
            self.notice,
            self.hide_faces,
            self.veil,
            self.force,
            self.start,
        )


def _row(*widgets: QWidget, stretched: QWidget | None = None) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, int(widget is stretched))
    if stretched is None:
        row.addStretch(1)
    return row


def _exact(seconds: float) -> Fraction:
    """What was entered; by way of text, 0.1 is a tenth and not the binary number next to it."""
    return Fraction(str(round(seconds, 3)))
