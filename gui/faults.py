"""Errors that nobody caught: shown once each, and never the end of the process."""

from __future__ import annotations

import sys
import threading
import traceback
from types import TracebackType

from PyQt6.QtCore import QObject, pyqtSignal

from srfer.errors import SrferError


class Faults(QObject):
    """Takes over `sys.excepthook` and `threading.excepthook`.

    Without it, an exception in a slot or while painting aborts the process: PyQt calls `qFatal`.

    Signals:
        found: a new fault, in one line. It may come from any thread.
    """

    found = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[tuple[str, str]] = set()
        self._before = (sys.excepthook, threading.excepthook)

    @property
    def count(self) -> int:
        """Different faults so far."""
        return len(self._seen)

    def install(self) -> None:
        """Take over."""
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook

    def uninstall(self) -> None:
        """Give back."""
        sys.excepthook, threading.excepthook = self._before

    def _thread_hook(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._hook(args.exc_type, args.exc_value, args.exc_traceback)

    def _hook(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        places = traceback.extract_tb(trace)
        place = f"{places[-1].filename}:{places[-1].lineno}" if places else ""
        key = (f"{kind.__name__}: {error}", place)
        if key in self._seen:
            return  # a fault while painting would come again with every painting
        self._seen.add(key)
        traceback.print_exception(kind, error, trace)
        text = str(error) if isinstance(error, SrferError) else key[0]
        self.found.emit(" ".join(text.split()))
