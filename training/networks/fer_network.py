"""What every expression network offers beside its answer: the way there, stage by stage."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from torch import Tensor, nn


class Reading(NamedTuple):
    """What an expression network makes of faces.

    Attributes:
        stages: what each stage gave, (N, C, H, W) from fine to coarse.
        logits: (N, 8) in the order of `LABELS`.
    """

    stages: tuple[Tensor, ...]
    logits: Tensor


class FERNetwork(nn.Module):
    """Reads the expression from a 48x48 face in stages.

    The stages are what consistency losses compare (`training.losses`), and what a temporal head
    builds on.

    Attributes:
        classifier: the last layer, from deep features to logits.
    """

    classifier: nn.Linear

    @abstractmethod
    def extract(self, faces: Tensor, native_px: Tensor) -> tuple[Tensor, ...]:
        """Compute what each stage gives.

        Args:
            faces: (N, 1, 48, 48), about 0..1.
            native_px: (N,) side of each face in the frame, in pixels.

        Returns:
            per stage (N, C, H, W), from fine to coarse.
        """

    @abstractmethod
    def classify(self, features: Tensor) -> Tensor:
        """Compute class scores from what the last stage gave.

        Args:
            features: (N, C, H, W).

        Returns:
            (N, 8) logits in the order of `LABELS`.
        """

    def read(self, faces: Tensor, native_px: Tensor) -> Reading:
        """Classify, and keep what the stages gave; arguments as those of `extract`."""
        stages = self.extract(faces, native_px)
        return Reading(stages, self.classify(stages[-1]))

    def forward(self, faces: Tensor, native_px: Tensor) -> Tensor:
        """Classify: (N, 1, 48, 48) and (N,) -> (N, 8) logits."""
        return self.read(faces, native_px).logits
