"""Super-resolution and expression recognition as one network, trained and deployed together."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class CascadeOutput(NamedTuple):
    """What the cascade computes.

    Attributes:
        logits: (N, 8) class scores.
        restored: (N, 1, 48, 48) faces that the expression network saw, about 0..1.
    """

    logits: Tensor
    restored: Tensor


class Cascade(nn.Module):
    """Restores a face, then reads its expression.

    Args:
        sr: maps faces (N, 1, 48, 48) and native_px (N,) to a residual of the same shape.
        fer: maps faces (N, 1, 48, 48) and native_px (N,) to logits (N, 8).
    """

    def __init__(self, sr: nn.Module, fer: nn.Module) -> None:
        super().__init__()
        self.sr = sr
        self.fer = fer

    def forward(self, faces: Tensor, native_px: Tensor, sr_gain: Tensor) -> CascadeOutput:
        """Restore and classify.

        Args:
            faces: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
            native_px: (N,) side of each face in the frame, in pixels.
            sr_gain: (N,) 1 to restore, 0 to pass the interpolated face on as it is.
        """
        residual = self.sr(faces, native_px)
        restored = faces + sr_gain.to(residual.dtype).reshape(-1, 1, 1, 1) * residual
        return CascadeOutput(self.fer(restored, native_px), restored)
