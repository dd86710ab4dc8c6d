"""A pipeline whose parts can be made to fail, and the rules that hold however it ends.

The run ends; `join()` raises the error that the part raised, and names the part; every part that
was entered is exited in its thread, told of the outcome; every frame is accounted for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import Policy
from srfer.realtime.stats import PipelineState
from tests.synthetic import HANG_S, Keep, Life, SyntheticSource, three_stages

END_S = 2.0
"""A pipeline has to be over this long after a part has failed."""
PARTS = ["source", "find", "read", "smooth", "first", "second"]
COUNT = 24
MOMENTS = {"first": 0, "middle": COUNT // 2, "last": COUNT - 1}
NAMED = {
    "source": "source",
    "find": "stage 'find'",
    "read": "stage 'read'",
    "smooth": "stage 'smooth'",
    "first": "sink 'first'",
    "second": "sink 'second'",
}


class Broken(Exception):  # noqa: N818
    """Raised on purpose."""


class Bench:
    """A source, three stages and two sinks, by name, and a pipeline over them."""

    def __init__(self, policy: Policy, count: int = COUNT, **options: Any) -> None:
        self.source = SyntheticSource(count, is_live=policy is Policy.LIVE)
        self.stages = three_stages()
        self.sinks = [Keep("first"), Keep("second")]
        self.parts: dict[str, Any] = dict(
            zip(PARTS, [self.source, *self.stages, *self.sinks], strict=True)
        )
        self.pipeline = Pipeline(self.source, self.stages, self.sinks, policy=policy, **options)

    def at(self, part: str, action: Callable[[int], None]) -> None:
        """Do something in a part before it works on a frame."""
        self.parts[part].before = action

    def check_end(self, error: BaseException | None) -> None:
        """Whatever happened: all parts exited in their threads, all frames accounted for."""
        for life in self.parts.values():
            assert isinstance(life, Life)
            if life.entered_in is None:
                assert life.exits == []
            else:
                assert [thread for thread, _ in life.exits] == [life.entered_in]
        if error is not None:
            for sink in self.sinks:
                assert all(told is error for _, told in sink.exits)
        stats = self.pipeline.stats()
        assert stats.in_flight == 0
        assert stats.captured == stats.processed + sum(stats.dropped.values())


def raise_at(moment: int, error: BaseException, wait: Callable[[], None]) -> Callable[[int], None]:
    def act(index: int) -> None:
        if index == moment:
            wait()
            raise error

    return act


def run_broken(bench: Bench, error: BaseException, part: str) -> None:
    """Run it to its end and check that it ends as it has to, after `part` raised `error`."""
    bench.pipeline.start()
    with pytest.raises(type(error)) as caught:
        bench.pipeline.join(END_S)
    assert caught.value is error
    assert any(NAMED[part] in note for note in error.__notes__)
    assert bench.pipeline.stats().state is PipelineState.FAILED
    bench.check_end(error)


def assert_set(event: threading.Event) -> None:
    assert event.wait(HANG_S)
