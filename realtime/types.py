"""What flows through srfer: frames, faces, tracks and results.

Everything is frozen and arrays are read-only, since threads share them. Images are RGB. Coordinates
are pixels of the original, upright frame: x to the right, y down, (0, 0) the outer corner of the
first pixel. Media time is an exact `Fraction` of a second; ages come from `time.monotonic()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from srfer.engines import Expression

from .details import FaceDetails
from .picture import Luma, Picture, RgbPicture

RgbImage = NDArray[np.uint8]
"""(H, W, 3) uint8, RGB."""


class Box(NamedTuple):
    """A rectangle in pixels of the original frame; it may reach beyond the frame's border."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Horizontal extent in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Vertical extent in pixels."""
        return self.bottom - self.top

    @property
    def center(self) -> tuple[float, float]:
        """(x, y) of the middle, in pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        source_id: name to show for the source; never holds a password.
        index: 0, 1, 2 ... in the source; a gap means that frames were dropped.
        captured_s: `time.monotonic()` when the frame was read, in seconds.
        pts: presentation time in the source in seconds, exact; None for a still picture.
        picture: what it shows; may be given as an array, (H, W, 3) uint8 RGB, upright, which
            becomes read-only.

    Raises:
        ValueError: if an array has another shape or type.
    """

    source_id: str
    index: int
    captured_s: float
    pts: Fraction | None
    picture: Picture | RgbImage

    def __post_init__(self) -> None:
        if isinstance(self.picture, np.ndarray):
            object.__setattr__(self, "picture", RgbPicture(self.picture))

    @property
    def _shown(self) -> Picture:
        return cast("Picture", self.picture)

    @property
    def image(self) -> RgbImage:
        """(H, W, 3) uint8 RGB, read-only; converted when first asked for."""
        return self._shown.rgb

    @property
    def luma(self) -> Luma:
        """Its brightness, (H, W); cheaper than `image` where a video is decoded."""
        return self._shown.luma

    def part(self, rows: slice, columns: slice, size: tuple[int, int] | None = None) -> RgbImage:
        """`image[rows, columns]`; cheaper where a video is decoded and nobody asks for `image`.

        With a size, (width, height), it is scaled to that, cheapest where it begins at even places.
        """
        return self._shown.part(rows, columns, size)

    def reduced(self, width: int, height: int) -> RgbImage:
        """(height, width, 3): `image` averaged over areas; cheaper where a video is decoded."""
        return self._shown.reduced(width, height)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self._shown.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self._shown.height

    def __repr__(self) -> str:
        pts = "None" if self.pts is None else f"{float(self.pts):.3f} s"
        return f"Frame({self.source_id!r}, #{self.index}, pts={pts}, {self.width}x{self.height})"


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face found in a frame.

    Attributes:
        box: where, in pixels of the frame.
        score: the detector's confidence, 0..1.
        landmarks: (5, 2) float32 pixels — the person's right eye, left eye (left and right in the
            picture), nose, right and left corner of the mouth — or None.
        details: mesh and blendshapes, where the tracker measures them in this frame.
    """

    box: Box
    score: float
    landmarks: NDArray[np.float32] | None = None
    details: FaceDetails | None = None

    def __post_init__(self) -> None:
        if self.box.right <= self.box.left or self.box.bottom <= self.box.top:
            raise ValueError(f"a face's box must have a positive size: {self.box}")
        if self.landmarks is not None:
            if self.landmarks.shape != (5, 2):
                raise ValueError(f"landmarks must have shape (5, 2), not {self.landmarks.shape}")
            self.landmarks.flags.writeable = False


class TrackState(StrEnum):
    """Where a track is in its life."""

    NEW = "new"
    TRACKED = "tracked"
    LOST = "lost"


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person's face over time.

    Attributes:
        id: 1, 2, 3 ... in the order of appearance; never used twice within a source.
        state: NEW until confirmed by a second detection, LOST while the face is not seen.
        face: where it is now (where it is believed to be, while LOST).
        age: number of frames since the track began.
    """

    id: int
    state: TrackState
    face: Face
    age: int


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """A frame and the tracks in it, in the order of their ids."""

    frame: Frame
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FaceResult:
    """What is known of one face in one frame.

    Attributes:
        track: whose face, and where.
        expression: read from this frame, or None if the face was not read in this frame
            (hidden, too small, or not its turn).
        smoothed: (8,) float32, probabilities filtered over the track's time, or None before the
            first reading.
        steady_label: of `smoothed`, changed only where another expression is clearly ahead, so
            that it does not flicker; None before the first reading.
        read_ago_s: media time since the face was last read, in seconds: 0 if it was in this frame;
            None before the first reading.
        pass_one_track: in refined results, the number that the face had when the video was first
            analysed; None where it was not found then, and in all other results.
    """

    track: Track
    expression: Expression | None
    smoothed: NDArray[np.float32] | None = None
    steady_label: str | None = None
    read_ago_s: float | None = None
    pass_one_track: int | None = None


class Effort(IntEnum):
    """How much is done for a frame."""

    FULL = 0
    """Whatever the tracker's settings say; each face is read in every frame."""

    FEWER_SEARCHES = 1
    """The whole frame is searched half as often."""

    FEWER_READINGS = 2
    """Besides, each face is read in every second frame."""

    LEAST = 3
    """The frame is searched a quarter as often; each face is read in every fourth frame."""


def _no_timings() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """Everything that srfer found in one frame.

    Attributes:
        frame: the frame itself.
        faces: one entry per track in view, in the order of ids; empty if there is no face.
        timings_ms: how long each stage worked on this frame, in milliseconds, by stage name.
        dropped_before: frames of the source that were dropped since the previous result.
        failed_readings: faces for which the engine gave numbers that are not finite; their
            expression is None.
        completed_s: `time.monotonic()` when the last stage was done with it, in seconds; None
            outside a pipeline. The result is `completed_s - frame.captured_s` old by then.
        effort: how much was done for it: less than all where a live stream's machine did not keep
            up (see `srfer.realtime.load`).
    """

    frame: Frame
    faces: tuple[FaceResult, ...]
    timings_ms: Mapping[str, float] = field(default_factory=_no_timings)
    dropped_before: int = 0
    failed_readings: int = 0
    completed_s: float | None = None
    effort: Effort = Effort.FULL


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source once it is open.

    Attributes:
        source_id: name to show; never holds a password.
        width: of the upright frame, in pixels; 0 for a live source before its first frame.
        height: of the upright frame, in pixels; 0 for a live source before its first frame.
        rate: average frames per second, or None if unknown.
        time_base: unit of the source's timestamps in seconds.
        frame_count: expected number of frames (an estimate), or None if unknown.
        is_live: True where frames come when they come and waiting for them is impossible.
    """

    source_id: str
    width: int
    height: int
    rate: Fraction | None
    time_base: Fraction
    frame_count: int | None
    is_live: bool
