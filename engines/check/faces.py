"""Faces for checks, the same on every machine: one portrait, varied.

The portrait is a part of NASA's picture of Eileen Collins (public domain, as in scikit-image). Its
smile is turned over, erased, redrawn or left as it is, the brows change sides, and the whole is
bent, turned, mirrored, relit and reduced, until a model reads all kinds of expressions into it:
that engines agree is only worth something where the answers differ.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..types import FACE_PX

SEED = 20240612
FACE_SHARE = 0.62
"""Side of a well-cut face as a share of the portrait's."""
SIZES_PX = (48, 36, 24, 20, 16, 12, 10, 8)
MOUTH = (0.57, 0.78, 0.28, 0.70)
BROWS = (0.28, 0.44, 0.28, 0.74)
"""Top, bottom, left and right as shares of the portrait's sides."""

Gray = NDArray[np.uint8]


def fixed_faces(count: int = 256) -> tuple[Gray, NDArray[np.float32]]:
    """Make faces that differ from each other and never from run to run.

    Args:
        count: how many.

    Returns:
        faces (count, 48, 48) uint8 gray, and native_px (count,) float32 in pixels.
    """
    face = portrait()
    random = np.random.default_rng(SEED)
    sizes = [SIZES_PX[number % len(SIZES_PX)] for number in range(count)]
    faces = [_reduce(_relight(_cut(_grimace(face, random), random), random), s) for s in sizes]
    return np.stack(faces), np.asarray(sizes, np.float32)


def portrait() -> Gray:
    """The portrait, (174, 173) uint8 gray, free for every use."""
    data = resources.files(__package__).joinpath("portrait.png").read_bytes()
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def _grimace(portrait: Gray, random: np.random.Generator) -> Gray:
    """Change mouth and brows, and bend everything by a smooth field."""
    rows, columns = portrait.shape
    face = portrait
    mouth = random.integers(7)
    if mouth == 1:
        face = _blend(face, MOUTH, lambda patch: patch[::-1])
    elif mouth == 2:
        face = _blend(face, MOUTH, _erase)
    elif mouth >= 3:
        axes = random.uniform(0.2, 0.7), random.uniform(0.1, 0.8)
        arc = (0, 360) if mouth < 5 else (180, 360)
        face = _blend(face, MOUTH, lambda patch: _draw(patch, axes, arc))
    if random.random() < 0.3:
        face = _blend(face, BROWS, lambda patch: patch[:, ::-1])
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    bend = random.normal(0, rows * random.uniform(0, 0.05), (2, 5, 5)).astype(np.float32)
    dx, dy = (cv2.resize(part, (columns, rows), interpolation=cv2.INTER_CUBIC) for part in bend)
    bent = cv2.remap(face, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(bent, np.uint8)


def _erase(patch: Gray) -> Gray:
    """Skin where there was a mouth: each column goes evenly from its top to its bottom."""
    share = np.linspace(0, 1, len(patch))[:, None]
    return np.asarray(patch[:1] * (1 - share) + patch[-1:] * share, np.uint8)


def _draw(patch: Gray, axes: tuple[float, float], arc: tuple[int, int]) -> Gray:
    """Erase, then draw a dark oval, or an arc of one, over so much of width and height."""
    rows, columns = patch.shape
    size = round(columns * axes[0] / 2), round(rows * axes[1] / 2)
    is_whole = arc[1] - arc[0] == 360
    drawn = _erase(patch)
    middle = columns // 2, rows // 2
    cv2.ellipse(drawn, middle, size, 0, *arc, color=40, thickness=-1 if is_whole else 3)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 1.0), np.uint8)


def _blend(face: Gray, where: tuple[float, ...], change: Callable[[Gray], Any]) -> Gray:
    """Replace a part of a face by what `change` makes of it, with soft borders."""
    rows, columns = face.shape
    top, bottom = (round(share * rows) for share in where[:2])
    left, right = (round(share * columns) for share in where[2:])
    changed: NDArray[Any] = face.copy()
    mask: NDArray[Any] = np.zeros(face.shape, np.float32)
    changed[top:bottom, left:right] = change(face[top:bottom, left:right])
    mask[top + 4 : bottom - 4, left + 4 : right - 4] = 1
    mask = cv2.GaussianBlur(mask, (0, 0), 2.5)
    return np.asarray(face * (1 - mask) + changed * mask, np.uint8)


def _cut(portrait: Gray, random: np.random.Generator) -> Gray:
    """Turn, scale, move and mirror, to 48x48."""
    rows, columns = portrait.shape
    turn, scale = random.uniform(-15, 15), FACE_PX / (rows * FACE_SHARE) * random.uniform(0.9, 1.2)
    matrix: NDArray[Any] = cv2.getRotationMatrix2D((columns / 2, rows / 2), turn, scale)
    matrix[:, 2] += (FACE_PX - np.array([columns, rows])) / 2 + random.uniform(-3, 3, 2)
    if random.random() < 0.5:
        matrix[0] = [-matrix[0, 0], -matrix[0, 1], FACE_PX - 1 - matrix[0, 2]]
    softened = cv2.GaussianBlur(portrait, (0, 0), 0.4 / scale)
    return np.asarray(cv2.warpAffine(softened, matrix, (FACE_PX, FACE_PX)), np.uint8)


def _relight(face: Gray, random: np.random.Generator) -> Gray:
    """Change contrast and brightness, add noise."""
    light = (face.astype(np.float32) - 128) * random.uniform(0.5, 1.4) + random.uniform(90, 165)
    noise = random.normal(0, random.uniform(0, 6), light.shape)
    return np.asarray(np.clip(light + noise, 0, 255), np.uint8)


def _reduce(face: Gray, size: int) -> Gray:
    """To `size` pixels and back to 48."""
    if size == FACE_PX:
        return face
    small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(small, (FACE_PX, FACE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(enlarged, np.uint8)
