"""When a lost source is tried again: a state machine that knows no threads, sockets or waiting.

    CONNECTING ─► LIVE ◄─► STALLED
        ▲           │
        └── LOST ◄──┘        and ENDED, from anywhere

Delays double, so that a camera that restarts is back soon and one that is gone costs nothing, and
they are spread at random, so that many sources that lost the network at once do not come back at
once. Wrong passwords are tried seldom: cameras lock accounts that are tried often.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from srfer.errors import ConfigError, SourceFault

from .health import SourceHealth, SourceState

SLOW_FAULTS = frozenset({SourceFault.AUTH, SourceFault.UNSUPPORTED, SourceFault.TOO_LARGE})
"""Faults that do not go away by themselves."""

_INTERVAL_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """How patient to be.

    Attributes:
        first_delay_s: wait before the first new try, in seconds; each further wait is twice as
            long.
        longest_delay_s: longest wait, in seconds.
        jitter: share by which waits are made longer or shorter at random, 0..1.
        slow_delay_s: shortest wait after a fault that does not go away by itself, in seconds.
        steady_s: after frames for this long, in seconds, waits start small again.
        stall_s: without a frame for this long a source counts as stalled, in seconds, unless two of
            its frames are further apart.
    """

    first_delay_s: float = 0.5
    longest_delay_s: float = 30.0
    jitter: float = 0.2
    slow_delay_s: float = 60.0
    steady_s: float = 10.0
    stall_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.first_delay_s <= self.longest_delay_s:
            raise ConfigError(
                "first_delay_s has to be over 0 and at most longest_delay_s, not "
                f"{self.first_delay_s} and {self.longest_delay_s}"
            )


class Reconnect:
    """Follows one source through its life; one thread tells it what happens, any thread may look.

    Args:
        policy: how patient to be.
        max_retries: new tries in a row before the source is given up; None is no limit. The count
            starts again where waits start small again.
        clock: monotonic seconds.
        chance: gives the jitter.
    """

    def __init__(
        self,
        policy: ReconnectPolicy | None = None,
        *,
        max_retries: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self._policy = policy or ReconnectPolicy()
        self._max_retries = max_retries
        self._clock = clock
        self._chance = chance or random.Random()
        self._lock = threading.Lock()
        self._state = SourceState.CONNECTING
        self._since_s = clock()
        self._cause = ""
        self._retries = 0
        self._reconnects = 0
        self._was_lost = False
        self._first_frame_s = self._last_frame_s = self._since_s
        self._interval_s = 0.0

    def connect(self) -> None:
        """A try begins."""
        with self._lock:
            self._enter(SourceState.CONNECTING, self._cause)

    def frame(self) -> bool:
        """A frame has come; True if it is the first after the source was lost."""
        with self._lock:
            now_s = self._clock()
            is_back, self._was_lost = self._was_lost, False
            if self._state is SourceState.LIVE:
                gap_s = now_s - self._last_frame_s
                self._interval_s += _INTERVAL_WEIGHT * (gap_s - self._interval_s)
                if gap_s > self._stall_s():
                    self._since_s = now_s
            else:
                self._enter(SourceState.LIVE, "")
                self._reconnects += is_back
                self._first_frame_s, self._interval_s = now_s, 0.0
            self._last_frame_s = now_s
            return is_back

    def lose(self, fault: SourceFault, cause: str) -> float | None:
        """The source was lost, or a try has failed.

        Args:
            fault: the kind of trouble.
            cause: what to say of it, in one line without any password.

        Returns:
            Seconds to wait before the next `connect`, or None to give up.
        """
        with self._lock:
            policy = self._policy
            is_live = self._state is SourceState.LIVE
            if is_live and self._last_frame_s - self._first_frame_s >= policy.steady_s:
                self._retries = 0
            self._was_lost = True
            if self._max_retries is not None and self._retries >= self._max_retries:
                self._enter(SourceState.ENDED, cause)
                return None
            # No more doublings than matter: 2 to the power of many days is no float.
            delay_s = policy.first_delay_s * 2.0 ** min(self._retries, 30)
            delay_s = min(delay_s, policy.longest_delay_s)
            delay_s *= 1 + policy.jitter * self._chance.uniform(-1, 1)
            if fault in SLOW_FAULTS:  # never faster, so longer at random only
                slow_s = policy.slow_delay_s * (1 + policy.jitter * self._chance.random())
                delay_s = max(delay_s, slow_s)
            self._retries += 1
            self._enter(SourceState.LOST, cause)
            return delay_s

    def end(self) -> None:
        """No frame comes any more."""
        with self._lock:
            if self._state is not SourceState.ENDED:
                self._enter(SourceState.ENDED, "")

    @property
    def health(self) -> SourceHealth:
        """How the source is doing now."""
        with self._lock:
            state, since_s, cause = self._state, self._since_s, self._cause
            silent_s = self._clock() - self._last_frame_s
            if state is SourceState.LIVE and silent_s > self._stall_s():
                state, since_s = SourceState.STALLED, self._last_frame_s
                cause = f"no frame for {silent_s:.1f} s"
            return SourceHealth(state, since_s, cause, self._reconnects)

    def _stall_s(self) -> float:
        return max(self._policy.stall_s, 2 * self._interval_s)

    def _enter(self, state: SourceState, cause: str) -> None:
        if state is not self._state:
            self._since_s = self._clock()
        self._state, self._cause = state, cause
