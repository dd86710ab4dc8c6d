"""Exporting a whole file: where to, what, how far it is."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QTimer, QUrl
from PyQt6.QtGui import QDesktopServices
from PyQt6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from srfer.realtime.veil import Veil

from .export_job import ExportJob
from .shelf import Setup, Shelf

LOOK_EVERY_MS = 100


class ExportDialog(QDialog):
    """Does not block the window: the live picture goes on.

    Args:
        path: the video.
        folder: for the results, to begin with.
        setup: how to analyse.
        shelf: gives the model.
        has_notice: what is set for pictures.
        veil: likewise.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        setup: Setup,
        shelf: Shelf,
        *,
        has_notice: bool,
        veil: Veil | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export {name}").format(name=path.name))
        self.setMinimumWidth(520)
        self._path, self._setup, self._shelf = path, setup, shelf
        self.job: ExportJob | None = None
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName(self.tr("Folder"))
        self.video = QCheckBox(self.tr("Annotated video"))
        self.video.setChecked(True)
        self.notice = QCheckBox(self.tr("“expression analysis” in the video"))
        self.notice.setChecked(has_notice)
        self._veil = veil or Veil.PIXELATE
        self.hide_faces = QCheckBox(self.tr("Hide faces in the video"))
        self.hide_faces.setChecked(veil is not None)
        self.force = QCheckBox(self.tr("Replace earlier results"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress"))
        self.words = QLabel(self.tr("JSON lines, a table and a manifest are always written."))
        self.words.setWordWrap(True)
        self.words.setObjectName("muted")
        self.start, self.stop = QPushButton(self.tr("Export")), QPushButton(self.tr("Stop"))
        self.show_folder = QPushButton(self.tr("Show the folder"))
        self._arrange()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._show_state()

    def done(self, result: int) -> None:
        """However it is closed, that stops the work."""
        if self.job is not None:
            self.job.cancel()
        super().done(result)

    def _arrange(self) -> None:
        browse = QPushButton(self.tr("Choose…"))
        browse.clicked.connect(self._browse)
        self.start.clicked.connect(self._start)
        self.start.setDefault(True)
        self.stop.clicked.connect(self._stop)
        self.show_folder.clicked.connect(self._show_folder)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        form = QFormLayout()
        form.addRow(self.tr("Folder"), row)
        for check in (self.video, self.notice, self.hide_faces, self.force):
            form.addRow(check)
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

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder"), self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _start(self) -> None:
        self.job = ExportJob(
            self._path,
            Path(self.folder.text()).expanduser(),
            self._setup,
            self._shelf,
            has_video=self.video.isChecked(),
            has_notice=self.notice.isChecked(),
            veil=self._veil if self.hide_faces.isChecked() else None,
            is_forced=self.force.isChecked(),
        )
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
            self.words.setText(job.error)
        else:
            self.words.setText(
                self.tr("{n} frames, {faces} faces in {s} s: {folder}").format(
                    n=job.outcome.frames,
                    faces=job.outcome.face_rows,
                    s=f"{job.outcome.elapsed_s:.1f}",
                    folder=job.outcome.folder,
                )
            )

    def _show_state(self) -> None:
        is_running = self.job is not None and self.job.is_running
        for widget in (
            self.folder,
            self.video,
            self.notice,
            self.hide_faces,
            self.force,
            self.start,
        ):
            widget.setEnabled(not is_running)
        self.stop.setEnabled(is_running)
        self.bar.setVisible(self.job is not None)
        self.show_folder.setVisible(self.job is not None and self.job.outcome is not None)
