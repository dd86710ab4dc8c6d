"""Time that passes only where somebody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.synthetic import HANG_S


class MadeUpTime:
    """A clock, and a way to wait for it that takes no time; a wait without end is a real one.

    Attributes:
        now_s: what the clock says.
        waits: how long each wait with an end was, in seconds.
        before_wait: called before each wait with an end, and may change anything but must not wait.
    """

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waits: list[float] = []
        self.before_wait: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now_s

    def wait(self, condition: threading.Condition, timeout_s: float | None) -> None:
        if timeout_s is None:
            assert condition.wait(HANG_S), f"nothing happened for {HANG_S} s"
            return
        self.waits.append(timeout_s)
        self.before_wait()
        self.now_s += timeout_s
