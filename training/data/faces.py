"""What every data set becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Split = Literal["training", "validation"]


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Labelled faces.

    Attributes:
        images: (N, 1, 48, 48) uint8, gray.
        votes: (N, 8) float32, the distribution of votes over `srfer.engines.LABELS`; rows sum to 1.
            One vote where a data set has a single label for each face.
        majority: (N,) int64, the class of the majority, -1 where there is none.
        source: what data set the faces are from, in words; goes into models trained on them.
    """

    images: Tensor
    votes: Tensor
    majority: Tensor
    source: str = "unnamed faces"

    def __len__(self) -> int:
        return int(self.images.shape[0])
