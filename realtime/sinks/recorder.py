"""Recording while a pipeline runs: begun and ended at any moment, and never the end of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from srfer.errors import ExportError, SrferError

from ..overlay import Overlay
from ..types import FrameResult, SourceInfo
from .atomic import partial_path, publish, shown, writing
from .jsonl import JsonlSink
from .video import VideoSink

_DEFAULT_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is being recorded, or was.

    Attributes:
        video: the annotated video.
        lines: what was found, as JSON lines.
        frames: frames written so far.
        is_open: True while more come.
        error: why it broke off, or "".
    """

    video: Path
    lines: Path
    frames: int = 0
    is_open: bool = True
    error: str = ""


class Recorder:
    """A sink that records when it is told to. Any thread may give the orders.

    A recording that fails is ended, and the run goes on: whoever asks `recording` sees why. The
    video begins at 0; the JSON lines keep the source's own times.

    Args:
        info: gives what is known of the open source.
        overlay: makes what draws the results, once for each recording.
    """

    name = "record"

    def __init__(self, info: Callable[[], SourceInfo], overlay: Callable[[], Overlay]) -> None:
        self._info = info
        self._overlay = overlay
        self._lock = threading.Lock()
        self._sinks: list[VideoSink | JsonlSink] = []
        self._recording: Recording | None = None
        self._shift: Fraction | None = None
        self._last_pts: Fraction | None = None

    @property
    def recording(self) -> Recording | None:
        """The present recording, or the latest one; None before the first."""
        return self._recording

    def begin(self, folder: Path, stem: str) -> None:
        """Record from the next frame on, to `folder/stem.mp4` and `folder/stem.jsonl`.

        Raises:
            ExportError: if the folder cannot be written to, the files exist, or it records already.
        """
        video, lines = folder / f"{stem}.mp4", folder / f"{stem}.jsonl"
        with self._lock:
            if self._recording is not None and self._recording.is_open:
                raise ExportError("a recording is under way; end it before the next one")
            for path in (video, lines):
                if path.exists():
                    raise ExportError(f"{shown(path)} exists already; choose another name")
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
            sinks: list[VideoSink | JsonlSink] = [
                JsonlSink(lines),
                VideoSink(video, self._info(), self._overlay()),
            ]
            entered: list[VideoSink | JsonlSink] = []
            try:
                for sink in sinks:
                    entered.append(sink.__enter__())
            except BaseException as error:
                _exit(entered, error)
                raise
            self._sinks = entered
            self._recording = Recording(video, lines)
            self._shift = self._last_pts = None

    def end(self) -> None:
        """End the recording, if there is one, and give its files their names."""
        with self._lock:
            self._end(None)

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Record a frame, if that was asked for."""
        with self._lock:
            recording = self._recording
            if recording is None or not recording.is_open:
                return
            try:
                lines, video = self._sinks
                lines.write(result)
                video.write(self._rebased(result))
            except SrferError as error:
                self._end(error)
                return
            self._recording = replace(recording, frames=recording.frames + 1)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Whatever ended the run, what was recorded until then is what was asked for.
        self.end()

    def _rebased(self, result: FrameResult) -> FrameResult:
        """The video begins at 0, and goes on where the source jumps back."""
        pts = result.frame.pts
        if pts is None:
            return result
        if self._shift is None:
            self._shift = pts
        if self._last_pts is not None and pts <= self._last_pts:
            self._shift += pts - self._last_pts - 1 / (self._info().rate or _DEFAULT_RATE)
        self._last_pts = pts
        return replace(result, frame=replace(result.frame, pts=pts - self._shift))

    def _end(self, error: SrferError | None) -> None:
        recording = self._recording
        if recording is None or not recording.is_open:
            return
        sinks, self._sinks = self._sinks, []
        try:
            _exit(sinks, error)
        except SrferError as trouble:
            error = error or trouble
        reason = "" if error is None else str(error)
        self._recording = replace(recording, is_open=False, error=reason)


def _exit(sinks: list[VideoSink | JsonlSink], error: BaseException | None) -> None:
    """Exit all of them, in reverse; the first error of theirs is raised at the end."""
    first: SrferError | None = None
    for sink in reversed(sinks):
        try:
            if error is None:
                sink.__exit__(None, None, None)
            else:
                sink.__exit__(type(error), error, error.__traceback__)
        except SrferError as trouble:
            first = first or trouble
    if first is not None:
        raise first


def save_picture(result: FrameResult, path: Path, overlay: Overlay) -> None:
    """Write one annotated frame as PNG.

    Raises:
        ExportError: if it cannot be written.
    """
    image = cv2.cvtColor(overlay.draw(result), cv2.COLOR_RGB2BGR)
    is_made, data = cv2.imencode(".png", image)
    if not is_made:
        raise ExportError(f"{shown(path)}: the picture cannot be encoded; try another frame")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial_path(path).write_bytes(data.tobytes())
        publish(path)
