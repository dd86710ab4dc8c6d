"""What every face expressed over the last minutes: a sink that remembers."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS
from srfer.realtime import FrameResult

from .reading import Reading, Verdict

KEPT_S = 600.0
"""How far back is remembered, in seconds of media time."""

MAX_TRACKS = 64
"""Faces remembered; of more, those seen least recently are forgotten."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What one face expressed over time.

    Attributes:
        track_id: number of the face.
        times_s: (N,) float64 seconds, rising.
        probabilities: (N, 8) float32, filtered over time.
        sizes_px: (N,) float32, size of the face in the frame.
        labels: (N,) int8, index of the label, or -1 where it is unsure.
    """

    track_id: int
    times_s: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    sizes_px: NDArray[np.float32]
    labels: NDArray[np.int8]


_SAMPLE = np.dtype(
    [
        ("time_s", np.float64),
        ("probabilities", np.float32, len(LABELS)),
        ("size_px", np.float32),
        ("label", np.int8),
    ]
)


class _Samples:
    """Growing table of one face, sorted by time. An array, as lists take long to look through."""

    def __init__(self) -> None:
        self._room = np.empty(256, _SAMPLE)
        self._count = 0

    @property
    def table(self) -> NDArray[np.void]:
        """What there is, (N,) of `_SAMPLE`; a view."""
        return self._room[: self._count]

    def put(self, time_s: float, reading: Reading) -> None:
        """At the end, or, after a step back in a file, where the time belongs."""
        is_sure = reading.verdict is Verdict.SURE and reading.label is not None
        label = LABELS.index(reading.label) if is_sure and reading.label else -1
        at = int(np.searchsorted(self.table["time_s"], time_s))
        if at == self._count or self._room["time_s"][at] != time_s:
            self._make_room(at)
        self._room[at] = (time_s, reading.probabilities, reading.native_px, label)

    def forget_before(self, time_s: float) -> None:
        gone = int(np.searchsorted(self.table["time_s"], time_s))
        if gone:
            self._room = self.table[gone:].copy()
            self._count = len(self._room)

    def _make_room(self, at: int) -> None:
        if self._count == len(self._room):
            self._room = np.concatenate([self._room, np.empty(self._count + 256, _SAMPLE)])
        self._room[at + 1 : self._count + 1] = self.table[at:]
        self._count += 1


class History:
    """Remembers readings by track. The pipeline writes; any thread may look.

    Time is the source's own, in seconds; where a source has none, frames are a second apart.

    Args:
        kept_s: see `KEPT_S`.
    """

    name = "history"

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._tracks: dict[int, _Samples] = {}
        self._now_s = 0.0
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def write(self, result: FrameResult, /) -> None:
        """Remember what was read in a frame."""
        frame = result.frame
        time_s = float(frame.index if frame.pts is None else frame.pts)
        with self._lock:
            self._now_s = time_s
            self._count += 1
            for face in result.faces:
                reading = Reading.of(face)
                if reading.probabilities is None or face.expression is None:
                    continue
                samples = self._tracks.pop(face.track.id, None) or _Samples()
                samples.put(time_s, reading)
                self._tracks[face.track.id] = samples  # the most recently seen comes last
            self._forget()

    def clear(self) -> None:
        """Forget everything, as for another source."""
        with self._lock:
            self._tracks.clear()
            self._count += 1

    @property
    def now_s(self) -> float:
        """Time of the newest frame in seconds."""
        return self._now_s

    @property
    def version(self) -> int:
        """Another number whenever there is something new."""
        return self._count

    @property
    def track_ids(self) -> list[int]:
        """Numbers of the faces that are remembered, rising."""
        with self._lock:
            return sorted(self._tracks)

    def course(self, track_id: int) -> Course | None:
        """What is remembered of a face, or None."""
        with self._lock:
            samples = self._tracks.get(track_id)
            if samples is None or not len(samples.table):
                return None
            columns = [np.ascontiguousarray(samples.table[name]) for name in _SAMPLE.names or ()]
        return Course(track_id, *columns)

    def to_csv(self) -> str:
        """Everything as a table: one row for each face and time."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["track", "time_s", "native_px", "label", *LABELS])
        for track_id in self.track_ids:
            course = self.course(track_id)
            if course is None:
                continue
            for time_s, size, label, row in zip(
                course.times_s, course.sizes_px, course.labels, course.probabilities, strict=True
            ):
                name = "unsure" if label < 0 else LABELS[label]
                values = [f"{value:.4f}" for value in row]
                writer.writerow([track_id, f"{time_s:.3f}", f"{size:.1f}", name, *values])
        return text.getvalue()

    def _forget(self) -> None:
        if self._count % 100 == 0:
            for track_id, samples in list(self._tracks.items()):
                samples.forget_before(self._now_s - self._kept_s)
                if not len(samples.table):
                    del self._tracks[track_id]
        while len(self._tracks) > MAX_TRACKS:
            del self._tracks[next(iter(self._tracks))]
