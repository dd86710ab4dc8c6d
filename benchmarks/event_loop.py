"""How long an event loop of Qt stands still.

A stall is by how much a timer of 10 ms comes late: everything that the window's thread does is in
it, and on a busy machine also the time it waits for a processor, which the kernel counts (Linux):
"own" is without that.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEventLoop, Qt, QTimer

LOOK_EVERY_MS = 10


class Ticks(NamedTuple):
    """What was seen whenever the timer came.

    Attributes:
        late_ms: (N,) float64, later than asked.
        queued_ms: (N,) float64, time that the window's thread could have run and had no processor.
    """

    late_ms: NDArray[np.float64]
    queued_ms: NDArray[np.float64]

    @property
    def own_ms(self) -> NDArray[np.float64]:
        """What the machine is not to blame for."""
        own: NDArray[np.float64] = np.maximum(0.0, self.late_ms - self.queued_ms)
        return own


def queued_ms() -> float:
    """How long this thread has waited for a processor since it began."""
    counts = Path("/proc/thread-self/schedstat")
    return int(counts.read_text().split()[1]) / 1e6 if counts.exists() else 0.0


def watch_loop(duration_s: float) -> Ticks:
    """Let the event loop run, and note by how much each tick was late."""
    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    # All the room that it can take, and taken now: a watch of the memory must not grow itself.
    room = np.full((int(duration_s * 1e3 / LOOK_EVERY_MS) + 100, 2), -1.0, np.float64)
    count = 0
    before = (time.perf_counter() * 1e3, queued_ms())

    def tick() -> None:
        nonlocal before, count
        now = (time.perf_counter() * 1e3, queued_ms())
        if count < len(room):
            late_ms = max(0.0, now[0] - before[0] - LOOK_EVERY_MS)
            room[count] = late_ms, now[1] - before[1]
            count += 1
        before = now

    timer.timeout.connect(tick)
    timer.start(LOOK_EVERY_MS)
    QTimer.singleShot(round(duration_s * 1e3), loop.quit)
    loop.exec()
    timer.stop()
    return Ticks(room[:count, 0], room[:count, 1])
