"""What an engine says about one face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LABELS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""The eight expressions in FER+'s order, which is the order of every probability vector."""

FACE_PX = 48
"""Side of the square gray crop that every model reads, in pixels."""

SURE_FROM = 0.5
"""Confidence at or above which a reading counts as sure: right at least as often as wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """The expression read from one face crop. Its arrays are read-only, since threads share them.

    Attributes:
        probabilities: (8,) float32, sums to 1, in the order of `LABELS`, calibrated.
        native_px: side of the crop in the frame, in pixels: how much of it is real.
        expected_accuracy: share of faces of this size that the model labels correctly,
            measured on validation data, 0..1.
        restored: (48, 48) uint8, the face as it was read, after super-resolution where there was
            any, or None if not kept.
    """

    probabilities: NDArray[np.float32]
    native_px: float
    expected_accuracy: float
    restored: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        shape = self.probabilities.shape
        if shape != (len(LABELS),):
            raise ValueError(f"probabilities must have shape ({len(LABELS)},), not {shape}")
        if not np.isfinite(self.probabilities).all():
            raise ValueError("probabilities must be finite numbers")
        if not self.native_px > 0:
            raise ValueError(f"native_px must be positive, not {self.native_px}")
        self.probabilities.flags.writeable = False
        if self.restored is not None:
            if self.restored.shape != (FACE_PX, FACE_PX) or self.restored.dtype != np.uint8:
                raise ValueError(f"restored must be ({FACE_PX}, {FACE_PX}) uint8")
            self.restored.flags.writeable = False

    @property
    def label(self) -> str:
        """The most probable expression."""
        return LABELS[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """Calibrated probability of `label`, 0..1."""
        return float(self.probabilities.max())

    @property
    def is_sure(self) -> bool:
        """True where the label is more likely right than wrong."""
        return self.confidence >= SURE_FROM

    def __repr__(self) -> str:
        return (
            f"Expression({self.label!r}, confidence={self.confidence:.2f}, "
            f"native_px={self.native_px:.1f}, expected_accuracy={self.expected_accuracy:.2f})"
        )
