"""A stage whose faces show what a test says, as the tracker and the reader would tell it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from srfer.realtime import Box, Frame, FrameResult, TrackState
from tests.clips import FACE_BOX, expression, face


class Mood(NamedTuple):
    """What a face shows in one frame.

    Attributes:
        label: its steady label.
        confidence: of the label.
        px: side of the face.
        state: of its track.
        box: where it is.
    """

    label: str = "happiness"
    confidence: float = 0.8
    px: float = 60.0
    state: TrackState = TrackState.TRACKED
    box: Box = FACE_BOX


Script = Callable[[int], dict[int, Mood]]
"""From the index of a frame to the faces in it by number."""


class Moods:
    """A stage: a frame, and the faces that a script puts in it.

    Args:
        script: who is there, and what they show.
    """

    name = "moods"

    def __init__(self, script: Script) -> None:
        self._script = script

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
        return b"the script"

    def recall(self, memory: bytes, last: Frame) -> None:
        assert memory == b"the script"

    def __call__(self, frame: Frame, /) -> FrameResult:
        return acted(frame, self._script(frame.index))


def acted(frame: Frame, moods: dict[int, Mood]) -> FrameResult:
    """A frame, and faces that show something in it."""
    faces = []
    for number, mood in moods.items():
        reading = expression(mood.label, mood.confidence, mood.px)
        is_seen = mood.state is not TrackState.LOST
        one = face(number, mood.box, reading if is_seen else None, mood.state)
        faces.append(
            type(one)(one.track, one.expression, reading.probabilities, steady_label=mood.label)
        )
    return FrameResult(frame, tuple(faces))


def in_turn(number: int, labels: Sequence[str], frames_each: int) -> Script:
    """One face that shows one expression after the other, over and over."""

    def script(index: int) -> dict[int, Mood]:
        return {number: Mood(labels[index // frames_each % len(labels)])}

    return script
