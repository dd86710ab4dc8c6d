"""The contracts that everything in the pipeline follows: sources, stages and sinks.

A source, a stage and a sink each have a beginning and an end (they are context managers) and know
nothing of threads, queues or windows. So the offline truth is one line,

    results = [read(track(frame)) for frame in source]

and a threaded pipeline over the same parts has to give the same results.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from .types import Frame, FrameResult, SourceInfo

In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


class Part(Protocol):
    """Something with a beginning and an end."""

    def __enter__(self) -> Self:
        """Acquire what the part needs; called in the thread that will use it."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release it; called once, also after an error."""
        ...


class Source(Part, Protocol):
    """Frames in order. Entering it opens it; iterating reads it once."""

    @property
    def info(self) -> SourceInfo:
        """What is known of the open source."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until the source ends; raise SourceError where it breaks off."""
        ...


@runtime_checkable
class Interruptible(Protocol):
    """A source that may have to wait for its next frame, for as long as it takes."""

    def interrupt(self) -> None:
        """End the iteration: a wait for a frame ends soon, and nothing more comes.

        Any thread may call it, at any time and more than once; it never waits itself.
        """
        ...


def interrupt(source: Source) -> None:
    """Tell a source that nobody wants its frames any more, if it is one that has to be told."""
    if isinstance(source, Interruptible):
        source.interrupt()


class Stage(Part, Protocol[In_contra, Out_co]):
    """One step of the work. `name` is used for timings and error messages."""

    @property
    def name(self) -> str:
        """Short lower-case name."""
        ...

    def __call__(self, message: In_contra, /) -> Out_co:
        """Do the step."""
        ...


@runtime_checkable
class BatchStage(Stage[In_contra, Out_co], Protocol[In_contra, Out_co]):
    """A stage to which several messages at once cost less than one after the other."""

    @property
    def at_once(self) -> int:
        """So many messages are worth waiting for, where nobody waits for results."""
        ...

    def batch(self, messages: Sequence[In_contra], /) -> Sequence[Out_co]:
        """Do the step for messages in order, as calls one after the other would.

        If it raises, it has changed nothing.
        """
        ...


@runtime_checkable
class Remembering(Stage[In_contra, Out_co], Protocol[In_contra, Out_co]):
    """A stage whose work can be interrupted, and continued in another process."""

    def remember(self) -> bytes:
        """All that later results depend on, but for the picture of the last frame.

        What cannot be written down is forgotten, so results may depend on when this is called.
        """
        ...

    def recall(self, memory: bytes, last: Frame) -> None:
        """Go on, once entered, where another such stage was.

        Args:
            memory: what that one remembered.
            last: the last frame that it was given.

        Raises:
            ValueError: if the memory is not one of such a stage.
        """
        ...


def most_at_once(stages: Sequence[Stage[Any, Any]]) -> int:
    """The most messages that are worth waiting for in front of any of these stages."""
    return max((stage.at_once for stage in stages if isinstance(stage, BatchStage)), default=1)


class Sink(Part, Protocol):
    """Where results go."""

    @property
    def name(self) -> str:
        """Short lower-case name."""
        ...

    def write(self, result: FrameResult, /) -> None:
        """Take one result; results come in order."""
        ...
