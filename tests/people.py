"""Films of people: one astronaut, many sizes and places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from srfer.realtime.tracking import Tracker
from srfer.realtime.types import Frame, RgbImage, Track, TrackState

ASTRONAUT = skimage.data.astronaut()[:330, 60:400]
FACE_X, FACE_Y, FACE_HEIGHT = 166.0, 117.0, 120.0
"""Where the face lies in `ASTRONAUT`, in pixels."""

Person = tuple[float, float, float, bool]
"""Height of the face, middle x, middle y in pixels, and whether it is mirrored and darker."""


def room(width: int, height: int, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    shape = (height // 40 + 2, width // 40 + 2, 3)
    coarse = random.uniform(20, 200, shape).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )


def paint(background: NDArray[np.float32], people: Sequence[Person], noise: int = 0) -> RgbImage:
    """The people in the room, the first one furthest behind, and sensor noise of 4 levels."""
    image = background.copy()
    height, width = image.shape[:2]
    for face_px, x, y, is_mirrored in people:
        scale = face_px / FACE_HEIGHT
        look = (
            ASTRONAUT[:, ::-1] * np.float32(0.75) if is_mirrored else ASTRONAUT.astype(np.float32)
        )
        middle = ASTRONAUT.shape[1] - FACE_X if is_mirrored else FACE_X
        shape = np.zeros(look.shape[:2], np.float32)
        cv2.ellipse(shape, (int(middle), int(FACE_Y) - 8), (62, 85), 0, 0, 360, 1.0, -1)
        cv2.ellipse(shape, (int(middle), 300), (110, 110), 0, 0, 360, 1.0, -1)
        if scale < 1:
            look = cv2.GaussianBlur(look, (0, 0), 0.45 / scale)
            shape = cv2.GaussianBlur(shape, (0, 0), 0.45 / scale)
        move = np.array([[scale, 0, x - middle * scale], [0, scale, y - FACE_Y * scale]])
        mask = cv2.warpAffine(shape, move, (width, height))[..., None]
        image = image * (1 - mask) + cv2.warpAffine(look, move, (width, height)) * mask
    image += np.random.default_rng(noise).normal(0, 4, image.shape).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def film(
    tracker: Tracker,
    pictures: Iterator[RgbImage],
    pts: Callable[[int], Fraction | None] = lambda i: Fraction(i, 30),
) -> list[tuple[Track, ...]]:
    return [
        tracker(Frame("film", i, i / 30, pts(i), image)).tracks for i, image in enumerate(pictures)
    ]


def numbers(tracks: Sequence[Sequence[Track]]) -> set[int]:
    return {track.id for frame in tracks for track in frame}


def seen(tracks: Sequence[Track]) -> list[Track]:
    return [track for track in tracks if track.state is not TrackState.LOST]
