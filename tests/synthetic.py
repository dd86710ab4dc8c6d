"""A source that makes its own frames, and small real stages and sinks, for tests of what runs.

The stages compute with the pixels and one of them remembers the past, so a frame that is lost,
repeated, out of order or touched by two threads changes the results.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import numpy as np

from srfer.engines import LABELS
from srfer.engines.types import Expression
from srfer.realtime import (
    Box,
    Face,
    FaceResult,
    Frame,
    FrameResult,
    SourceInfo,
    Track,
    TrackedFrame,
    TrackState,
)
from srfer.realtime.stats import PipelineStats

HANG_S = 10.0
"""Nothing here takes a tenth of this; whatever waits longer hangs."""


@contextmanager
def no_threads_left() -> Iterator[None]:
    """Fail if the block leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert not left, f"threads left: {left}"


class Counter:
    """Counts up, and lets other threads wait for a number instead of sleeping."""

    def __init__(self) -> None:
        self.value = 0
        self._changed = threading.Condition()

    def add(self) -> None:
        with self._changed:
            self.value += 1
            self._changed.notify_all()

    def wait_for(self, value: int) -> None:
        with self._changed:
            reached = self._changed.wait_for(lambda: self.value >= value, HANG_S)
        assert reached, f"only {self.value} of {value} within {HANG_S} s"


class Life:
    """Records how a part is entered and exited, and lets a test act at those moments.

    Attributes:
        entered_in: thread that entered it.
        exits: (thread, error) for every exit.
        on_enter: called when it is entered.
        on_exit: called when it is exited, after that was recorded.
    """

    def __init__(self) -> None:
        self.entered_in: threading.Thread | None = None
        self.exits: list[tuple[threading.Thread, BaseException | None]] = []
        self.on_enter: Callable[[], None] = lambda: None
        self.on_exit: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        assert self.entered_in is None, "entered twice"
        self.on_enter()
        self.entered_in = threading.current_thread()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert (kind is None) == (error is None)
        self.exits.append((threading.current_thread(), error))
        self.on_exit()


class SyntheticSource(Life):
    """`count` frames of smooth noise with a bright square that wanders.

    Args:
        count: number of frames.
        width: in pixels.
        height: in pixels.
        is_live: as in SourceInfo.
        seed: frames depend on this and their index only.
        before: called with the index before each frame is made; may wait or raise.

    Attributes:
        asked: how many frames were asked for; count + 1 after the last.
        alive: how many of its images exist now.
        most_alive: how many existed at the same time at most.
    """

    def __init__(
        self,
        count: int = 30,
        *,
        width: int = 48,
        height: int = 32,
        is_live: bool = False,
        seed: int = 0,
        before: Callable[[int], None] = lambda index: None,
    ) -> None:
        super().__init__()
        self._count, self._width, self._height = count, width, height
        self._is_live, self._seed, self.before = is_live, seed, before
        self.asked = Counter()
        self.alive = self.most_alive = 0
        self._lock = threading.RLock()

    @property
    def info(self) -> SourceInfo:
        rate = Fraction(25)
        return SourceInfo(
            "synthetic",
            self._width,
            self._height,
            rate,
            1 / rate,
            None if self._is_live else self._count,
            self._is_live,
        )

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._count):
            self.asked.add()
            self.before(index)
            yield self._frame(index)
        self.asked.add()

    def _frame(self, index: int) -> Frame:
        random = np.random.default_rng((self._seed, index))
        image = random.integers(0, 128, (self._height, self._width, 3), dtype=np.uint8)
        x, y = index * 3 % self._width, index * 2 % self._height
        image[y : y + 8, x : x + 8] += 100
        with self._lock:
            self.alive += 1
            self.most_alive = max(self.most_alive, self.alive)
        weakref.finalize(image, self._forget)
        return Frame("synthetic", index, time.monotonic(), Fraction(index, 25), image)

    def _forget(self) -> None:
        with self._lock:
            self.alive -= 1


class Probe(Life):
    """What the stages and sinks here share: a name, a count of calls, a moment to act.

    Attributes:
        seen: number of messages that reached it.
        before: called with the frame's index before each message; may wait or raise.
    """

    def __init__(self, name: str, before: Callable[[int], None] = lambda index: None) -> None:
        super().__init__()
        self._name = name
        self.seen = Counter()
        self.before = before

    @property
    def name(self) -> str:
        return self._name

    def _meet(self, frame: Frame) -> None:
        self.seen.add()
        self.before(frame.index)


