"""A recording that is given again and again, as a camera would or as fast as it is taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Self

from ..stage import Source, interrupt
from ..types import Frame, SourceInfo
from .samples import Samples

DEFAULT_RATE = Fraction(25)
"""Frames a second where a recording does not say, as a still picture."""


class Replay:
    """A source that gives a recording again and again until it is told to end.

    Paced, a frame is due as long after the first one as the recording says, and `captured_s` is
    when it was due, not when it was read. Nothing moves that schedule: frames that are read too
    late come at once, as late as they are, until the recording has caught up, as they do from a
    camera whose packets wait in a buffer. So an age that is counted from `captured_s` holds every
    wait, also those before the frame could be read.

    A source that is live by itself is given as it comes.

    Args:
        make_source: makes the recording's source; called anew for each repetition.
        is_paced: False gives frames as fast as they are taken; `captured_s` is when they were read.
        wait: waits so many seconds at most; True means that no more frames are wanted.
        phase: the first frame is due so many frame intervals after the start, 0 to 1: cameras do
            not shoot at the same moment.
        most: frames whose reading can be noted.
        clock: monotonic seconds.

    Attributes:
        given: number of frames so far.
        reading: when each frame was read, in seconds, and how many milliseconds that took: decoding
            and conversion to RGB. A live source has none, as it waits in between.
    """

    def __init__(
        self,
        make_source: Callable[[], Source],
        *,
        is_paced: bool,
        wait: Callable[[float], bool],
        phase: float = 0.0,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_source = make_source
        self._source = make_source()
        self._is_paced = is_paced
        self._wait = wait
        self._phase = phase
        self._clock = clock
        self._start_s: float | None = None
        self._place_s = Fraction(0)  # of the newest frame, in seconds after the first
        self._next_due_s: float | None = None
        self.given = 0
        self.reading = Samples(2, most)

    @property
    def info(self) -> SourceInfo:
        """What is known of the recording."""
        info = self._source.info
        return replace(info, is_live=self._is_paced or info.is_live, frame_count=None)

    def behind_s(self) -> float:
        """By how much the next frame is late now, in seconds; 0 where nothing is paced."""
        due_s = self._next_due_s
        return 0.0 if due_s is None else max(0.0, self._clock() - due_s)

    def interrupt(self) -> None:
        """End the wait for a frame of a source that is live; any thread may call."""
        interrupt(self._source)

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._source.__exit__(kind, error, traceback)

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until no more are wanted; a source that is live may end before.

        Raises:
            SourceError: where the recording breaks off.
        """
        if self._source.info.is_live:
            yield from self._live()
            return
        while True:
            before = self.given
            yield from self._once()
            if self.given == before or self._wait(0.0):
                return
            self._source.__exit__(None, None, None)
            self._source = self._make_source()
            self._source.__enter__()

    def _live(self) -> Iterator[Frame]:
        for frame in self._source:
            if self._wait(0.0):
                return
            yield self._give(frame, frame.captured_s, frame.pts)

    def _once(self) -> Iterator[Frame]:
        """The recording from its beginning to its end."""
        interval_s = 1 / (self._source.info.rate or DEFAULT_RATE)
        begin_s = self._place_s + interval_s if self.given else self._place_s
        first_pts: Fraction | None = None
        for frame in self._timed(iter(self._source)):
            if frame.pts is None:
                place_s = self._place_s + interval_s if self.given else begin_s
            else:
                first_pts = frame.pts if first_pts is None else first_pts
                place_s = begin_s + frame.pts - first_pts
            self._place_s = max(self._place_s, place_s)  # timestamps may jump back
            read_s = self._clock()
            due_s = self._due_s(read_s, interval_s) if self._is_paced else read_s
            if self._wait(max(0.0, due_s - read_s)):
                return
            yield self._give(frame, due_s, self._place_s)

    def _timed(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        while True:
            began_s = self._clock()
            frame = next(frames, None)
            if frame is None:
                return
            ended_s = self._clock()
            self.reading.add(ended_s, (ended_s - began_s) * 1e3)
            yield frame

    def _due_s(self, now_s: float, interval_s: Fraction) -> float:
        if self._start_s is None:
            self._start_s = now_s + self._phase * float(interval_s)
        due_s = self._start_s + float(self._place_s)
        self._next_due_s = due_s + float(interval_s)
        return due_s

    def _give(self, frame: Frame, captured_s: float, pts: Fraction | None) -> Frame:
        index, self.given = self.given, self.given + 1
        return replace(frame, index=index, captured_s=captured_s, pts=pts)
