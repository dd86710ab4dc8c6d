"""When lost sources are tried again, and media time over all that: minutes in milliseconds."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srfer.errors import ConfigError, SourceFault
from srfer.realtime.sources.health import SourceState
from srfer.realtime.sources.reconnect import Reconnect, ReconnectPolicy
from srfer.realtime.sources.timeline import TICK, Timeline

GONE = SourceFault.UNREACHABLE


class FakeClock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Machine:
    """A machine with its clock, and frames at 16 a second."""

    def __init__(self, max_retries: int | None = None, seed: int = 1) -> None:
        self.clock = FakeClock()
        self.machine = Reconnect(
            max_retries=max_retries, clock=self.clock, chance=random.Random(seed)
        )

    def state(self) -> SourceState:
        return self.machine.health.state

    def frames(self, seconds: float, interval_s: float = 1 / 16) -> list[bool]:
        returns = [self.machine.frame()]
        for _ in range(round(seconds / interval_s)):
            self.clock.now_s += interval_s
            returns.append(self.machine.frame())
        return returns

    def try_in_vain(self, fault: SourceFault = GONE) -> float:
        self.machine.connect()
        return self.lose(fault)

    def lose(self, fault: SourceFault = GONE) -> float:
        delay_s = self.machine.lose(fault, "gone")
        assert delay_s is not None
        self.clock.now_s += delay_s
        return delay_s


def test_the_life_of_a_source() -> None:
    m = Machine()
    assert m.state() is SourceState.CONNECTING
    m.machine.connect()
    m.clock.now_s += 2
    assert m.machine.health.since_s == 1000
    m.frames(1)
    assert (m.state(), m.machine.health.since_s) == (SourceState.LIVE, 1002)
    m.clock.now_s += 0.9
    assert m.state() is SourceState.LIVE
    m.clock.now_s += 0.2
    health = m.machine.health
    assert (health.state, health.since_s) == (SourceState.STALLED, 1003)
    assert health.cause == "no frame for 1.1 s"
    m.frames(1 / 16)
    assert (m.state(), m.machine.health.cause) == (SourceState.LIVE, "")
    m.machine.lose(GONE, "the stream ended")
    assert (m.state(), m.machine.health.cause) == (SourceState.LOST, "the stream ended")
    m.machine.connect()
    assert (m.state(), m.machine.health.cause) == (SourceState.CONNECTING, "the stream ended")
    assert m.machine.health.reconnects == 0
    assert m.frames(1 / 16) == [True, False]
    assert (m.state(), m.machine.health.reconnects) == (SourceState.LIVE, 1)
    m.machine.end()
    assert m.state() is SourceState.ENDED


def test_a_slow_camera_is_not_stalled_between_two_frames() -> None:
    m = Machine()
    m.frames(100, interval_s=2.0)
    m.clock.now_s += 3.9
    assert m.state() is SourceState.LIVE
    m.clock.now_s += 0.2
    assert m.state() is SourceState.STALLED


def test_waits_double_up_to_half_a_minute_and_go_on_for_ever() -> None:
    m = Machine()
    delays = [m.try_in_vain() for _ in range(2000)]
    for delay_s, expected_s in zip(delays, [0.5, 1, 2, 4, 8, 16, *[30] * 1994], strict=True):
        assert 0.8 * expected_s <= delay_s <= 1.2 * expected_s
    assert len(set(delays)) == 2000
    late = delays[100:]
    assert min(late) < 25
    assert max(late) > 35


def test_ten_minutes_with_twenty_drops() -> None:
    m = Machine()
    for _ in range(20):
        m.machine.connect()
        m.frames(29)
        assert m.lose() <= 0.6, "after 10 s of frames, waits start small again"
    assert m.machine.health.reconnects == 19
    m.frames(0)
    assert m.machine.health.reconnects == 20
    assert m.clock.now_s - 1000 == pytest.approx(590, abs=15)


def test_a_source_that_flaps_is_tried_less_and_less() -> None:
    m = Machine()
    delays = []
    for _ in range(6):
        m.machine.connect()
        m.frames(9)
        delays.append(m.machine.lose(GONE, "gone") or 0)
    assert delays == sorted(delays)
    assert delays[-1] > 12


@pytest.mark.parametrize(
    "fault", [SourceFault.AUTH, SourceFault.UNSUPPORTED, SourceFault.TOO_LARGE]
)
def test_what_does_not_go_away_is_tried_once_a_minute(fault: SourceFault) -> None:
    m = Machine()
    assert all(60 <= m.try_in_vain(fault) <= 72 for _ in range(50))


def test_giving_up() -> None:
    m = Machine(max_retries=2)
    m.try_in_vain()
    m.try_in_vain()
    m.machine.connect()
    assert m.machine.lose(GONE, "gone") is None
    assert (m.state(), m.machine.health.cause) == (SourceState.ENDED, "gone")
    m.machine.end()
    assert m.machine.health.cause == "gone"


def test_frames_give_new_tries() -> None:
    m = Machine(max_retries=1)
    for _ in range(5):
        m.machine.connect()
        m.frames(11)
        m.lose()


def test_many_sources_do_not_come_back_at_once() -> None:
    machines = [Machine(seed=i) for i in range(20)]
    for m in machines:
        m.machine.connect()
        m.frames(20)
    moments = []
    for m in machines:
        for _ in range(4):
            m.try_in_vain()
        moments.append(m.clock.now_s)
    assert max(moments) - min(moments) > 1.0
    assert len({round(moment, 2) for moment in moments}) > 15


def test_impossible_waits_are_refused() -> None:
    with pytest.raises(ConfigError, match="first_delay_s"):
        ReconnectPolicy(first_delay_s=2, longest_delay_s=1)


# Media time


def at(seconds: float) -> Fraction:
    return Fraction(round(seconds * 1000), 1000)


def test_times_of_the_source_are_followed_exactly() -> None:
    timeline, step = Timeline(), Fraction(1001, 30_000)
    arrivals = [0, 0.001, 0.5, 0.5, 0.5001] * 200  # in bursts
    times = [timeline.advance(7 + i * step, i // 5 + t) for i, t in enumerate(arrivals)]
    assert times == [i * step for i in range(1000)]


def test_odd_units_do_not_drift() -> None:
    timeline, step = Timeline(), Fraction(512, 12_801)
    times = [timeline.advance(i * step, i * 0.04) for i in range(10_000)]
    assert max(abs(time - i * step) for i, time in enumerate(times)) <= TICK / 2


@pytest.mark.parametrize(
    ("pts", "expected"),
    [
        ([5.0, 5.04, 1.0, 1.04], [0, 0.04, 0.08, 0.12]),  # jumps back
        ([5.0, 5.04, 5.04, 5.08], [0, 0.04, 0.08, 0.12]),  # repeats
        ([5.0, 5.04, 99.0, 99.04], [0, 0.04, 0.08, 0.12]),  # jumps ahead
        ([95443.7, 95443.71, 0.0, 0.04], [0, 0.01, 0.05, 0.09]),  # wraps
        ([5.0, None, 5.08, 5.12], [0, 0.04, 0.08, 0.12]),  # is missing
        ([None] * 4, [0, 0.04, 0.08, 0.12]),
    ],
)
def test_times_that_are_not_plausible_are_not_believed(
    pts: list[float | None], expected: list[float]
) -> None:
    timeline = Timeline()
    times = [
        timeline.advance(None if t is None else at(t), 500 + 0.04 * i) for i, t in enumerate(pts)
    ]
    assert [float(t) for t in times] == pytest.approx(expected)


def test_a_new_connection_adds_the_real_gap() -> None:
    timeline = Timeline()
    timeline.advance(at(5), 100)
    timeline.advance(at(5.04), 100.04)
    timeline.restart()
    assert float(timeline.advance(at(6), 107.54)) == pytest.approx(7.54)
    assert float(timeline.advance(at(6.04), 107.58)) == pytest.approx(7.58)


STEPS = st.lists(
    st.tuples(st.none() | st.fractions(-10, 10**5), st.floats(0, 100), st.booleans()), max_size=30
)


@given(STEPS)
def test_time_always_goes_forward(steps: list[tuple[Fraction | None, float, bool]]) -> None:
    timeline, now_s, last = Timeline(), 0.0, -TICK
    for pts, elapsed_s, is_new in steps:
        if is_new:
            timeline.restart()
        now_s += elapsed_s
        time = timeline.advance(pts, now_s)
        assert time >= last + TICK
        assert (time / TICK).denominator == 1
        last = time
