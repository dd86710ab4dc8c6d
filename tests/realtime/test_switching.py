"""A stage that is exchanged between two frames."""

from __future__ import annotations

from typing import NoReturn

import pytest

from srfer.errors import EngineError, SrferError
from srfer.realtime import Pipeline
from srfer.realtime.switching import Switchable, SwitchableTracker
from tests.synthetic import Find, Keep, Life, Read, SyntheticSource


class Broken(Life):
    """A stage that cannot be entered."""

    name = "track"

    def __init__(self) -> None:
        super().__init__()
        self.on_enter = self._refuse

    def __call__(self, message: object, /) -> NoReturn:
        raise AssertionError("used")

    def _refuse(self) -> None:
        raise EngineError("no such device")


def test_a_new_tracker_takes_over_and_numbers_are_never_used_twice() -> None:
    first, second, keep = Find(2), Find(2), Keep()
    track = SwitchableTracker(lambda: first)

    def change(index: int) -> None:
        if index == 10:
            track.switch(lambda: second)

    keep.before = change
    Pipeline(SyntheticSource(60), [track, Read()], [keep]).run()
    assert keep.indices == list(range(60)), "a frame was lost"
    assert len(first.exits) == len(second.exits) == 1
    assert 0 < second.seen.value < 60
    numbers = [[face.track.id for face in result.faces] for result in keep.results]
    assert numbers[0] == [1, 2]
    assert numbers[-1] == [3, 4]


def test_a_stage_that_cannot_be_entered_leaves_the_present_one() -> None:
    reasons: list[SrferError] = []
    first, keep = Find(1), Keep()
    track = SwitchableTracker(lambda: first, reasons.append)
    track.switch(Broken)
    Pipeline(SyntheticSource(5), [track, Read()], [keep]).run()
    assert first.seen.value == 5
    assert [str(reason) for reason in reasons] == ["no such device"]


def test_a_stage_that_cannot_be_made_leaves_the_present_one() -> None:
    def make() -> Find:
        raise EngineError("no such model")

    stage = Switchable("find", Find)
    with stage:
        with pytest.raises(EngineError, match="no such model"):
            stage.switch(make)
        with SyntheticSource(1) as source:
            (frame,) = source
        assert stage(frame).frame is frame
