"""Collecting Python's garbage in the window's thread only."""

from __future__ import annotations

import gc

from PyQt6.QtCore import QElapsedTimer, QObject, QTimer

LOOK_EVERY_MS = 500

ALL_EVERY_MS = 60_000
"""Everything is looked through this often at least: by the thresholds alone, a window that makes
little would keep what belonged to a closed source for a quarter of an hour."""


class Collector(QObject):
    """Takes over from Python's own collector, by the same thresholds, and now and then without.

    Python collects in whichever thread happens to allocate something. If there are objects of Qt in
    the garbage, they are then destroyed outside the thread that they belong to, and Qt crashes.

    Args:
        all_every_ms: see `ALL_EVERY_MS`.
    """

    def __init__(self, all_every_ms: int = ALL_EVERY_MS) -> None:
        super().__init__()
        self._all_every_ms = all_every_ms
        self._since_all = QElapsedTimer()
        self._since_all.start()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)

    def install(self) -> None:
        """Take over. What is there now stays, and is not looked through again and again."""
        gc.disable()
        gc.freeze()
        self._timer.start(LOOK_EVERY_MS)

    def uninstall(self) -> None:
        """Give back."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def look(self) -> None:
        """Collect the oldest generation that is due, and with it the younger ones."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        due = [
            n for n, pair in enumerate(zip(counts, thresholds, strict=True)) if pair[0] > pair[1]
        ]
        if self._since_all.elapsed() >= self._all_every_ms or due[-1:] == [2]:
            self._since_all.restart()
            gc.collect()
        elif due:
            gc.collect(max(due))
