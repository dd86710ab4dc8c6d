"""Cameras that are dead, slow or too fast, and the others beside them, which must not notice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

import pytest

import srfer
from srfer.realtime import Frame, SourceInfo
from srfer.realtime.sources.synthetic import Scene, SyntheticVideo
from srfer.realtime.streams import Stream, StreamSet
from srfer.realtime.types import Effort
from tests.faults.servers import Server, hangs, live
from tests.synthetic import HANG_S, Keep, check_books

pytestmark = pytest.mark.usefixtures("nothing_is_left")

TICKS = 30
NORMAL = 5


def events_until(tick: int) -> int:
    """What has happened when a tick begins.

    In each tick seven cameras send their pictures, and those of five are analysed; in every tenth
    also that of the slow one.
    """
    return (NORMAL + 2 + NORMAL) * tick + -(-tick // 10)


class Metronome:
    """Made-up time: a tick is over when all of it is sent, and analysed but for the fast camera."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tick = self._done = 0
        self._is_stopped = False

    def wait_for(self, tick: int) -> bool:
        """Wait for the beginning of a tick; False if it will not come."""
        with self._changed:
            self._changed.wait_for(lambda: self._tick >= tick or self._is_stopped)
            return not self._is_stopped

    def done(self, _index: int) -> None:
        """A picture has been analysed, or a camera's pictures of a tick have been sent."""
        with self._changed:
            self._done += 1
            self._tick += self._done >= events_until(self._tick + 1)
            self._changed.notify_all()

    def wait_for_the_end(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._tick >= TICKS, 6 * HANG_S)

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()


class Camera:
    """A face, and as many pictures in a tick as `pictures` says."""

    def __init__(self, time: Metronome, seed: int, pictures: Callable[[int], int]) -> None:
        self._video = SyntheticVideo(Scene(1, 40, 160, 120, Fraction(25), Fraction(60), seed))
        self._time, self._pictures = time, pictures
        self.info = SourceInfo("camera", 160, 120, None, Fraction(1, 25), None, is_live=True)

    def __enter__(self) -> Self:
        self._video.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._video.__exit__(kind, error, traceback)

    def __iter__(self) -> Iterator[Frame]:
        frames = iter(self._video)
        for tick in range(TICKS):
            if not self._time.wait_for(tick):
                return
            for _ in range(self._pictures(tick)):
                yield next(frames)
            self._time.done(tick)

    def interrupt(self) -> None:
        self._time.stop()


def test_one_dead_one_slow_and_one_fast_camera_take_nothing_from_five_others() -> None:
    time = Metronome()
    sinks = [Keep(before=time.done) for _ in range(NORMAL)]
    with Server(hangs()) as server:
        streams = [
            Stream("dead", live(f"tcp://127.0.0.1:{server.port}", patience_s=60)),
            Stream("slow", Camera(time, 1, lambda tick: tick % 10 == 0), [Keep(before=time.done)]),
            Stream("fast", Camera(time, 2, lambda tick: 6)),
            *(
                Stream(f"normal {number}", Camera(time, number, lambda tick: 1), [sink])
                for number, sink in enumerate(sinks, 3)
            ),
        ]
        with StreamSet(streams, srfer.load(device="cpu"), effort=Effort.FULL) as running:
            time.wait_for_the_end()
        stats = {one.name: one.pipeline for one in running.stats()}
    for one in stats.values():
        check_books(one)
    assert stats["dead"].captured == 0
    assert stats["slow"].processed == TICKS // 10
    assert stats["fast"].captured == 6 * TICKS
    for number, sink in enumerate(sinks, 3):
        assert sink.indices == list(range(TICKS)), "every picture, however many the others have"
        assert sum(stats[f"normal {number}"].dropped.values()) == 0
        assert sum(len(result.faces) for result in sink.results) > TICKS / 2
