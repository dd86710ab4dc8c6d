"""Recordings that are given as cameras would."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest

from srfer.realtime import Frame, FrameResult, Pipeline, Policy, SourceInfo
from srfer.realtime.bench.replay import Replay
from srfer.realtime.bench.samples import Recorder, Samples

IMAGE = np.zeros((4, 4, 3), np.uint8)


class MadeUpTime:
    """A clock that moves when somebody waits, or works."""

    def __init__(self) -> None:
        self.now_s = 10.0
        self.waits: list[float] = []
        self.has_ended = False

    def clock(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> bool:
        if seconds:
            self.waits.append(seconds)
        self.now_s += seconds
        return self.has_ended


class Recording:
    """Frames with the given timestamps; reading each takes a while."""

    def __init__(
        self,
        pts: Sequence[Fraction | None],
        *,
        time_of: MadeUpTime | None = None,
        work_s: Sequence[float] = (),
        is_live: bool = False,
    ) -> None:
        self._pts = pts
        self._time = time_of
        self._work_s = work_s or [0.0] * len(pts)
        self.info = SourceInfo("recording", 4, 4, Fraction(10), Fraction(1, 10), len(pts), is_live)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        for index, pts in enumerate(self._pts):
            if self._time is not None:
                self._time.now_s += self._work_s[index]
            yield Frame("recording", index, 0.0, pts, IMAGE)


def tenths(*numbers: int) -> list[Fraction]:
    return [Fraction(number, 10) for number in numbers]


def frames_of(replay: Replay, made_up: MadeUpTime, count: int) -> list[tuple[Frame, float]]:
    """The first frames, each with the time at which it was given."""
    given = []
    with replay:
        for frame in replay:
            given.append((frame, made_up.now_s))
            if len(given) == count:
                made_up.has_ended = True
    return given


def replay_of(
    made_up: MadeUpTime, pts: Sequence[Fraction | None], *, work_s: Sequence[float] = (), **how: Any
) -> Replay:
    return Replay(
        lambda: Recording(pts, time_of=made_up, work_s=work_s),
        wait=made_up.wait,
        clock=made_up.clock,
        most=100,
        **{"is_paced": True, **how},
    )


def test_frames_come_when_they_are_due_and_again_after_the_end() -> None:
    made_up = MadeUpTime()
    given = frames_of(replay_of(made_up, tenths(7, 8, 9)), made_up, 7)
    assert [at_s for _, at_s in given] == pytest.approx([10 + i / 10 for i in range(7)])
    frames = [frame for frame, _ in given]
    assert [frame.index for frame in frames] == list(range(7))
    assert [frame.pts for frame in frames] == tenths(*range(7))
    assert [frame.captured_s for frame in frames] == pytest.approx([at_s for _, at_s in given])


def test_a_frame_that_is_read_too_late_was_due_all_the_same() -> None:
    """Or the ages of results would leave out just the waits that matter."""
    made_up = MadeUpTime()
    slow = [0.0, 0.95, 0.0, 0.0, 0.0]
    given = frames_of(replay_of(made_up, tenths(0, 1, 2, 3, 4), work_s=slow), made_up, 5)
    due_s = [frame.captured_s for frame, _ in given]
    assert due_s == pytest.approx([10.0, 10.1, 10.2, 10.3, 10.4])
    assert [at_s for _, at_s in given][1:] == pytest.approx([10.95] * 4)


def test_it_says_by_how_much_it_is_behind_and_how_long_reading_took() -> None:
    made_up = MadeUpTime()
    replay = replay_of(made_up, tenths(0, 1, 2), work_s=[0.0, 0.55, 0.0])
    assert replay.behind_s() == 0
    behind_s = []
    with replay:
        for frame in replay:
            behind_s.append(replay.behind_s())
            made_up.has_ended = frame.index == 1
    assert behind_s == pytest.approx([0.0, 0.35])
    assert replay.reading.table()[1] == pytest.approx(
        [0.0, 550.0, 0.0][: replay.reading.table().shape[1]]
    )


def test_cameras_are_out_of_step() -> None:
    made_up = MadeUpTime()
    ((_, at_s),) = frames_of(replay_of(made_up, tenths(0, 1), phase=0.5), made_up, 1)
    assert at_s == pytest.approx(10.05)


@pytest.mark.parametrize(
    ("pts", "places"),
    [
        ([None, None, None], [0, 1, 2, 3]),  # a still picture, or a stream without times
        (tenths(0, 5, 2), [0, 5, 5, 6]),  # timestamps jump back: time does not
        (tenths(3, 4, 9), [0, 1, 6, 7]),  # a gap is waited for
    ],
)
def test_the_schedule_of_odd_recordings(
    pts: Sequence[Fraction | None], places: Sequence[int]
) -> None:
    made_up = MadeUpTime()
    given = frames_of(replay_of(made_up, pts), made_up, 4)
    assert [at_s for _, at_s in given] == pytest.approx([10 + place / 10 for place in places])


def test_unpaced_nothing_is_waited_for() -> None:
    made_up = MadeUpTime()
    replay = replay_of(made_up, tenths(0, 1), work_s=[0.03, 0.03], is_paced=False)
    given = frames_of(replay, made_up, 5)
    assert made_up.waits == []
    assert [frame.captured_s for frame, _ in given] == pytest.approx([at_s for _, at_s in given])
    assert not replay.info.is_live
    assert replay.behind_s() == 0


def test_a_live_source_is_given_as_it_comes() -> None:
    made_up = MadeUpTime()
    replay = Replay(
        lambda: Recording(tenths(5, 9), is_live=True),
        is_paced=True,
        wait=made_up.wait,
        clock=made_up.clock,
        most=10,
    )
    with replay:
        frames = list(replay)
    assert [(frame.index, frame.captured_s) for frame in frames] == [(0, 0.0), (1, 0.0)]
    assert made_up.waits == []


def test_a_recording_without_frames_ends() -> None:
    made_up = MadeUpTime()
    with replay_of(made_up, []) as replay:
        assert list(replay) == []


class Slow:
    """A stage that takes 50 ms."""

    name = "slow"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __call__(self, frame: Frame) -> FrameResult:
        time.sleep(0.05)  # what it costs, not a wait for anything
        return FrameResult(frame, ())


def test_a_stage_of_known_cost_gives_known_drops_and_ages() -> None:
    """40 fps at a stage that manages 20: about half is dropped, and results stay fresh."""
    has_ended = threading.Event()
    replay = Replay(
        lambda: Recording([Fraction(i, 40) for i in range(30)]),
        is_paced=True,
        wait=has_ended.wait,
        most=1000,
    )
    recorder = Recorder(1000)
    pipeline = Pipeline(replay, [Slow()], [recorder], policy=Policy.LIVE)
    pipeline.start()
    has_ended.wait(2.0)
    has_ended.set()
    pipeline.join()
    stats = pipeline.stats()
    dropped = sum(stats.dropped.values())
    assert replay.given == stats.captured == stats.processed + dropped
    assert recorder.taken == stats.processed
    columns = recorder.columns()
    assert np.median(columns["slow"]) >= 50
    assert 0.3 < dropped / stats.captured < 0.8
    ages_ms = (columns["completed_s"] - columns["due_s"]) * 1e3
    assert ages_ms.min() >= 50  # each holds the work
    assert np.median(ages_ms) < 400  # two inside and one at the door, not a backlog


def test_notes_that_find_no_room_are_counted() -> None:
    samples = Samples(2, 3)
    for number in range(5):
        samples.add(number, 10 * number)
    assert samples.table().tolist() == [[0, 1, 2], [0, 10, 20]]
    assert samples.missed == 2
