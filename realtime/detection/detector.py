"""The contract that every face detector follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..stage import Part
from ..types import Face, RgbImage


class Detector(Part, Protocol):
    """Finds faces in pictures. It remembers nothing from one picture to the next."""

    @property
    def name(self) -> str:
        """Short lower-case name."""
        ...

    @property
    def detect_px(self) -> int:
        """Long side at which a picture is searched, in pixels.

        Larger pictures are scaled down to it; smaller ones are searched as they are.
        """
        ...

    @property
    def least_face_px(self) -> float:
        """Side (root of the area) of the smallest faces that it finds reliably.

        In pixels of the picture that is searched, which may have been scaled down.
        """
        ...

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        """Find the faces in a batch of pictures.

        Args:
            images: each (H, W, 3) uint8 RGB. Their sizes may differ, but the whole batch costs
                as much as if all were as large as the largest.

        Returns:
            For each picture its faces, the most certain first, in pixels of the picture as given.

        Raises:
            EngineError: the detector is not open, or its runtime failed.
        """
        ...
