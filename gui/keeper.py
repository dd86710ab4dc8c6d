"""Keeping preferences without holding up the window."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from .preferences import Preferences
from .settings import SettingsFile


class Keeper(QObject):
    """Saves in a thread of its own, as a busy disk takes its time; of several, the newest.

    Args:
        file: where to.
        stored: what is in it.
        overrides: preferences for this time only, by name; they are not kept.

    Signals:
        failed: why something could not be kept. It comes from another thread.
    """

    failed = pyqtSignal(str)

    def __init__(
        self, file: SettingsFile, stored: Preferences, overrides: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self._file = file
        self._stored = stored
        self._overrides = dict(overrides)
        self._lock = threading.Lock()
        self._wanted: Preferences | None = None
        self._thread: threading.Thread | None = None

    def keep(self, preferences: Preferences) -> None:
        """Save this soon, apart from what was only said for this time."""
        passing = {
            name: getattr(self._stored, name)
            for name, value in self._overrides.items()
            if getattr(preferences, name) == value
        }
        with self._lock:
            self._wanted = replace(preferences, **passing)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)
                self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Wait until everything is saved."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._thread = None
                    return
            try:
                self._file.save(wanted)
            except OSError as error:
                self.failed.emit(str(error))
