"""Super-resolution and expression recognition as one network, trained and deployed together."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from .fer_network import FERNetwork, Reading


class CascadeOutput(NamedTuple):
    """What the cascade computes.

    Attributes:
        logits: (N, 8) class scores.
        restored: (N, 1, 48, 48) faces that the expression network saw, about 0..1.
        stages: what each stage of the expression network gave.
    """

    logits: Tensor
    restored: Tensor
    stages: tuple[Tensor, ...]

    @property
    def reading(self) -> Reading:
        """What the expression network made of the restored faces."""
        return Reading(self.stages, self.logits)


class Cascade(nn.Module):
    """Restores a face, then reads its expression.

    Args:
        sr: maps faces (N, 1, 48, 48) and native_px (N,) to a residual of the same shape.
        fer: maps faces (N, 1, 48, 48) and native_px (N,) to logits (N, 8).
    """

    def __init__(self, sr: nn.Module, fer: FERNetwork) -> None:
        super().__init__()
        self.sr = sr
        self.fer = fer

    def restore(self, faces: Tensor, native_px: Tensor, sr_gain: Tensor) -> Tensor:
        """Only restore: (N, 1, 48, 48); arguments as those of `forward`."""
        residual: Tensor = self.sr(faces, native_px)
        return faces + sr_gain.to(residual.dtype).reshape(-1, 1, 1, 1) * residual

    def forward(self, faces: Tensor, native_px: Tensor, sr_gain: Tensor) -> CascadeOutput:
        """Restore and classify.

        Args:
            faces: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
            native_px: (N,) side of each face in the frame, in pixels.
            sr_gain: (N,) 1 to restore, 0 to pass the interpolated face on as it is.
        """
        restored = self.restore(faces, native_px, sr_gain)
        reading = self.fer.read(restored, native_px)
        return CascadeOutput(reading.logits, restored, reading.stages)
