"""How a face moved since the last frame, by sparse optical flow.

Pyramidal Lucas-Kanade (Bouguet 2001) on a grid of points, each checked by going forward and back
(Kalal et al., "Forward-Backward Error", 2010). It runs on a patch that is scaled so that every
face has the same size in it: the cost is the same for all, and points on a face of 8 pixels are
not drowned in background.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import Box, Face

PATCH_PX = 80
FACE_IN_PATCH_PX = 36.0
GRID = 5
GRID_SHARE = 0.75
"""Points lie in this share of the box, since its corners show background."""
WINDOW_PX = 11
LEVELS = 2
ENOUGH_ITERATIONS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
MOST_BACK_ERROR_PX = 1.0
"""In the patch: a point that does not come back to where it started is not trusted."""
LEAST_TRUSTED_SHARE = 0.4
MOST_STRAY_PX = 4.0
"""In the patch: a point that strays further from the common motion belongs to something else."""
LEAST_SCALE, MOST_SCALE = 0.8, 1.25
"""A face does not grow or shrink by more from one frame to the next."""


@dataclass(frozen=True, slots=True)
class Motion:
    """A similarity: x -> (x - start) * factor + end, with points as complex numbers x + iy."""

    start: complex
    factor: complex
    end: complex

    def move(self, face: Face) -> Face:
        """The face after the motion. Its box grows but stays upright; its landmarks turn too."""
        middle = self._apply(np.array([complex(*face.box.center)]))[0]
        half_width = face.box.width * abs(self.factor) / 2
        half_height = face.box.height * abs(self.factor) / 2
        box = Box(
            float(middle.real - half_width),
            float(middle.imag - half_height),
            float(middle.real + half_width),
            float(middle.imag + half_height),
        )
        landmarks = None
        if face.landmarks is not None:
            moved = self._apply(face.landmarks[:, 0] + 1j * face.landmarks[:, 1])
            landmarks = np.stack([moved.real, moved.imag], axis=1).astype(np.float32)
        return Face(box, face.score, landmarks)

    def _apply(self, points: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return (points - self.start) * self.factor + self.end


def follow(
    before: NDArray[np.uint8], after: NDArray[np.uint8], face: Face, expected: tuple[float, float]
) -> Motion | None:
    """Find a face's motion from one frame to the next.

    Args:
        before: (H, W) uint8 gray, the last frame.
        after: (H, W) uint8 gray, this frame.
        face: where it was in `before`.
        expected: (x, y) where its middle is looked for in `after`, in pixels.

    Returns:
        The motion, or None where too few points can be trusted.
    """
    scale = FACE_IN_PATCH_PX / (face.box.width * face.box.height) ** 0.5
    start = _grid(face.box, scale)
    patch = _patch(before, face.box.center, scale)
    target = _patch(after, expected, scale)
    there, is_found = _track(patch, target, start)
    back, is_found_back = _track(target, patch, there)
    stray = np.linalg.norm(there - start - np.median(there - start, axis=0), axis=1)
    is_trusted = (
        is_found
        & is_found_back
        & (np.linalg.norm(back - start, axis=1) < MOST_BACK_ERROR_PX)
        & (stray < MOST_STRAY_PX)
    )
    if is_trusted.sum() < LEAST_TRUSTED_SHARE * len(start):
        return None
    return _fit(
        _to_frame(start[is_trusted], face.box.center, scale),
        _to_frame(there[is_trusted], expected, scale),
    )


def _patch(
    image: NDArray[np.uint8], middle: tuple[float, float], scale: float
) -> NDArray[np.uint8]:
    offset = [PATCH_PX / 2 - 0.5 - scale * (value - 0.5) for value in middle]
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
    patch = cv2.warpAffine(
        image, matrix, (PATCH_PX, PATCH_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(patch, np.uint8)


def _grid(box: Box, scale: float) -> NDArray[np.float32]:
    """(N, 2) float32 points on the face, in pixels of the patch."""
    at = np.linspace(-GRID_SHARE / 2, GRID_SHARE / 2, GRID)
    x, y = np.meshgrid(at * box.width * scale, at * box.height * scale)
    return (np.stack([x, y], axis=-1).reshape(-1, 2) + PATCH_PX / 2 - 0.5).astype(np.float32)


def _track(
    before: NDArray[np.uint8], after: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where the points are in the other patch, and which were found."""
    there, status, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points,
        np.empty_like(points),
        winSize=(WINDOW_PX, WINDOW_PX),
        maxLevel=LEVELS,
        criteria=ENOUGH_ITERATIONS,
    )
    return np.asarray(there, np.float32), np.asarray(status).reshape(-1) == 1


def _to_frame(
    points: NDArray[np.float32], middle: tuple[float, float], scale: float
) -> NDArray[np.complex128]:
    from_middle = (points.astype(np.float64) + 0.5 - PATCH_PX / 2) / scale
    return np.asarray(from_middle[:, 0] + 1j * from_middle[:, 1] + complex(*middle))


def _fit(start: NDArray[np.complex128], end: NDArray[np.complex128]) -> Motion | None:
    """The similarity that maps the points best, by least squares in closed form."""
    start_middle, end_middle = complex(start.mean()), complex(end.mean())
    start_arms, end_arms = start - start_middle, end - end_middle
    factor = complex(np.vdot(start_arms, end_arms) / np.vdot(start_arms, start_arms))
    if not LEAST_SCALE <= abs(factor) <= MOST_SCALE:
        return None
    return Motion(start_middle, factor, end_middle)
