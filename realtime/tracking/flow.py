"""How a face moved since the last frame, by sparse optical flow.

Pyramidal Lucas-Kanade (Bouguet 2001) on a grid of points, each checked by going forward and back
(Kalal et al., "Forward-Backward Error", 2010). It runs on a patch that is scaled so that every
face has the same size in it: the cost is the same for all, and points on a face of 8 pixels are
not drowned in background.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import Box, Face

PATCH_PX = 80
FACE_IN_PATCH_PX = 36.0
GRID = 5
GRID_SHARE = 0.75
"""Points lie in this share of the box, since its corners show background."""
_AT = np.linspace(-GRID_SHARE / 2, GRID_SHARE / 2, GRID)
_POINTS = np.stack(np.meshgrid(_AT, _AT), axis=-1).reshape(-1, 2)
"""(N, 2) points, in sides of the box from its middle."""
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
        middle = (complex(*face.box.center) - self.start) * self.factor + self.end
        half_width = face.box.width * abs(self.factor) / 2
        half_height = face.box.height * abs(self.factor) / 2
        box = Box(
            middle.real - half_width,
            middle.imag - half_height,
            middle.real + half_width,
            middle.imag + half_height,
        )
        landmarks = None
        if face.landmarks is not None:
            moved = (_as_complex(face.landmarks) - self.start) * self.factor + self.end
            landmarks = moved.astype(np.complex64).view(np.float32).reshape(-1, 2)
        return Face(box, face.score, landmarks)


def follow(
    before: NDArray[np.uint8], after: NDArray[np.uint8], face: Face, expected: tuple[float, float]
) -> Motion | None:
    """Find a face's motion from one frame to the next.

    Args:
        before: (H, W) uint8 luma, the last frame.
        after: (H, W) uint8 luma, this frame.
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
    moved = there - start
    # The median: sorting so few numbers is cheaper than NumPy's function for it.
    stray = moved - np.sort(moved, axis=0)[len(moved) // 2]
    is_trusted = (
        is_found
        & is_found_back
        & _is_within(back - start, MOST_BACK_ERROR_PX)
        & _is_within(stray, MOST_STRAY_PX)
    )
    if np.count_nonzero(is_trusted) < LEAST_TRUSTED_SHARE * len(start):
        return None
    motion = _fit(_as_complex(start[is_trusted]), _as_complex(there[is_trusted]))
    if motion is None:
        return None
    return replace(
        motion,
        start=_to_frame(motion.start, face.box.center, scale),
        end=_to_frame(motion.end, expected, scale),
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
    size = np.array([box.width * scale, box.height * scale])
    return np.asarray(_POINTS * size + (PATCH_PX / 2 - 0.5), np.float32)


def _is_within(steps: NDArray[np.float32], most_px: float) -> NDArray[np.bool_]:
    """Which of (N, 2) steps are shorter."""
    return np.asarray(np.abs(_as_complex(steps)) < most_px)


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


def _to_frame(point: complex, middle: tuple[float, float], scale: float) -> complex:
    """From pixels of a patch to pixels of the frame."""
    return (point - (1 + 1j) * (PATCH_PX / 2 - 0.5)) / scale + complex(*middle)


def _as_complex(points: NDArray[np.float32]) -> NDArray[np.complex128]:
    """(N, 2) x and y to (N,) x + iy."""
    return np.ascontiguousarray(points).view(np.complex64)[:, 0].astype(np.complex128)


def _fit(start: NDArray[np.complex128], end: NDArray[np.complex128]) -> Motion | None:
    """The similarity that maps the points best, by least squares in closed form."""
    start_middle, end_middle = complex(start.sum()) / len(start), complex(end.sum()) / len(end)
    start_arms, end_arms = start - start_middle, end - end_middle
    factor = complex(np.vdot(start_arms, end_arms) / np.vdot(start_arms, start_arms))
    if not LEAST_SCALE <= abs(factor) <= MOST_SCALE:
        return None
    return Motion(start_middle, factor, end_middle)
