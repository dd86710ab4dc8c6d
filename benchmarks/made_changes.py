"""Faces that change their expression at a known moment, made of validation faces.

Clips show few changes that last. Here one face gives way to another one of another majority label,
and both move, turn, flicker and are noisy as a camera's picture of them is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.training.data import load_faces

SIDE_PX = 48
SIZES_PX = (48, 24, 16)
FRAMES = 60
CHANGES_AT = 30
FPS = 25
SEED = 0


class Change(NamedTuple):
    """A face of `native_px` that becomes another one: times in seconds and its crops."""

    native_px: float
    times_s: list[float]
    crops: list[NDArray[np.uint8]]


def make_changes(data: Path, per_size: int) -> Iterator[Change]:
    """So many changes of each size, always the same ones."""
    faces = load_faces(data, "validation")
    images, labels = faces.images.numpy()[:, 0], faces.majority.numpy()
    known = np.flatnonzero(labels >= 0)
    dice = np.random.default_rng(SEED)
    times_s = [index / FPS for index in range(FRAMES)]
    for side_px in SIZES_PX:
        for _ in range(per_size):
            before, after = dice.choice(known, 2)
            while labels[before] == labels[after]:
                before, after = dice.choice(known, 2)
            shown = [images[before]] * CHANGES_AT + [images[after]] * (FRAMES - CHANGES_AT)
            yield Change(float(side_px), times_s, list(_film(shown, side_px, dice)))


def _film(
    shown: list[NDArray[np.uint8]], side_px: int, dice: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    place = np.zeros(2)
    for face in shown:
        place = 0.8 * place + dice.normal(0, 0.6, 2)
        centre = ((SIDE_PX - 1) / 2, (SIDE_PX - 1) / 2)
        matrix: Any = cv2.getRotationMatrix2D(
            centre, dice.normal(0, 0.6), np.exp(dice.normal(0, 0.012))
        )
        matrix[:, 2] += place
        moved: Any = cv2.warpAffine(
            face, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        seen = cv2.resize(moved, (side_px, side_px), interpolation=cv2.INTER_AREA)
        noisy = seen * np.exp(dice.normal(0, 0.02)) + dice.normal(0, 2.5, seen.shape)
        small = noisy.round().clip(0, 255).astype(np.uint8)
        yield np.asarray(cv2.resize(small, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC))
