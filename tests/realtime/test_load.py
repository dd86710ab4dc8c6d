"""Doing less under load: by rule, least important first, and back again."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from srfer.errors import ConfigError
from srfer.realtime import Frame, FrameResult
from srfer.realtime.budget import FrameBudget
from srfer.realtime.load import CALM_S, SAVINGS, EffortDial, LoadControl, describe
from srfer.realtime.types import Effort

IMAGE = np.zeros((4, 4, 3), np.uint8)
FPS = 20


class Machine:
    """Feeds a control with results as streams of 20 frames a second would give them."""

    def __init__(self, **priorities: int) -> None:
        self.turned: list[tuple[str, Effort]] = []
        self.control = LoadControl(lambda dial: self.turned.append((dial.stream, dial.effort)))
        self.dials = {name: EffortDial(name, priority) for name, priority in priorities.items()}
        self.now_s = 100.0
        for dial in self.dials.values():
            self.control.add(dial)

    def run(self, seconds: float, *, dropping: tuple[str, ...] = (), work_ms: float = 5.0) -> None:
        """Streams in `dropping` lose every second frame."""
        for index in range(round(seconds * FPS)):
            self.now_s += 1 / FPS
            for name, dial in self.dials.items():
                if name in dropping and index % 2:
                    continue
                frame = Frame(name, index, self.now_s, None, IMAGE)
                timings = {"source": 50.0, "track": work_ms, "read": 1.0}
                dropped = 1 if name in dropping else 0
                self.control.observe(dial, FrameResult(frame, (), timings, dropped))

    def effort(self, name: str) -> Effort:
        return self.dials[name].effort


def test_a_machine_that_keeps_up_does_everything() -> None:
    machine = Machine(a=0, b=0)
    machine.run(30)
    assert machine.turned == []


def test_an_overloaded_stream_gives_way_step_by_step_down_to_the_least() -> None:
    machine = Machine(a=0)
    machine.run(1.5, dropping=("a",))
    assert machine.effort("a") is Effort.FEWER_SEARCHES
    machine.run(10, dropping=("a",))
    assert [effort for _, effort in machine.turned] == [1, 2, 3]
    assert SAVINGS[machine.effort("a")] == (4, 4)


def test_the_least_important_stream_gives_way_first() -> None:
    machine = Machine(door=5, yard=0, hall=5)
    machine.run(3.5, dropping=("door",))
    assert {name for name, _ in machine.turned} == {"yard"}
    machine.run(4, dropping=("door",))
    assert machine.effort("yard") is Effort.LEAST
    assert machine.effort("door") > Effort.FULL or machine.effort("hall") > Effort.FULL


def test_a_more_important_stream_is_never_touched_for_a_lesser_one() -> None:
    machine = Machine(door=5, yard=0)
    machine.run(20, dropping=("yard",))
    assert machine.effort("door") is Effort.FULL
    assert machine.effort("yard") is Effort.LEAST


def test_effort_comes_back_when_there_is_room_and_not_while_the_machine_is_just_busy() -> None:
    machine = Machine(a=0)
    machine.run(2.5, dropping=("a",))
    machine.run(1.5, work_ms=40.0)  # the end of the last window that saw drops
    low = machine.effort("a")
    assert low > Effort.FULL
    machine.run(4 * CALM_S, work_ms=40.0)  # 80 % busy
    assert machine.effort("a") is low
    machine.run(4 * CALM_S, work_ms=5.0)
    assert machine.effort("a") is Effort.FULL


def test_coming_back_in_vain_is_tried_less_and_less_often() -> None:
    machine = Machine(a=0)
    for _ in range(400):  # as if full effort were always a little too much
        is_full = machine.effort("a") is Effort.FULL
        machine.run(1, dropping=("a",) if is_full else (), work_ms=1.0)
    back = sum(effort is Effort.FULL for _, effort in machine.turned)
    assert 3 <= back <= 12


def test_a_pause_is_not_taken_for_overload() -> None:
    machine = Machine(a=0)
    machine.run(1)
    machine.now_s += 60
    frame = Frame("a", 9, machine.now_s, None, IMAGE)
    machine.control.observe(machine.dials["a"], FrameResult(frame, (), {}, 1200))
    machine.run(3)
    assert machine.turned == []


def test_what_is_done_without_is_said() -> None:
    dial = EffortDial("yard")
    dial.effort = Effort.FEWER_READINGS
    assert describe(dial) == (
        "yard: the machine does not keep up: searched for faces 2 times less often, "
        "each face read in every 2. frame"
    )
    dial.effort = Effort.FULL
    assert "keeps up again" in describe(dial)


@pytest.mark.parametrize(
    ("source_fps", "max_fps", "expected"),
    [(30, 10, 100), (30, 25, 250), (10, 25, 100), (30, 7, 70)],
)
def test_a_budget_lets_the_rate_through_that_it_allows(
    source_fps: int, max_fps: float, expected: int
) -> None:
    budget = FrameBudget(max_fps)
    frames = [Frame("a", i, 0.0, Fraction(i, source_fps), IMAGE) for i in range(10 * source_fps)]
    allowed = [frame for frame in frames if budget.allows(frame)]
    assert len(allowed) == pytest.approx(expected, rel=0.04)
    gaps = np.diff([float(frame.pts or 0) for frame in allowed])
    assert gaps.max() <= 1 / max_fps + 1 / source_fps + 1e-9


def test_a_budget_does_not_make_up_for_a_gap() -> None:
    budget = FrameBudget(10)
    times = [Fraction(i, 30) for i in range(30)] + [60 + Fraction(i, 30) for i in range(30)]
    allowed = [t for i, t in enumerate(times) if budget.allows(Frame("a", i, 0.0, t, IMAGE))]
    assert sum(t >= 60 for t in allowed) <= 11


@pytest.mark.parametrize("max_fps", [0.0, -1.0, float("nan")])
def test_a_budget_of_nothing_is_refused(max_fps: float) -> None:
    with pytest.raises(ConfigError, match="max_fps must be more than 0"):
        FrameBudget(max_fps)
