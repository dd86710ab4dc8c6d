"""The place of the timeline, which comes once the first picture is there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from .timeline import Timeline

LATEST_MS = 2000
"""The timeline comes after so long even if there is no picture."""


class TimelineHome(QWidget):
    """Imports the plot's library in a thread, as that would hold up the window, and shows the plot.

    Signals:
        made: the timeline, once.
    """

    made = pyqtSignal(object)
    _imported = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(170)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._importer: threading.Thread | None = None
        self._is_left = False
        self._imported.connect(self._make)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.timeout.connect(self.begin)
        self._waiting.start(LATEST_MS)

    def begin(self) -> None:
        """Fetch the timeline now; does nothing if that was asked before."""
        if self._importer is None and not self._is_left:
            self._waiting.stop()
            self._importer = threading.Thread(target=self._import, name="timeline", daemon=True)
            self._importer.start()

    def leave(self) -> None:
        """The window closes: no timeline is needed any more."""
        self._is_left = True
        self._waiting.stop()

    def wait(self, timeout_s: float) -> None:
        """Wait for the thread, if there is one."""
        if self._importer is not None:
            self._importer.join(timeout_s)

    def _import(self) -> None:
        from . import timeline

        del timeline  # it is there now, and the next import takes no time
        self._imported.emit()

    def _make(self) -> None:
        if self._is_left:
            return
        from .timeline import Timeline

        made: Timeline = Timeline()
        self._column.addWidget(made)
        self.made.emit(made)
