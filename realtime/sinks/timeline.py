"""Which expression each face shows from when to when: what subtitles, tiers and reports are of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS, SURE_FROM

from ..types import FaceResult, FrameResult, TrackState
from .shares import SHOWN

BRIDGE_S = Fraction(1, 2)
"""A face that is hidden no longer than this and shows the same after it is not interrupted."""

LONGEST_FRAME_S = Fraction(60)
"""No frame counts for longer than this, whatever a damaged file says of the next one's time."""

_USUAL_STEP_S = Fraction(1, 25)


class Segment(NamedTuple):
    """A stretch of time in which a face shows one expression.

    Attributes:
        track: the face's number.
        label: its steady label.
        start_s: media time in seconds.
        end_s: media time in seconds, after the start.
        confidence: mean of the filtered probability of the label, 0..1.
    """

    track: int
    label: str
    start_s: Fraction
    end_s: Fraction
    confidence: float

    @property
    def is_sure(self) -> bool:
        """True where the label is more likely right than wrong."""
        return self.confidence >= SURE_FROM

    @property
    def caption(self) -> str:
        """The label, or that it is not sure."""
        return self.label if self.is_sure else f"unsure ({self.label})"


@dataclass(slots=True)
class _Open:
    """A segment that may go on."""

    label: str
    start_s: Fraction
    seen_s: Fraction
    total: float = 0.0
    count: int = 0

    def add(self, time_s: Fraction, confidence: float) -> None:
        self.seen_s = time_s
        self.total += confidence
        self.count += 1

    def closed(self, track: int, end_s: Fraction) -> Segment:
        return Segment(track, self.label, self.start_s, end_s, self.total / self.count)


@dataclass(slots=True)
class TrackTime:
    """How long a face was seen, and what it showed.

    Attributes:
        segments: in order, without overlap.
        seconds: by second of media time, how long each of `SHOWN` was shown: (9,) float64, seconds;
            where its steady label is not sure in a frame, that frame counts as unsure.
        unread_s: how long it was followed but could not be read, in seconds.
    """

    segments: list[Segment] = field(default_factory=list)
    seconds: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    unread_s: float = 0.0

    @property
    def shown_s(self) -> NDArray[np.float64]:
        """(9,) seconds for which each of `SHOWN` was shown."""
        return sum(self.seconds.values(), start=np.zeros(len(SHOWN)))


class Timeline:
    """A sink that remembers the segments of every face; it writes nothing.

    A frame lasts until the next one, the last one as long as the one before it. A still picture has
    no time, and counts as a frame at 0.

    Attributes:
        tracks: by the face's number, complete once the sink is exited.
        start_s: time of the first frame in seconds, or None before it.
        end_s: where the last frame ends, or None before the first.
    """

    name = "timeline"

    def __init__(self) -> None:
        self.tracks: dict[int, TrackTime] = {}
        self.start_s: Fraction | None = None
        self.end_s: Fraction | None = None
        self._open: dict[int, _Open] = {}
        self._held: tuple[Fraction, tuple[FaceResult, ...]] | None = None
        self._step_s = _USUAL_STEP_S

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Take the faces of the next frame."""
        time_s = result.frame.pts or Fraction(0)
        if self.start_s is None:
            self.start_s = time_s
        if self._held is not None:
            time_s = max(time_s, self._held[0])  # some files have times that jump back
            if time_s > self._held[0]:
                self._step_s = time_s - self._held[0]
            self._take(time_s)
        self._held = (time_s, result.faces)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.finish()

    def finish(self) -> None:
        """Take the last frame, and close what is open; once more changes nothing."""
        if self._held is not None:
            self._take(self._held[0] + self._step_s)
            self._held = None
        for track in list(self._open):
            self._close(track)

    def segments(self) -> list[Segment]:
        """All segments in the order of their beginning, then of their tracks."""
        found = [segment for track in self.tracks.values() for segment in track.segments]
        return sorted(found, key=lambda segment: (segment.start_s, segment.track))

    def _take(self, until_s: Fraction) -> None:
        """Count the frame that is held; it lasts until the next."""
        assert self._held is not None
        time_s, faces = self._held
        until_s = min(until_s, time_s + LONGEST_FRAME_S)
        self.end_s = until_s
        for face in faces:
            self._take_face(face, time_s, until_s)
        for track in self._open.keys() - {face.track.id for face in faces}:
            self._close(track)

    def _take_face(self, face: FaceResult, time_s: Fraction, until_s: Fraction) -> None:
        number, label = face.track.id, face.steady_label
        track = self.tracks.setdefault(number, TrackTime())
        if face.track.state is TrackState.LOST or face.smoothed is None or label is None:
            track.unread_s += float(until_s - time_s)
            return
        index = LABELS.index(label)
        confidence = float(face.smoothed[index])
        shown = index if confidence >= SURE_FROM else SHOWN.index("unsure")
        for second, share_s in _by_second(time_s, until_s):
            track.seconds.setdefault(second, np.zeros(len(SHOWN)))[shown] += share_s
        begun = self._open.get(number)
        if begun is not None and (begun.label != label or time_s - begun.seen_s > BRIDGE_S):
            self._close(number, not_after_s=time_s)
            begun = None
        if begun is None:
            begun = self._open[number] = _Open(label, time_s, time_s)
        begun.add(until_s, confidence)

    def _close(self, number: int, not_after_s: Fraction | None = None) -> None:
        begun = self._open.pop(number)
        end_s = begun.seen_s if not_after_s is None else min(begun.seen_s, not_after_s)
        if end_s > begun.start_s:
            self.tracks[number].segments.append(begun.closed(number, end_s))


def _by_second(start_s: Fraction, end_s: Fraction) -> Iterator[tuple[int, float]]:
    """Cut a stretch of time at whole seconds."""
    second = start_s.__floor__()
    while end_s > second + 1:
        yield second, float(second + 1 - start_s)
        second += 1
        start_s = Fraction(second)
    if end_s > start_s:
        yield second, float(end_s - start_s)
