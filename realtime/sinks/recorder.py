"""Recording while a pipeline runs: begun and ended at any moment, and never the end of the run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import cv2

from srfer.errors import ExportError, SrferError

from ..overlay import Overlay
from ..types import Frame, FrameResult, SourceInfo
from .atomic import partial_path, publish, shown, writing
from .jsonl import JsonlSink
from .video import VideoSink

_DEFAULT_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is being recorded, or was.

    Attributes:
        videos: the annotated videos, in time: more than one where the source came back with
            pictures of another size.
        lines: what was found, as JSON lines.
        frames: frames written so far.
        is_open: True while more come.
        error: why it broke off, or "".
    """

    videos: tuple[Path, ...]
    lines: Path
    frames: int = 0
    is_open: bool = True
    error: str = ""


class _Shape(NamedTuple):
    """What all frames of a video share."""

    width: int
    height: int
    time_base: Fraction


class Recorder:
    """A sink that records when it is told to. Any thread may give the orders.

    A recording that fails is ended, and the run goes on: whoever asks `recording` sees why. A video
    begins at 0; the JSON lines keep the source's own times. Where a source that was lost comes back
    with pictures of another size, or with another clock, the video is finished and another one
    begun, `name-part2.mp4` and so on; a line of its own says so in the JSON lines:

        {"event": "video", "source": "...", "frame": 812, "pts": 41.28, "video": "name-part2.mp4",
         "width": 640, "height": 360}

    Args:
        info: gives what is known of the open source.
        overlay: makes what draws the results, once for each video.
    """

    name = "record"

    def __init__(self, info: Callable[[], SourceInfo], overlay: Callable[[], Overlay]) -> None:
        self._info = info
        self._overlay = overlay
        self._lock = threading.Lock()
        self._lines: JsonlSink | None = None
        self._video: VideoSink | None = None
        self._shape: _Shape | None = None
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
            self._lines = JsonlSink(lines).__enter__()
            self._video = self._shape = None  # the first frame says what it has to be like
            self._recording = Recording((video,), lines)

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
                self._record(result)
            except SrferError as error:
                self._end(error)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Whatever ended the run, what was recorded until then is what was asked for.
        self.end()

    def _record(self, result: FrameResult) -> None:
        assert self._lines is not None
        frame = result.frame
        # The frame's own size: what is known of the source may be of a newer one already.
        shape = _Shape(frame.width, frame.height, self._info().time_base)
        if self._video is None or shape != self._shape:
            self._begin_video(shape, frame)
        assert self._video is not None
        self._lines.write(result)
        self._video.write(self._rebased(result))
        assert self._recording is not None
        self._recording = replace(self._recording, frames=self._recording.frames + 1)

    def _begin_video(self, shape: _Shape, frame: Frame) -> None:
        """Finish the present video, if there is one, and begin the next."""
        assert self._recording is not None
        assert self._lines is not None
        videos = self._recording.videos
        if self._video is not None:
            finished, self._video = self._video, None
            finished.__exit__(None, None, None)
            videos += (_next_part(videos),)
            event = {
                "event": "video",
                "source": frame.source_id,
                "frame": frame.index,
                "pts": None if frame.pts is None else round(float(frame.pts), 6),
                "video": videos[-1].name,
                "width": shape.width,
                "height": shape.height,
            }
            self._lines.write_event(event, frame.pts)
        info = replace(self._info(), **shape._asdict())
        self._video = VideoSink(videos[-1], info, self._overlay()).__enter__()
        self._shape = shape
        self._shift = self._last_pts = None
        self._recording = replace(self._recording, videos=videos)

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
        sinks = [sink for sink in (self._lines, self._video) if sink is not None]
        self._lines = self._video = None
        try:
            _exit(sinks, error)
        except SrferError as trouble:
            error = error or trouble
        reason = "" if error is None else str(error)
        self._recording = replace(recording, is_open=False, error=reason)


def _next_part(videos: Sequence[Path]) -> Path:
    """The name of the next part of a recording, `name-part2.mp4` or the next that is free."""
    first = videos[0]
    names = (first.with_name(f"{first.stem}-part{number}.mp4") for number in count(len(videos) + 1))
    return next(path for path in names if not path.exists())


def _exit(sinks: Sequence[VideoSink | JsonlSink], error: BaseException | None) -> None:
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
