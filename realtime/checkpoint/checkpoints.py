"""The checkpoints of one export: what its stages and sinks do for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srfer.errors import SourceError

from ..refine import Kept
from ..sinks.atomic import SECTION_FRAMES
from ..stage import Remembering, Sink, Stage
from ..types import FaceResult, FrameResult
from .files import Earlier, Found, Writer
from .stages import checkpointed

Stages = Sequence[Stage[Any, Any]]
VideoSections = Callable[[], Sequence[int]]
"""See `VideoSink.sections`."""


class Checkpoints:
    """Keeps the checkpoints of one export. `close()` it; their files stay.

    Where the stages cannot remember, there are none.

    Args:
        folder: of the results.
        stages: from `Frame` to `FrameResult`.
        subject: says what is exported, and how.
        kept: what the outputs show of each face beyond the usual.
        video: where the annotated video can be continued.
        earlier: what is continued, or None.

    Attributes:
        stages: those that are to do the work.
        known_frames: so many frames are analysed already.
        sinks: that have to be given the results of these stages, after all others.
    """

    def __init__(
        self,
        folder: Path,
        stages: Stages,
        subject: Callable[[], str],
        *,
        kept: Kept,
        video: VideoSections,
        earlier: Earlier | None,
    ) -> None:
        self._subject = subject
        self._video = video
        self._writer = Writer(folder, earlier)
        self._lock = threading.Lock()
        self._memories: dict[int, dict[int, bytes]] = {}
        self._is_lost = False
        self.stages, self.sinks, self.known_frames = stages, list[Sink](), 0
        remembering = [stage for stage in stages if isinstance(stage, Remembering)]
        if len(remembering) == len(stages):
            state = self._writer.state
            self.known_frames = state.frames
            known = None if earlier is None else earlier.results()
            self.stages = [
                checkpointed(
                    stage,
                    partial(self._keep, i),
                    state.frames,
                    state.memories[i] if state.memories else None,
                    known if i == len(stages) - 1 else None,
                )
                for i, stage in enumerate(remembering)
            ]
            self.sinks = [
                _Results(state.frames, kept, self._begin, self._take),
                VideoSaver(self),
            ]

    def close(self) -> None:
        """Close the files; calling it again does nothing."""
        self._writer.close()

    def save_video(self) -> None:
        """Write how far the annotated video is, where a section of it has come to the disk.

        Raises:
            ExportError: if the disk is full or fails.
        """
        state, sections = self._writer.state, self._video()
        if state.frames and sections and (not state.video or sections[-1] > state.video[-1]):
            self._save()

    def _save(self) -> None:
        state = self._writer.state
        state.video = sorted({*state.video, *self._video()})
        self._writer.write_state()

    def _begin(self) -> None:
        """Read the input for its content now: it may take a while, and opening is never a stall."""
        with suppress(SourceError):
            self._subject()

    def _keep(self, number: int, position: int, memory: bytes) -> None:
        """Take what a stage remembers after so many frames."""
        with self._lock:
            self._memories.setdefault(position, {})[number] = memory

    def _take(self, position: int, found: Sequence[Found]) -> None:
        """Take what was found since the last checkpoint, up to this one."""
        with self._lock:
            by_stage = self._memories.pop(position)
        memories = [by_stage[number] for number in sorted(by_stage)]
        if self._is_lost:
            return
        try:
            self._writer.append(found, memories, self._subject)
        except SourceError:
            # An input that is gone is read to its end, without checkpoints: nobody can say of what.
            self._is_lost = True
        else:
            self._save()


class _Sink:
    """A sink that has nothing to open or to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class _Results(_Sink):
    """Gathers what was found, and hands it over at every checkpoint."""

    name = "checkpoint"

    def __init__(
        self,
        begins_at: int,
        kept: Kept,
        begin: Callable[[], None],
        take: Callable[[int, Sequence[Found]], None],
    ) -> None:
        self._position = 0
        self._begins_at = begins_at
        self._kept = kept
        self._begin = begin
        self._take = take
        self._found: list[Found] = []

    def __enter__(self) -> Self:
        self._begin()
        return self

    def write(self, result: FrameResult, /) -> None:
        """Take one result."""
        if self._found and self._position % SECTION_FRAMES == 0:
            self._take(self._position, self._found)
            self._found = []
        if self._position >= self._begins_at:
            faces = tuple(_reduced(face, self._kept) for face in result.faces)
            self._found.append(Found(result.failed_readings, faces))
        self._position += 1


class VideoSaver(_Sink):
    """Writes how far the video is, behind the sink that makes it.

    Args:
        checkpoints: of the export.
    """

    name = "video checkpoint"

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints

    def write(self, _: FrameResult, /) -> None:
        """Take one result."""
        self._checkpoints.save_video()


def _reduced(face: FaceResult, kept: Kept) -> FaceResult:
    """What outputs show of a face."""
    track, expression = face.track, face.expression
    if track.face.details is not None and not kept.details:
        track = replace(track, face=replace(track.face, details=None))
    if expression is not None and expression.restored is not None and not kept.pictures:
        expression = replace(expression, restored=None)
    if track is face.track and expression is face.expression:
        return face
    return replace(face, track=track, expression=expression)
