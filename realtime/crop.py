"""The one crop rule: how a face in a picture becomes the 48x48 gray square that a model reads.

Training data and video go through the same function, so that a face in a video is framed as a
FER2013 picture is. docs/decisions/0003-face-tracking.md holds the figures behind the default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.engines import FACE_PX

from .types import Box, Face, Frame

MOST_SAMPLES = 8
"""Samples per crop pixel and axis at most, since they cost much: a larger face is cut from averages
over squares of pixels, which are so large that `FEWEST_SAMPLES` or more are left."""
FEWEST_SAMPLES = 4
LINEAR_FROM_SAMPLES = 4
"""From so many samples of the picture itself on, means of linear ones are as near to those of areas
as means of cubic ones, at half the cost."""
_ROOM_PX = 3
"""Pixels round a square on which its samples depend."""


class SquareFrom(StrEnum):
    """What the side of the square is a multiple of."""

    LARGER = "larger"
    MEAN = "mean"
    HEIGHT = "height"
    WIDTH = "width"


class Alignment(StrEnum):
    """How the landmarks place the square; a face without landmarks is cut upright."""

    UPRIGHT = "upright"
    EYES = "eyes"
    EYES_MOUTH = "eyes+mouth"


@dataclass(frozen=True, slots=True)
class CropRule:
    """Where to cut a face out of a picture.

    Attributes:
        margin: side of the square as a multiple of the box's `square_from`.
        square_from: which measure of the box `margin` multiplies.
        shift: how far the square lies below the middle of the box, as a share of its side.
        alignment: upright; turned so that the eyes are level; or turned, placed and sized by
            eyes and mouth (`margin` then multiplies 2.75 times the distance from the middle of the
            eyes to the middle of the mouth, about the height of a face, and `shift` starts from
            the middle between the two).
    """

    margin: float = 0.9
    square_from: SquareFrom = SquareFrom.LARGER
    shift: float = 0.0
    alignment: Alignment = Alignment.UPRIGHT

    def __post_init__(self) -> None:
        if not 0.1 <= self.margin <= 10:
            raise ValueError(f"margin must lie between 0.1 and 10, not {self.margin}")
        if not -1 <= self.shift <= 1:
            raise ValueError(f"shift must lie between -1 and 1, not {self.shift}")


DEFAULT_RULE = CropRule()

FACE_HEIGHTS_PER_EYES_MOUTH = 2.75


def cut(
    image_gray: NDArray[np.uint8], face: Face, rule: CropRule = DEFAULT_RULE
) -> tuple[NDArray[np.uint8], float]:
    """Cut a face out of a picture.

    The square may have any place, size and turn: it is sampled to a 1/32 of a pixel, averaged
    where it is larger than the crop and interpolated (bicubic) where it is smaller; one of more
    than 384 px is sampled in averages of the picture. Beyond the border the border repeats. A 48x48
    picture whose square is the picture comes out unchanged.

    Args:
        image_gray: (H, W) uint8.
        face: in pixels of the picture.
        rule: where the square lies.

    Returns:
        The (48, 48) uint8 crop, and the side of the square in pixels of the picture.
    """
    x, y, side, turn = _square(face, rule)
    native_px = side
    samples = max(1, math.ceil(side / FACE_PX - 1e-6))
    is_dense = LINEAR_FROM_SAMPLES <= samples <= MOST_SAMPLES
    how = cv2.INTER_LINEAR if is_dense else cv2.INTER_CUBIC
    if samples > MOST_SAMPLES:
        factor = samples // FEWEST_SAMPLES
        image_gray, corner = _averaged(image_gray, (x, y), side, factor)
        x, y, side = (x - corner[0]) / factor, (y - corner[1]) / factor, side / factor
        samples = math.ceil(side / FACE_PX - 1e-6)
    length = FACE_PX * samples
    step = side / length
    # OpenCV's coordinates name the middle of a pixel, ours its outer corner: half a pixel apart.
    across, down = step * math.cos(turn), step * math.sin(turn)
    reach = length / 2 - 0.5
    left, top = x - 0.5 - (across - down) * reach, y - 0.5 - (down + across) * reach
    sampled = cv2.warpAffine(
        image_gray,
        np.array([[across, -down, left], [down, across, top]]),
        (length, length),
        flags=how | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if samples > 1:
        sampled = cv2.resize(sampled, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(sampled, np.uint8), native_px


def cut_out(
    frame: Frame, face: Face, rule: CropRule = DEFAULT_RULE
) -> tuple[NDArray[np.uint8], float]:
    """`cut` a face out of a frame, as a model is to read it."""
    crop, native_px = cut(frame.luma.levels, face, rule)
    return frame.luma.gray(crop), native_px


def _averaged(
    image: NDArray[np.uint8], middle: tuple[float, float], side: float, factor: int
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """A picture round a square, however it is turned, averaged over `factor` x `factor` pixels.

    Returns:
        The averages, and the upper left corner of the first of them in pixels of the picture.
        Beyond the picture's border there is one that repeats it.
    """
    height, width = image.shape
    left, right = _span(middle[0], side, factor, width)
    top, bottom = _span(middle[1], side, factor, height)
    inside = image[max(0, top) : min(bottom, height), max(0, left) : min(right, width)]
    beyond = max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)
    if any(beyond):
        repeated = cv2.copyMakeBorder(inside, *beyond, borderType=cv2.BORDER_REPLICATE)
        inside = np.asarray(repeated, np.uint8)
    size = (right - left) // factor, (bottom - top) // factor
    averages = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
    return np.asarray(averages, np.uint8), (left, top)


def _span(center: float, side: float, factor: int, length: int) -> tuple[int, int]:
    """Begin and end of what is averaged along an axis of `length` pixels; some of it is inside."""
    # Counted from the edge of an upright square: one that the factor divides is averaged exactly.
    edge = math.floor(center - side / 2)
    spare = math.ceil(side * (math.sqrt(0.5) - 0.5) / factor) + _ROOM_PX
    begin = edge - spare * factor
    end = edge + (math.ceil(side / factor) + spare) * factor
    # One average beyond the border is enough: it is repeated.
    first = edge % factor - 2 * factor
    last = length + (edge - length) % factor + factor
    return min(max(begin, first), last - 3 * factor), max(min(end, last), first + 3 * factor)


def _square(face: Face, rule: CropRule) -> tuple[float, float, float, float]:
    """Middle x, middle y, side in pixels, and turn in radians of the square."""
    x, y = face.box.center
    side = _measure(face.box, rule.square_from)
    turn = 0.0
    if face.landmarks is not None and rule.alignment is not Alignment.UPRIGHT:
        points = face.landmarks.astype(np.float64)
        eye_line = points[1] - points[0]
        turn = math.atan2(eye_line[1], eye_line[0])
        if rule.alignment is Alignment.EYES_MOUTH:
            eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
            x, y = (eyes + mouth) / 2
            # In profile both distances can shrink to nothing, hence the floor.
            side = max(FACE_HEIGHTS_PER_EYES_MOUTH * math.dist(eyes, mouth), side / 2)
    side *= rule.margin
    x -= math.sin(turn) * rule.shift * side
    y += math.cos(turn) * rule.shift * side
    return float(x), float(y), side, turn


def _measure(box: Box, square_from: SquareFrom) -> float:
    match square_from:
        case SquareFrom.LARGER:
            return max(box.width, box.height)
        case SquareFrom.MEAN:
            return (box.width + box.height) / 2
        case SquareFrom.HEIGHT:
            return box.height
        case SquareFrom.WIDTH:
            return box.width
