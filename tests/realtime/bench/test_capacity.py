"""Finding how many streams a machine carries, where trials are sometimes wrong."""

from __future__ import annotations

import numpy as np
import pytest

from srfer.errors import ConfigError
from srfer.realtime.bench import Target, Trial, find_capacity, judge
from srfer.realtime.bench.summary import summarise
from tests.realtime.bench.fakes import ABOUT, Script, report_of, run_of


class Machine:
    """Carries so many streams; near its limit chance has a say."""

    def __init__(self, carries: float, blur: float = 0.0, seed: int = 0) -> None:
        self._carries = carries
        self._blur = blur
        self._random = np.random.default_rng(seed)
        self.tried: list[int] = []

    def try_(self, streams: int) -> Trial:
        self.tried.append(streams)
        holds = streams <= self._carries + self._blur * self._random.standard_normal()
        return Trial(streams, bool(holds), "" if holds else "too slow", 25.0, 0.0, 40.0)


@pytest.mark.parametrize("carries", range(0, 40))
def test_it_finds_what_the_machine_carries(carries: int) -> None:
    machine = Machine(carries + 0.5)
    told: list[Trial] = []
    found = find_capacity(machine.try_, Target(), most=64, on_trial=told.append)
    assert found.streams == carries
    assert found.is_unanimous
    assert not found.is_limit_reached
    assert list(found.trials) == told
    assert machine.tried.count(carries) == (2 if carries else 0)  # nothing rests on one trial
    assert machine.tried.count(carries + 1) == 2
    assert len(machine.tried) <= 2 * np.log2(carries + 2) + 4


@pytest.mark.parametrize("most", [1, 5, 8])
def test_it_says_that_no_more_were_tried(most: int) -> None:
    machine = Machine(100)
    found = find_capacity(machine.try_, Target(), most=most)
    assert found.streams == most
    assert found.is_limit_reached
    assert max(machine.tried) == most


def test_a_trial_that_was_wrong_is_outvoted() -> None:
    """Of many noisy searches most find the number, and none is far from it."""
    found = [
        find_capacity(Machine(12.5, blur=0.3, seed=seed).try_, Target(), most=64)
        for seed in range(60)
    ]
    streams = [capacity.streams for capacity in found]
    assert streams.count(12) >= 50
    assert set(streams) <= {11, 12, 13}
    assert any(not capacity.is_unanimous for capacity in found)


def test_one_hiccup_low_down_does_not_decide() -> None:
    """The first trial with 4 streams fails by chance; the machine carries 20."""
    machine = Machine(20.5)
    hiccups = [4]

    def run_trial(streams: int) -> Trial:
        trial = machine.try_(streams)
        if streams in hiccups:
            hiccups.remove(streams)
            return Trial(streams, False, "a hiccup", 25.0, 0.2, 40.0)
        return trial

    found = find_capacity(run_trial, Target(), most=64)
    assert found.streams == 20
    assert not found.is_unanimous


def test_a_stream_holds_or_says_what_it_missed() -> None:
    good = Script()
    cases = {
        "": good,
        "2 a.mp4 dropped 10.0 %": Script(latency_ms=lambda n: None if n % 10 == 5 else 20.0),
        "2 a.mp4: 400 ms old": Script(latency_ms=lambda _: 400.0),
        "2 a.mp4: no results": Script(latency_ms=lambda _: None),
    }
    target = Target(max_drop_share=0.01, max_p95_ms=300)
    for why_not, script in cases.items():
        trial = judge(report_of([good, script]), target)
        if "no results" in why_not:
            assert trial.why_not == "2 a.mp4 dropped 100.0 %"
            assert trial.p95_ms is None
        else:
            assert trial.why_not == why_not
        assert trial.holds is (not why_not)
    assert judge(report_of([good, good]), Target(fps=10)).holds
    late = summarise(run_of([Script(fps=10, latency_ms=lambda n: 20.0 if n < 60 else 9e3)]), ABOUT)
    assert judge(late, Target(max_p95_ms=1e5)).why_not == "1 a.mp4: 5.0 of 10.0 fps"


def test_a_target_beyond_the_source_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="10 frames a second, fewer than the target, 12"):
        judge(report_of([Script()]), Target(fps=12))


def test_a_stream_that_ended_does_not_hold() -> None:
    report = summarise(run_of([Script()], error="breaks off"), ABOUT)
    assert judge(report, Target()).why_not == "1 a.mp4 ended: breaks off"


@pytest.mark.parametrize(
    "wrong", [{"fps": 0.0}, {"max_drop_share": 1.0}, {"max_drop_share": -0.1}, {"max_p95_ms": 0.0}]
)
def test_impossible_targets_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Target(**wrong)
