"""How good the pictures of a face are, and why a reading of it is not sure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.engines import FACE_PX, SURE_FROM

from ..types import FaceResult, TrackState

SMALL_PX = 24.0
"""Below this a face is small: half of what the model reads has to be made up."""

BLURRED_BELOW = 0.03
"""Sharpness below which a face counts as blurred: that of a sharp one after a blur of 1.5 px."""

DARK_BELOW = 45.0
BRIGHT_ABOVE = 210.0
FLAT_BELOW = 15.0
"""Mean and standard deviation of the gray values, 0 to 255, beyond which a face is hard to see."""

CLOSE = 0.15
"""Two expressions whose probabilities differ by less are close."""

SIZES_PX = (8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 96.0)
"""Where the bars of the histogram of face sizes end."""


class Doubt(StrEnum):
    """Why a face was not read, or not surely."""

    HIDDEN = "hidden"
    UNREAD = "too small to be read"
    SMALL = "small"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "too bright"
    FLAT = "low contrast"
    CLOSE = "between two expressions"
    SPREAD = "like no expression in particular"


class Quality(NamedTuple):
    """How a crop looks.

    Attributes:
        sharpness: variance of the Laplacian over the variance of the gray values.
        mean: of the gray values, 0 to 255.
        deviation: standard deviation of the gray values.
    """

    sharpness: float
    mean: float
    deviation: float


def quality_of(crop: NDArray[np.uint8]) -> Quality:
    """Measure a (48, 48) uint8 gray crop.

    Sharpness after Pech-Pacheco et al. (2000), divided by the contrast so that a dim face does not
    count as a blurred one.
    """
    values = crop.astype(np.float32)
    variance = float(values.var())
    sharpness = float(cv2.Laplacian(values, cv2.CV_32F).var()) / max(variance, 1.0)
    return Quality(sharpness, float(values.mean()), variance**0.5)


def doubt_about(face: FaceResult, quality: Quality | None) -> Doubt | None:
    """Why a face is not read, or not surely; None if it is.

    The material comes first: where it is poor, nothing else can be said.
    """
    if face.track.state is TrackState.LOST:
        return Doubt.HIDDEN
    expression = face.expression
    if expression is None:
        return Doubt.UNREAD
    probabilities = expression.probabilities if face.smoothed is None else face.smoothed
    if float(probabilities.max()) >= SURE_FROM:
        return None
    if expression.native_px < SMALL_PX:
        return Doubt.SMALL
    poor = None if quality is None else _poor(quality, is_large=expression.native_px >= FACE_PX)
    if poor is not None:
        return poor
    second, first = np.sort(probabilities)[-2:]
    return Doubt.CLOSE if first - second < CLOSE else Doubt.SPREAD


def _poor(quality: Quality, *, is_large: bool) -> Doubt | None:
    if quality.mean < DARK_BELOW:
        return Doubt.DARK
    if quality.mean > BRIGHT_ABOVE:
        return Doubt.BRIGHT
    if quality.deviation < FLAT_BELOW:
        return Doubt.FLAT
    # A smaller face is enlarged for the model, and soft for that reason alone.
    return Doubt.BLURRED if is_large and quality.sharpness < BLURRED_BELOW else None


@dataclass(slots=True)
class Material:
    """What the pictures of one face, or of all, were like.

    Attributes:
        frames: in which the face was followed.
        sizes: frames by place in `SIZES_PX`; the last place is what is larger.
        doubts: frames by what was doubtful in them.
        measured: crops whose quality was measured.
        poor: measured crops by what was poor about them.
    """

    frames: int = 0
    sizes: Counter[int] = field(default_factory=Counter)
    doubts: Counter[Doubt] = field(default_factory=Counter)
    measured: int = 0
    poor: Counter[Doubt] = field(default_factory=Counter)

    def add(self, face: FaceResult, doubt: Doubt | None) -> None:
        """Count a frame."""
        self.frames += 1
        if doubt is not None:
            self.doubts[doubt] += 1
        if face.expression is not None:
            self.sizes[int(np.searchsorted(SIZES_PX, face.expression.native_px, "right"))] += 1

    def measure(self, quality: Quality, *, is_large: bool) -> None:
        """Count the quality of a crop."""
        self.measured += 1
        poor = _poor(quality, is_large=is_large)
        if poor is not None:
            self.poor[poor] += 1
