"""No super-resolution: the expression network reads the interpolated face.

What every comparison starts from, and what a teacher is trained with: it reads originals, where
there is nothing to restore.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class NoSR(nn.Module):
    """Adds nothing."""

    def forward(self, faces: Tensor, native_px: Tensor) -> Tensor:
        """Predict the residual to add to the interpolated faces: none.

        Args:
            faces: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
            native_px: (N,) side of each face before interpolation, in pixels; not looked at.

        Returns:
            (N, 1, 48, 48), all zero.
        """
        del native_px
        return torch.zeros_like(faces)
