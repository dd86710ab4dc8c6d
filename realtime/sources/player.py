"""A video file that plays as a camera would deliver it, under the control of other threads."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Self

from srfer.errors import ConfigError

from ..types import Frame, SourceInfo
from .health import SourceHealth, SourceState
from .pacing import Pacing, Wait
from .video import VideoFile
from .vitals import Vitals

_DEFAULT_RATE = Fraction(25)
_FINEST = 10**6
"""Largest denominator of a position in seconds: finer than any file's time base in use."""


class Player:
    """A video file as a live source that can be paused, sped up and sent to another place.

    Frames come when they are due and carry the file's own timestamps, which jump where the player
    does; `index` counts the frames that are given, without gaps, and `captured_s` is when they are
    given. Who takes frames too slowly makes the video late, never fast afterwards.

    The pipeline's thread enters and iterates it; any thread may call everything else at any time.

    Args:
        path: the file.
        speed: media seconds per second, 0.25 to 4.
        is_looping: True begins again at the end, False ends there.
        clock: monotonic seconds.
        wait: how to wait until a frame is due.

    Raises:
        ConfigError: if the speed is out of range.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        speed: float = 1.0,
        is_looping: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        self._video = VideoFile(path, clock=clock)
        self._is_looping = is_looping
        self._clock = clock
        self._pacing = Pacing(speed, clock, wait)
        self._vitals = Vitals(clock)
        self._duration_s: Fraction | None = None
        self._lock = threading.Lock()  # guards what follows
        self._target_s: Fraction | None = None
        self._position_s = Fraction(0)
        self._given = 0

    @property
    def info(self) -> SourceInfo:
        """What is known of the file, which is live here."""
        return replace(self._video.info, is_live=True)

    @property
    def health(self) -> SourceHealth:
        """How the file is doing; a pause is no trouble."""
        return self._vitals.health(self._video.damage.packets)

    @property
    def duration_s(self) -> Fraction | None:
        """Length of the file in seconds, as it says itself; None if it does not, or before entry.

        It stays when the file is closed.
        """
        return self._duration_s

    @property
    def position_s(self) -> Fraction:
        """Where the player is (or is being sent), in seconds after the file's first frame."""
        with self._lock:
            return self._position_s if self._target_s is None else self._target_s

    @property
    def is_paused(self) -> bool:
        """True between `pause` and `resume`."""
        return self._pacing.is_paused

    @property
    def speed(self) -> float:
        """Media seconds per second; setting it raises ConfigError outside 0.25 to 4."""
        return self._pacing.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._pacing.speed = speed

    def pause(self) -> None:
        """Give no more frames, apart from one that is just being given and one after each seek."""
        self._pacing.pause()

    def resume(self) -> None:
        """Go on where the pause began."""
        self._pacing.resume()

    def seek(self, position_s: float | Fraction) -> None:
        """Go on at another place, with the frame that is on show there; also during a pause.

        Args:
            position_s: seconds after the file's first frame. Below 0 is the first frame, beyond
                the end the last one.

        Raises:
            ConfigError: if it is no finite number.
        """
        if not math.isfinite(position_s):
            raise ConfigError(f"a position is a number of seconds, not {position_s}")
        with self._lock:
            self._target_s = max(Fraction(0), Fraction(position_s).limit_denominator(_FINEST))
        self._pacing.disturb()

    def interrupt(self) -> None:
        """End the iteration at once."""
        self._pacing.interrupt()

    def __enter__(self) -> Self:
        self._video.__enter__()
        self._duration_s = self._video.duration_s
        self._vitals.become(SourceState.LIVE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._vitals.become(SourceState.ENDED)
        self._video.__exit__(kind, error, traceback)

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames as they are due, until the end of the file or `interrupt()`.

        Raises:
            SourceError: where the file breaks off.
        """
        frames = iter(self._video)
        frame = next(frames, None)
        is_jump = True  # the first frame, and the one after a seek, are due at once
        while not self._pacing.is_interrupted:
            target_s = self._take_target()
            if target_s is not None:
                self._video.seek(target_s)
                frames = iter(self._video)
                frame, is_jump = next(frames, None), True
            due_s = self._end_s() if frame is None else self._place_of(frame)
            if is_jump:
                self._pacing.jump_to(float(due_s))
            elif not self._pacing.wait_until(float(due_s)):
                continue
            is_jump = False
            if frame is not None:
                yield self._give(frame, due_s)
                frame = next(frames, None)
            elif self._is_looping:
                self._go_to_start()
            else:
                break
        self._vitals.become(SourceState.ENDED)

    def _take_target(self) -> Fraction | None:
        with self._lock:
            target_s, self._target_s = self._target_s, None
            if target_s is not None:
                self._position_s = target_s
            return target_s

    def _go_to_start(self) -> None:
        with self._lock:
            if self._target_s is None:
                self._target_s = Fraction(0)

    def _place_of(self, frame: Frame) -> Fraction:
        return Fraction(0) if frame.pts is None else frame.pts - self._video.first_pts

    def _end_s(self) -> Fraction:
        """When the last frame has been on show for as long as the others."""
        return self._position_s + 1 / (self._video.info.rate or _DEFAULT_RATE)

    def _give(self, frame: Frame, position_s: Fraction) -> Frame:
        with self._lock:
            self._position_s = position_s
            index, self._given = self._given, self._given + 1
        return replace(frame, index=index, captured_s=self._clock())
