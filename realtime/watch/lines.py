"""Reports as lines of JSON on a pipe, a terminal or a file."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from srfer.errors import ExportError

from .outlet import OutletStats
from .reports import Report

LOOK_EVERY_S = 0.1
"""How often a writer whose reader does not read looks whether it should give up."""


class LineWriter:
    """Writes each report at once. A reader that is slow makes the streams wait.

    It does without Python's buffered stdout: a thread that waits for the reader would hold its lock
    and keep the process from ending.

    Args:
        descriptor: an open file descriptor; not closed here.
        clock: monotonic seconds.

    Attributes:
        on_end: called when nothing can be written any more.
        failure: why nothing can be written any more; None if the reader has only gone away, as
            `head` does.
    """

    name = "stdout"

    def __init__(
        self,
        descriptor: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failure: ExportError | None = None
        self.on_end: Callable[[], None] = lambda: None
        self._descriptor = descriptor
        self._clock = clock
        self._lock = threading.Lock()
        self._poller = select.poll()
        self._poller.register(descriptor, select.POLLOUT)
        self._deadline_s = float("inf")
        self._has_ended = False
        self._sent = self._dropped = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def send(self, report: Report) -> None:
        """Write a line; once nothing can be written any more, only count it."""
        with self._lock:
            if not self._has_ended:
                self._write(memoryview(f"{report.line}\n".encode("ascii")))
            self._dropped += self._has_ended
            self._sent += not self._has_ended

    def hurry(self, deadline_s: float) -> None:
        """Wait for the reader until then only; a line may be cut off."""
        self._deadline_s = deadline_s

    def stats(self) -> OutletStats:
        """What it has done so far."""
        return OutletStats(self.name, self._sent, self._dropped, not self._has_ended)

    def _write(self, rest: memoryview) -> None:
        while rest:
            if not self._poller.poll(LOOK_EVERY_S * 1e3):
                if self._clock() < self._deadline_s:
                    continue
                self._end()
                return
            try:
                # A pipe that says it has room takes so much without making anybody wait.
                rest = rest[os.write(self._descriptor, rest[: select.PIPE_BUF]) :]
            except BrokenPipeError:
                self._end()
                return
            except OSError as error:
                reason = (error.strerror or type(error).__name__).lower()
                self.failure = ExportError(f"stdout: {reason}; write it to another place")
                self._end()
                return

    def _end(self) -> None:
        self._has_ended = True
        self.on_end()
