"""Tracking with MediaPipe's Face Landmarker: meshes and blendshapes of faces that are close.

It follows faces by itself but gives them no numbers, so its faces of each frame join our tracks as
detections do: by overlap with those that are seen, then by nearness to those that were lost. Faces
that are less tall than about an eighth of the frame's width are not found: its detector sees the
whole frame at 128 px.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.errors import ConfigError

from ..details import FaceDetails
from ..known_models import fetched_model
from ..memory import from_bytes, to_bytes
from ..types import Box, Face, Frame, RgbImage, TrackedFrame
from .association import assign, iou, left_over, nearness
from .config import TrackerConfig
from .glance import glance
from .landmarker import FaceLandmarker
from .media_time import MediaTime
from .scene import SceneWatch
from .target import Target
from .tracker import NEAR_FROM

MESH_BOX = (0.0, -0.13, 1.0, 1.0)
"""RetinaFace's box (left, top, right, bottom) in units of the mesh's bounding box: the forehead is
missing in the mesh, otherwise both are the same (`python -m benchmarks.mesh_box`)."""
FACE_POINTS = 468
"""The points of the mesh that lie on the face; the others are on the irises."""
EYES_NOSE_MOUTH = (468, 473, 4, 61, 291)
"""The points of the mesh that are our five landmarks."""
SCORE = 1.0
"""MediaPipe does not say how sure it is of a face; it only leaves out those it is not sure of."""


def open_mediapipe(
    model: Path | None = None, *, detect_px: int = 640, config: TrackerConfig | None = None
) -> MediaPipeTracker:
    """Make a tracker with a process of its own; enter it to use it.

    Args:
        model: a Face Landmarker model (.task); the fetched one if None.
        detect_px: larger frames are scaled down to this long side, in pixels.
        config: see `MediaPipeTracker`.

    Raises:
        ConfigError: `detect_px` cannot be used, or MediaPipe is not installed.
        ModelError: the model is missing, damaged, or another one.
    """
    if not 32 <= detect_px <= 8192:
        raise ConfigError(f"detect_px must lie between 32 and 8192, not {detect_px}")
    config = config or TrackerConfig()
    landmarker = FaceLandmarker(model or fetched_model("mediapipe"), faces=config.max_faces)
    return MediaPipeTracker(landmarker, config, detect_px=detect_px)


@dataclass(frozen=True, slots=True, eq=False)
class _Memory:
    """All that later tracks depend on, but for what MediaPipe itself remembers."""

    targets: list[Target]
    next_number: int
    time: MediaTime
    scene: SceneWatch
    at_ms: int


class MediaPipeTracker:
    """A tracker whose faces have details; see `Tracker` for the contract.

    Every frame is a detection, so a face is carried along by nothing else, and its second frame
    confirms it.
    """

    name = "track"

    _targets: list[Target]

    def __init__(
        self, landmarker: FaceLandmarker, config: TrackerConfig | None = None, *, detect_px: int
    ) -> None:
        """Make a tracker; entering it opens the landmarker, leaving it closes the landmarker.

        Args:
            landmarker: one that is not open yet.
            config: `same_face_iou`, `lost_for_s` and `max_faces` count; the default ones if None.
            detect_px: larger frames are scaled down to this long side for MediaPipe, in pixels.
        """
        self._landmarker = landmarker
        self._config = config or TrackerConfig()
        self._detect_px = detect_px
        self._reset()

    def __enter__(self) -> Self:
        self._reset()
        self._landmarker.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._landmarker.__exit__(kind, error, traceback)

    def __call__(self, frame: Frame, /) -> TrackedFrame:
        """Follow the faces into the next frame of the source.

        Raises:
            EngineError: MediaPipe failed.
        """
        luma = frame.luma
        dt_s = self._time.advance(frame)
        if self._scene.is_cut(glance(luma)) or dt_s > self._config.lost_for_s:
            self._targets.clear()
        since_s = self._time.now_s - self._config.lost_for_s
        self._targets = [target for target in self._targets if target.seen_s >= since_s]
        for target in self._targets:
            target.predict(dt_s)
        self._join(self._find(frame.image), luma.levels)
        return TrackedFrame(frame, tuple(target.snapshot for target in self._targets))

    def remember(self) -> bytes:
        """See `srfer.realtime.stage.Remembering`.

        What MediaPipe remembers cannot be had, so it has to forget: it looks for the faces of the
        next frame as if a video began.
        """
        self._landmarker.begin_anew()
        memory = _Memory(self._targets, self._next_number, self._time, self._scene, self._at_ms)
        return to_bytes(memory)

    def recall(self, memory: bytes, _: Frame) -> None:
        """See `srfer.realtime.stage.Remembering`."""
        known = from_bytes(memory, _Memory)
        self._targets, self._next_number = known.targets, known.next_number
        self._time, self._scene, self._at_ms = known.time, known.scene, known.at_ms

    def _reset(self) -> None:
        self._targets = []
        self._next_number = 1
        self._time = MediaTime()
        self._scene = SceneWatch()
        self._at_ms = -1

    def _find(self, image: RgbImage) -> list[Face]:
        """The faces of a frame, the largest first."""
        # MediaPipe wants whole milliseconds that only grow; more than 1000 frames a second repeat.
        self._at_ms = max(self._at_ms + 1, round(self._time.now_s * 1000))
        shown, scale = _shrunk(image, self._detect_px)
        details = self._landmarker.find(shown, self._at_ms)
        faces = [to_face(_enlarged(found, scale)) for found in details]
        faces = [face for face in faces if _is_inside(face, image)]
        return sorted(faces, key=lambda face: -face.box.width * face.box.height)

    def _join(self, faces: list[Face], luma: NDArray[np.uint8]) -> None:
        """Bring tracks and faces together; begin and lose the others."""
        now_s = self._time.now_s
        seen = [target for target in self._targets if target.is_seen]
        lost = [target for target in self._targets if not target.is_seen]
        overlap = iou([target.face.box for target in seen], [face.box for face in faces])
        pairs = assign(overlap, at_least=self._config.same_face_iou)
        missed, rest = _take(seen, faces, pairs, luma, now_s)
        near = nearness(
            [target.predicted for target in missed + lost],
            [target.reach_px for target in missed + lost],
            [face.box for face in rest],
        )
        gone, rest = _take(missed + lost, rest, assign(near, at_least=NEAR_FROM), luma, now_s)
        for target in gone:
            target.lose(now_s)
        self._targets = [t for t in self._targets if t.is_confirmed or t.is_seen]
        room = self._config.max_faces - sum(target.is_seen for target in self._targets)
        for face in rest[: max(0, room)]:
            self._targets.append(Target.begin(self._next_number, face, luma, now_s))
            self._next_number += 1


def _take(
    targets: list[Target],
    faces: list[Face],
    pairs: Sequence[tuple[int, int]],
    luma: NDArray[np.uint8],
    now_s: float,
) -> tuple[list[Target], list[Face]]:
    """Give each target its face; returns what is left of both."""
    for row, column in pairs:
        targets[row].find(faces[column], luma, now_s, gain=1.0)
    return left_over(targets, faces, pairs)


def extent(mesh: NDArray[np.float32]) -> Box:
    """The bounding box of a (478, 3) mesh."""
    points = mesh[:FACE_POINTS, :2]
    return Box(*map(float, (*points.min(axis=0), *points.max(axis=0))))


def to_face(details: FaceDetails) -> Face:
    """A face framed as RetinaFace would frame it."""
    around = extent(details.mesh)
    left, top, right, bottom = MESH_BOX
    box = Box(
        around.left + left * around.width,
        around.top + top * around.height,
        around.left + right * around.width,
        around.top + bottom * around.height,
    )
    return Face(box, SCORE, details.mesh[EYES_NOSE_MOUTH, :2].copy(), details)


def _shrunk(image: RgbImage, detect_px: int) -> tuple[RgbImage, tuple[float, float]]:
    """The picture at no more than `detect_px`, and its pixels (x, y) per pixel of that."""
    height, width = image.shape[:2]
    scale = min(1.0, detect_px / max(height, width))
    if scale == 1.0:
        return image, (1.0, 1.0)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, (width / size[0], height / size[1])


def _enlarged(details: FaceDetails, scale: tuple[float, float]) -> FaceDetails:
    if scale == (1.0, 1.0):
        return details
    per_axis = np.array([*scale, scale[0]], np.float32)
    return FaceDetails(details.mesh * per_axis, details.blendshapes)


def _is_inside(face: Face, image: RgbImage) -> bool:
    """True where the middle of the face is in the picture."""
    x, y = face.box.center
    height, width = image.shape[:2]
    return bool(0 <= x < width and 0 <= y < height)
