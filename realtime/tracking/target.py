"""One followed face and what is remembered of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..types import Box, Face, Track, TrackState
from .association import iou
from .flow import Motion
from .kalman import MotionFilter
from .portrait import SAME_FACE_FROM, likeness, portrait

DETECTION_NOISE = 0.04
"""Standard deviation of a detected box, as a share of the face's side."""
FLOW_NOISE = 0.015
"""The same for a box that was carried along by optical flow."""
AGREES_FROM_IOU = 0.6
"""Below this overlap the detection shows that the motion went astray, and replaces it."""


@dataclass(slots=True, eq=False)
class Target:
    """A face that is followed. The tracker owns and changes it; others see its snapshots.

    Attributes:
        number: its track's id.
        face: where it is.
        seen_s: when it was seen last, in seconds of media time.
        motion: where it is and how it moves.
        detected_s: when it was last detected, not only carried along by the picture's motion.
        detected: `motion` at that time.
        look: its portrait at that time.
        age: frames since it began.
        is_seen: it is in the picture.
        is_confirmed: it was detected a second time.
    """

    number: int
    face: Face
    seen_s: float
    motion: MotionFilter
    detected_s: float
    detected: MotionFilter
    look: NDArray[np.float32]
    age: int = 0
    is_seen: bool = True
    is_confirmed: bool = False

    @classmethod
    def begin(cls, number: int, face: Face, luma: NDArray[np.uint8], now_s: float) -> Self:
        """A face that was detected for the first time."""
        motion = MotionFilter.at(face.box, DETECTION_NOISE)
        look = portrait(luma, face.box)
        return cls(number, face, now_s, motion, now_s, copy.copy(motion), look)

    @property
    def snapshot(self) -> Track:
        """The target as the rest of the program sees it."""
        state = TrackState.TRACKED if self.is_confirmed else TrackState.NEW
        return Track(self.number, state if self.is_seen else TrackState.LOST, self.face, self.age)

    @property
    def side_px(self) -> float:
        """Square root of the box's area, in pixels."""
        return float((self.face.box.width * self.face.box.height) ** 0.5)

    @property
    def predicted(self) -> Box:
        """Where the face should be by its speed alone."""
        return self.motion.box

    @property
    def reach_px(self) -> float:
        """How far from `predicted` the face may turn up: more, the longer it was not seen."""
        return min(0.5 * self.side_px + 2 * self.motion.spread_px, 1.5 * self.side_px)

    def predict(self, dt_s: float) -> None:
        """Let time pass."""
        self.age += 1
        self.motion.predict(dt_s, is_seen=self.is_seen)

    def carry(self, motion: Motion, luma: NDArray[np.uint8], now_s: float) -> bool:
        """Go along with the picture's motion; False if the face is not to be seen there."""
        face = motion.move(self.face)
        x, y = face.box.center
        height, width = luma.shape
        if not (0 <= x < width and 0 <= y < height):
            return False
        if likeness(portrait(luma, face.box), self.look) < SAME_FACE_FROM:
            return False
        self.face = face
        self.seen_s = now_s
        self.motion.correct(face.box, FLOW_NOISE)
        return True

    def find(self, found: Face, luma: NDArray[np.uint8], now_s: float, *, gain: float) -> None:
        """Take in a detection; `gain` is how far it pulls a face that was carried along."""
        is_carried = self.is_seen and iou([self.face.box], [found.box])[0, 0] >= AGREES_FROM_IOU
        self.face = _blended(self.face, found, gain) if is_carried else found
        self.is_seen = True
        self.is_confirmed = True
        self.seen_s = now_s
        self.motion.correct(found.box, DETECTION_NOISE)
        self._remember(luma, now_s)

    def lose(self, now_s: float) -> None:
        """Stop believing that the face is seen; it is then where its speed would take it.

        What the picture's motion said since the last detection may be the motion of whatever
        covers the face now, so the speed is the one known at that detection.
        """
        if self.is_seen:
            self.motion = copy.copy(self.detected)
            self.motion.predict(now_s - self.detected_s, is_seen=False)
        self.is_seen = False
        self.face = _moved(self.face, self.predicted)

    def _remember(self, luma: NDArray[np.uint8], now_s: float) -> None:
        self.look = portrait(luma, self.face.box)
        self.detected, self.detected_s = copy.copy(self.motion), now_s


def _blended(carried: Face, found: Face, gain: float) -> Face:
    box = Box(*(a + gain * (b - a) for a, b in zip(carried.box, found.box, strict=True)))
    landmarks = found.landmarks
    if landmarks is not None and carried.landmarks is not None:
        landmarks = carried.landmarks + np.float32(gain) * (landmarks - carried.landmarks)
    return Face(box, found.score, landmarks, found.details)


def _moved(face: Face, box: Box) -> Face:
    landmarks = None
    if face.landmarks is not None:
        scale = np.array([box.width / face.box.width, box.height / face.box.height])
        corner = np.array([face.box.left, face.box.top])
        landmarks = ((face.landmarks - corner) * scale + (box.left, box.top)).astype(np.float32)
    return Face(box, face.score, landmarks)
