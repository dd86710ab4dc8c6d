"""Stages whose memories are kept at checkpoints, and that go on where others were."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from srfer.errors import ConfigError

from ..sinks.atomic import SECTION_FRAMES
from ..stage import BatchStage, Remembering
from ..types import Frame, FrameResult
from .files import Found

Keep = Callable[[int, bytes], None]
"""Takes what a stage remembers after so many frames."""


class Checkpointed:
    """A stage that does the work of another, beginning at some frame.

    Args:
        stage: the other.
        keep: is given its memory at every checkpoint.
        begins_at: number of the first frame that it is given.
        memory: what it remembers of those before; None if there are none.
        known: what was found in those before, for the last of the stages; the others hand them on.
    """

    def __init__(
        self,
        stage: Remembering[Any, Any],
        keep: Keep,
        begins_at: int = 0,
        memory: bytes | None = None,
        known: Generator[Found, None, None] | None = None,
    ) -> None:
        self.name = stage.name
        self._stage = stage
        self._keep = keep
        self._begins_at = begins_at
        self._memory = memory
        self._known = known
        self._position = 0
        self._last: Any = None

    def __enter__(self) -> Self:
        self._stage.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._last = None
        if self._known is not None:
            self._known.close()
        self._stage.__exit__(kind, error, traceback)

    def __call__(self, message: Any, /) -> Any:
        """Do the step."""
        (made,) = self._serve([message])
        return made

    def _serve(self, messages: Sequence[Any]) -> list[Any]:
        """Do the step for all; if it raises, nothing has changed."""
        passed = min(max(0, self._begins_at - self._position), len(messages))
        made: list[Any] = []
        if passed < len(messages):
            self._wake(messages[passed - 1] if passed else self._last)
            made = self._work_on(messages[passed:], self._position + passed)
        self._position += len(messages)
        self._last = messages[-1]
        return [self._known_result(frame) for frame in messages[:passed]] + made

    def _wake(self, last: Any) -> None:
        if self._memory is None:
            return
        try:
            self._stage.recall(self._memory, _frame_of(last))
        except ValueError as error:
            raise ConfigError(
                "the interrupted export was begun by another build of this version of srfer, which "
                "remembers other things: leave out --resume, and it begins anew"
            ) from error
        self._memory = None

    def _work_on(self, messages: Sequence[Any], position: int) -> list[Any]:
        """Work, and stop for a checkpoint where one falls between the messages."""
        ahead = -position % SECTION_FRAMES
        if ahead >= len(messages) or position + ahead <= self._begins_at:
            return self._work(messages)
        if ahead == 0:
            self._keep(position, self._stage.remember())
            return self._work(messages)
        before = self._stage.remember()
        made = self._work(messages[:ahead])
        try:
            self._keep(position + ahead, self._stage.remember())
            return made + self._work(messages[ahead:])
        except Exception:
            self._stage.recall(before, _frame_of(self._last))
            raise

    def _work(self, messages: Sequence[Any]) -> list[Any]:
        return [self._stage(message) for message in messages]

    def _known_result(self, frame: Frame) -> Frame | FrameResult:
        if self._known is None:
            return frame
        found = next(self._known)
        return FrameResult(frame, found.faces, failed_readings=found.failed_readings)


class _RememberingBatch(Remembering[Any, Any], BatchStage[Any, Any], Protocol):
    """A stage that is both."""


class CheckpointedBatch(Checkpointed):
    """The same for a stage that takes several messages at once."""

    _stage: _RememberingBatch

    @property
    def at_once(self) -> int:
        """See `BatchStage`."""
        return self._stage.at_once

    def batch(self, messages: Sequence[Any], /) -> list[Any]:
        """See `BatchStage`."""
        return self._serve(messages)

    def _work(self, messages: Sequence[Any]) -> list[Any]:
        return list(self._stage.batch(messages))


def checkpointed(stage: Remembering[Any, Any], *args: Any) -> Checkpointed:
    """A stage that does the work of another; for the arguments see `Checkpointed`."""
    kind = CheckpointedBatch if isinstance(stage, BatchStage) else Checkpointed
    return kind(stage, *args)


def _frame_of(message: Any) -> Frame:
    return message if isinstance(message, Frame) else message.frame
