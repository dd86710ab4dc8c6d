"""How a network is told how much of the face is real."""

from __future__ import annotations

import torch
from torch import Tensor

FULL_PX = 48.0


def scale_channel(native_px: Tensor, like: Tensor) -> Tensor:
    """Make a constant channel from the native size.

    Args:
        native_px: (N,) side of each face in the frame, in pixels.
        like: (N, C, H, W), whose height and width the channel takes.

    Returns:
        (N, 1, H, W): 0 for 48 px or more, 1/3 for each halving, at most 1 (6 px).
    """
    # Computed for every pixel, though all are alike: ONNX Runtime takes four logarithms at a time,
    # which differ from single ones in the last bit, and so would a face in a batch.
    pixels = native_px.reshape(-1, 1, 1, 1).expand(-1, 1, like.shape[2], like.shape[3])
    size = pixels.clamp(FULL_PX / 8, FULL_PX)
    return (torch.log2(FULL_PX / size) / 3).to(like.dtype)
