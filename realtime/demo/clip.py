"""The sample clip: a face walks away until it is 8 pixels small, and comes back.

The face is that of `skimage.data.astronaut()`, a NASA portrait of Eileen Collins in the public
domain. It is set before an empty room, blurred by the optics, covered with sensor noise and encoded
with H.264 at a low bit rate, as a surveillance camera would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import RgbImage

WIDTH_PX, HEIGHT_PX = 640, 480
RATE = 25
NEAR_PX, FAR_PX = 160.0, 8.0
WALK_S, STAY_S = 6.0, 0.5
NOISE_SIGMA = 5.0
CRF = "28"
SEED = 20

# The face in the portrait: middle and side of the square that the crop rule cuts, in pixels.
_FACE_X, _FACE_Y, _FACE_PX = 225.5, 117.0, 108.0
_HORIZON_Y = 200.0


@dataclass(frozen=True, slots=True)
class Walk:
    """Where the face is in each frame.

    Attributes:
        sides_px: (N,) side of the face's square in pixels.
        centers: (N, 2) its middle, x and y in pixels.
    """

    sides_px: NDArray[np.float64]
    centers: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.sides_px)


def plan_walk() -> Walk:
    """The path: away, a pause at the far end, and back; speed is even in octaves of size."""
    steps = round(WALK_S * RATE)
    away = np.geomspace(NEAR_PX, FAR_PX, steps)
    sides = np.concatenate([away, np.full(round(STAY_S * RATE), FAR_PX), away[::-1]])
    nearness = sides / NEAR_PX
    seconds = np.arange(len(sides)) / RATE
    sway = 12 * np.sin(2 * math.pi * 0.8 * seconds) * np.sqrt(nearness)
    x = WIDTH_PX / 2 + 70 * (1 - nearness) + sway
    y = _HORIZON_Y + 30 * nearness
    return Walk(sides, np.stack([x, y], axis=1))


def load_portrait() -> RgbImage:
    """The portrait, (512, 512, 3) uint8 RGB."""
    from skimage import data

    return np.asarray(data.astronaut(), np.uint8)


def _room() -> NDArray[np.float32]:
    """An empty room: wall, floor, a door and a window, softly lit."""
    room = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.float32)
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    light = 1.0 - 0.35 * np.hypot((x - 260) / WIDTH_PX, (y - 120) / HEIGHT_PX)
    room[:] = np.array([168, 166, 158], np.float32)
    floor = y > 300 + 0.04 * np.abs(x - 320)
    room[floor] = np.array([112, 104, 96], np.float32)
    cv2.rectangle(room, (470, 130), (560, 302), (120.0, 96.0, 74.0), -1)
    cv2.rectangle(room, (60, 90), (190, 190), (196.0, 208.0, 216.0), -1)
    cv2.line(room, (125, 90), (125, 190), (140.0, 140.0, 140.0), 4)
    return np.asarray(cv2.GaussianBlur(room * light[..., None], (0, 0), 1.5), np.float32)


def _cut_out(portrait: RgbImage) -> NDArray[np.float32]:
    """Opacity of the person in the portrait, (512, 512) in 0..1: head and shoulders."""
    height, width = portrait.shape[:2]
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (222, 118), (84, 112), 0, 0, 360, 1.0, -1)
    body = np.array(
        [[190, 190], [262, 190], [330, 240], [390, 300], [410, 512], [40, 512], [90, 260]]
    )
    cv2.fillPoly(mask, [np.array(body)], 1.0)
    mask *= np.clip((height - np.arange(height, dtype=np.float32)[:, None]) / 90, 0, 1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 9), np.float32)


def _compose(
    room: NDArray[np.float32],
    person: NDArray[np.float32],
    opacity: NDArray[np.float32],
    side_px: float,
    center: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Put the person into the room so that the face has the given size and place."""
    scale = side_px / _FACE_PX
    # Shrinking needs a low-pass filter first, or the small face would be made of stray pixels.
    blur = 0.45 * math.sqrt(max(0.0, 1 / scale**2 - 1))
    if blur > 0.2:
        person = np.asarray(cv2.GaussianBlur(person, (0, 0), blur), np.float32)
        opacity = np.asarray(cv2.GaussianBlur(opacity, (0, 0), blur), np.float32)
    shift = (center[0] - _FACE_X * scale, center[1] - _FACE_Y * scale)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    size = (WIDTH_PX, HEIGHT_PX)
    moved = cv2.warpAffine(person, matrix, size, flags=cv2.INTER_LINEAR)
    alpha = cv2.warpAffine(opacity, matrix, size, flags=cv2.INTER_LINEAR)[..., None]
    return np.asarray(room * (1 - alpha) + moved * alpha, np.float32)


def make_clip(path: Path, walk: Walk, noise_sigma: float = NOISE_SIGMA) -> None:
    """Render and encode the walk; the same bytes of pixels every time.

    Args:
        path: an .mp4 file to write.
        walk: where the face is.
        noise_sigma: of the sensor's noise, of 255.
    """
    portrait = load_portrait()
    person, opacity, room = portrait.astype(np.float32), _cut_out(portrait), _room()
    random = np.random.default_rng(SEED)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": CRF, "preset": "fast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for index in range(len(walk)):
            picture = _compose(
                room, person, opacity, float(walk.sides_px[index]), walk.centers[index]
            )
            picture += random.normal(0, noise_sigma, (HEIGHT_PX, WIDTH_PX, 1))
            pixels = picture.clip(0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
