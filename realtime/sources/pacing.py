"""Giving frames when they are due, as a camera would, and being told otherwise meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Self

from srfer.errors import ConfigError

from ..stage import Source
from ..types import Frame, SourceInfo
from .health import SourceHealth, SourceState
from .vitals import Vitals

SLOWEST, FASTEST = 0.25, 4.0
"""Speeds that can be chosen, 1 being that of the recording."""

MOST_LATE_S = 0.5
"""A frame later than this moves everything behind it: nothing is caught up in fast motion."""

_SHORTEST_WAIT_S = 1e-6
"""Below this, what is left of a wait is rounding."""

Wait = Callable[[threading.Condition, float | None], object]
"""Waits on a condition that is held, for so many seconds at most (None: until notified)."""


class Pacing:
    """A clock of media time that can be paused, and a thread that waits for it.

    One thread calls `wait_until` and `jump_to`; any thread may call everything else.

    Args:
        speed: media seconds per second, 0.25 to 4.
        clock: monotonic seconds.
        wait: how to wait; together with `clock` it may be of a time that is made up.

    Raises:
        ConfigError: if the speed is out of range.
    """

    def __init__(self, speed: float, clock: Callable[[], float], wait: Wait) -> None:
        self._clock = clock
        self._wait = wait
        self._changed = threading.Condition()  # guards all that follows
        self._speed = _checked(speed)
        self._media_s = 0.0
        self._as_of_s = clock()
        self._is_paused = False
        self._is_disturbed = False
        self._is_interrupted = False

    @property
    def speed(self) -> float:
        """Media seconds per second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        with self._moving():
            self._speed = _checked(speed)

    @property
    def is_paused(self) -> bool:
        """True while the clock stands."""
        return self._is_paused

    @property
    def is_interrupted(self) -> bool:
        """True once nobody is to wait any more."""
        return self._is_interrupted

    def pause(self) -> None:
        """Stop the clock."""
        with self._moving():
            self._is_paused = True

    def resume(self) -> None:
        """Let the clock go on."""
        with self._moving():
            self._is_paused = False

    def disturb(self) -> None:
        """Let `wait_until` return False, now or the next time it would wait."""
        with self._moving():
            self._is_disturbed = True

    def interrupt(self) -> None:
        """Let `wait_until` return False at once, now and for ever."""
        with self._moving():
            self._is_interrupted = True

    def jump_to(self, media_s: float) -> None:
        """Set the clock."""
        with self._moving():
            self._media_s = media_s

    def wait_until(self, media_s: float) -> bool:
        """Wait until the clock says `media_s`; False if that was disturbed or interrupted."""
        with self._changed:
            while not (self._is_interrupted or self._is_disturbed):
                self._move()
                late_s = (self._media_s - media_s) / self._speed
                if self._is_paused:
                    self._wait(self._changed, None)
                elif late_s < -_SHORTEST_WAIT_S:
                    self._wait(self._changed, -late_s)
                else:
                    if late_s > MOST_LATE_S:
                        self._media_s = media_s
                    return True
            self._is_disturbed = False
            return False

    def _move(self) -> None:
        """Bring the clock up to date."""
        now_s = self._clock()
        if not self._is_paused:
            self._media_s += (now_s - self._as_of_s) * self._speed
        self._as_of_s = now_s

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Hold the condition during a change, with the clock up to date, and tell everybody."""
        with self._changed:
            self._move()
            yield
            self._changed.notify_all()


class Paced:
    """A source whose frames come when they are due, as from a camera.

    Args:
        source: finite, with timestamps; frames without one come at once.
        speed: media seconds per second, 0.25 to 4.
        clock: monotonic seconds.
        wait: how to wait until then.

    Raises:
        ConfigError: if the speed is out of range.
    """

    def __init__(
        self,
        source: Source,
        speed: float = 1.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        self._source = source
        self._clock = clock
        self._pacing = Pacing(speed, clock, wait)
        self._vitals = Vitals(clock)

    @property
    def info(self) -> SourceInfo:
        """What is known of the source, which is live now."""
        return replace(self._source.info, is_live=True)

    @property
    def health(self) -> SourceHealth:
        """How it is doing."""
        return self._vitals.health()

    def interrupt(self) -> None:
        """End the iteration at once; any thread may call."""
        self._pacing.interrupt()

    def __enter__(self) -> Self:
        self._source.__enter__()
        self._vitals.become(SourceState.LIVE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._vitals.become(SourceState.ENDED)
        self._source.__exit__(kind, error, traceback)

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame when it is due; `captured_s` is that moment.

        Raises:
            SourceError: where the source breaks off.
        """
        first_pts: Fraction | None = None
        for frame in self._source:
            if frame.pts is not None:
                if first_pts is None:
                    first_pts = frame.pts
                    self._pacing.jump_to(0.0)
                if not self._pacing.wait_until(float(frame.pts - first_pts)):
                    break
            yield replace(frame, captured_s=self._clock())
        self._vitals.become(SourceState.ENDED)


def _checked(speed: float) -> float:
    if not SLOWEST <= speed <= FASTEST:
        raise ConfigError(f"speed must lie between {SLOWEST:g} and {FASTEST:g}, not {speed:g}")
    return speed
