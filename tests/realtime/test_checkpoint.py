"""Memories as bytes, and stages that go on where others were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from srfer.errors import ConfigError
from srfer.realtime import Frame, FrameResult
from srfer.realtime.checkpoint.files import Found
from srfer.realtime.checkpoint.stages import CheckpointedBatch, checkpointed
from srfer.realtime.memory import from_bytes, to_bytes
from srfer.realtime.sinks.atomic import SECTION_FRAMES


class Place(NamedTuple):
    x: float
    y: float


@dataclass
class Inner:
    time: Fraction | None
    picture: NDArray[np.uint8]


@dataclass
class Outer:
    inners: dict[int, Inner]
    pairs: list[tuple[Place, str]]
    numbers: NDArray[np.float32] | None = None


@given(
    st.dictionaries(st.integers(0, 2**40), st.fractions() | st.none(), max_size=3),
    st.lists(st.tuples(st.floats(allow_nan=False), st.text()), max_size=3),
    st.lists(st.floats(width=32, allow_nan=False), max_size=5),
)
def test_what_is_written_is_read_exactly(
    times: dict[int, Fraction | None], pairs: list[tuple[float, str]], numbers: list[float]
) -> None:
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3)
    before = Outer(
        {key: Inner(time, picture) for key, time in times.items()},
        [(Place(x, -x), text) for x, text in pairs],
        np.array(numbers, np.float32),
    )
    after = from_bytes(to_bytes(before), Outer)
    assert after.pairs == before.pairs
    assert {key: inner.time for key, inner in after.inners.items()} == times
    assert all((inner.picture == picture).all() for inner in after.inners.values())
    assert after.numbers is not None
    assert before.numbers is not None
    assert after.numbers.dtype == np.float32
    assert after.numbers.tobytes() == before.numbers.tobytes()
    assert not after.numbers.flags.writeable


@pytest.mark.parametrize("data", [b"", b"\xff", to_bytes({"inners": 3}), to_bytes([1, 2, 3])])
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="Outer"):
        from_bytes(data, Outer)


class Sum:
    """Adds up the indices of its frames, several at a time."""

    name, at_once = "sum", 8

    def __init__(self, fails_at: int | None = None) -> None:
        self.total = 0
        self.given: list[int] = []
        self._fails_at = fails_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def remember(self) -> bytes:
        return to_bytes(self.total)

    def recall(self, memory: bytes, last: Frame) -> None:
        self.total = from_bytes(memory, int)

    def __call__(self, frame: Frame) -> int:
        (total,) = self.batch([frame])
        return total

    def batch(self, frames: Sequence[Frame]) -> list[int]:
        indices = [frame.index for frame in frames]
        if self._fails_at in indices:
            raise ValueError(f"fails at {self._fails_at}")
        self.given += indices
        totals = []
        for index in indices:
            self.total += index
            totals.append(self.total)
        return totals


def frame(index: int) -> Frame:
    return Frame("test", index, 0.0, Fraction(index), np.zeros((2, 2, 3), np.uint8))


def batches(count: int, size: int) -> list[list[Frame]]:
    frames = [frame(i) for i in range(count)]
    return [frames[i : i + size] for i in range(0, count, size)]


@pytest.mark.parametrize("size", [1, 3, 7, 8])
def test_a_memory_is_that_of_the_frames_before_a_checkpoint(size: int) -> None:
    kept: dict[int, bytes] = {}
    stage = checkpointed(Sum(), kept.__setitem__)
    assert isinstance(stage, CheckpointedBatch)
    made = [one for part in batches(2 * SECTION_FRAMES + 5, size) for one in stage.batch(part)]
    assert made == np.cumsum(range(2 * SECTION_FRAMES + 5)).tolist()
    assert {at: from_bytes(memory, int) for at, memory in kept.items()} == {
        at: sum(range(at)) for at in (SECTION_FRAMES, 2 * SECTION_FRAMES)
    }


@pytest.mark.parametrize("size", [1, 3, 7, 8])
@pytest.mark.parametrize("is_last", [True, False])
def test_it_goes_on_where_another_was(size: int, is_last: bool) -> None:
    begins_at, stage = 100, Sum()
    known = (Found(i, ()) for i in range(begins_at)) if is_last else None
    kept: dict[int, bytes] = {}
    memory = to_bytes(sum(range(begins_at)))
    going_on: Any = checkpointed(stage, kept.__setitem__, begins_at, memory, known)
    made = [one for part in batches(130, size) for one in going_on.batch(part)]
    assert stage.given == [*range(begins_at, 130)]
    assert made[begins_at:] == np.cumsum(range(130)).tolist()[begins_at:]
    if is_last:
        results = [one for one in made[:begins_at] if isinstance(one, FrameResult)]
        assert [one.failed_readings for one in results] == [*range(begins_at)]
        assert [one.frame.index for one in results] == [*range(begins_at)]
    else:
        assert [one.index for one in made[:begins_at]] == [*range(begins_at)]


def test_what_another_build_remembers_is_refused_in_plain_words() -> None:
    going_on: Any = checkpointed(Sum(), {}.__setitem__, 8, to_bytes("other"))
    going_on.batch([frame(i) for i in range(8)])
    with pytest.raises(ConfigError, match=r"another build of this version .* leave out --resume"):
        going_on.batch([frame(8)])


def test_a_batch_that_fails_behind_a_checkpoint_changes_nothing() -> None:
    kept: dict[int, bytes] = {}
    stage = Sum(fails_at=SECTION_FRAMES + 2)
    going_on: Any = checkpointed(stage, kept.__setitem__)
    for part in batches(SECTION_FRAMES - 4, 4):
        going_on.batch(part)
    before = stage.total
    late = [frame(i) for i in range(SECTION_FRAMES - 4, SECTION_FRAMES + 4)]
    with pytest.raises(ValueError, match="fails at"):
        going_on.batch(late)
    assert stage.total == before
    # One after the other, as a pipeline does then: those before it are done.
    assert [going_on.batch([one])[0] for one in late[:6]] == [
        sum(range(one.index + 1)) for one in late[:6]
    ]
    assert from_bytes(kept[SECTION_FRAMES], int) == sum(range(SECTION_FRAMES))


def test_a_batch_that_fails_while_it_is_gone_on_changes_nothing() -> None:
    stage, known = Sum(fails_at=12), (Found(i, ()) for i in range(10))
    going_on: Any = checkpointed(stage, {}.__setitem__, 10, to_bytes(45), known)
    going_on.batch([frame(i) for i in range(8)])
    late = [frame(i) for i in range(8, 13)]
    with pytest.raises(ValueError, match="fails at"):
        going_on.batch(late)
    made = [going_on.batch([one])[0] for one in late[:4]]
    assert [one.failed_readings for one in made[:2]] == [8, 9]
    assert made[2:] == [55, 66]