class Find(Probe):
    """Frame -> TrackedFrame: `faces` boxes around and beside the brightest pixel."""

    def __init__(self, faces: int = 2, before: Callable[[int], None] = lambda index: None) -> None:
        super().__init__("find", before)
        self._faces = faces

    def __call__(self, frame: Frame, /) -> TrackedFrame:
        self._meet(frame)
        y, x = divmod(int(frame.image.sum(axis=2, dtype=np.int32).argmax()), frame.width)
        boxes = [Box(x - i, y - i, x + i + 8.0, y + i + 8.0) for i in range(self._faces)]
        tracks = [
            Track(i + 1, TrackState.TRACKED, Face(box, 0.9), frame.index)
            for i, box in enumerate(boxes)
        ]
        return TrackedFrame(frame, tuple(tracks))


class Read(Probe):
    """TrackedFrame -> FrameResult: an "expression" from the pixels in each box."""

    def __init__(self, before: Callable[[int], None] = lambda index: None) -> None:
        super().__init__("read", before)

    def __call__(self, tracked: TrackedFrame, /) -> FrameResult:
        self._meet(tracked.frame)
        faces = [
            FaceResult(track, _express(tracked.frame, track.face.box)) for track in tracked.tracks
        ]
        return FrameResult(tracked.frame, tuple(faces))


class Smooth(Probe):
    """FrameResult -> FrameResult: a running mean by track, which depends on the past."""

    def __init__(self, before: Callable[[int], None] = lambda index: None) -> None:
        super().__init__("smooth", before)
        self._means: dict[int, np.ndarray[Any, np.dtype[np.float32]]] = {}

    def __call__(self, result: FrameResult, /) -> FrameResult:
        self._meet(result.frame)
        return replace(result, faces=tuple(self._smooth(face) for face in result.faces))

    def _smooth(self, face: FaceResult) -> FaceResult:
        assert face.expression is not None
        now = face.expression.probabilities
        mean = np.float32(0.7) * self._means.get(face.track.id, now) + np.float32(0.3) * now
        self._means[face.track.id] = mean
        return replace(face, smoothed=mean)


class Keep(Probe):
    """A sink that keeps what it is given."""

    def __init__(
        self, name: str = "keep", before: Callable[[int], None] = lambda index: None
    ) -> None:
        super().__init__(name, before)
        self.results: list[FrameResult] = []

    def write(self, result: FrameResult, /) -> None:
        self._meet(result.frame)
        self.results.append(result)

    @property
    def indices(self) -> list[int]:
        return [result.frame.index for result in self.results]


def three_stages(faces: int = 2) -> tuple[Find, Read, Smooth]:
    return Find(faces), Read(), Smooth()


def offline(source: SyntheticSource, stages: Sequence[Any]) -> list[FrameResult]:
    """The truth: the same parts in a plain loop."""
    results = []
    with source:
        for frame in source:
            message: Any = frame
            for stage in stages:
                message = stage(message)
            results.append(message)
    return results


def fingerprint(result: FrameResult) -> tuple[object, ...]:
    """All that a result says, down to the last bit, apart from times."""
    faces = [
        (
            face.track.id,
            face.track.face.box,
            face.expression and face.expression.probabilities.tobytes(),
            None if face.smoothed is None else face.smoothed.tobytes(),
        )
        for face in result.faces
    ]
    frame = result.frame
    return frame.index, frame.pts, frame.image.tobytes(), tuple(faces), result.dropped_before


def _express(frame: Frame, box: Box) -> Expression:
    left, top = max(int(box.left), 0), max(int(box.top), 0)
    crop = frame.image[top : int(box.bottom), left : int(box.right)].astype(np.float32)
    sums = np.resize(crop.ravel(), (len(LABELS), 64)).mean(axis=1)
    powers = np.exp((sums - sums.max()) / 16)
    return Expression((powers / powers.sum()).astype(np.float32), box.width, 0.5)


def check_books(stats: PipelineStats) -> None:
    """Every captured frame was processed or dropped for a cause."""
    assert stats.captured == stats.processed + sum(stats.dropped.values())
    assert stats.in_flight == 0


def is_set_in_time(event: threading.Event) -> None:
    """Wait for an event, but not for ever."""
    assert event.wait(HANG_S)
