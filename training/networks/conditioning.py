"""What every network is given: a scaled face beside the channel that tells its native size."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .scale import scale_channel

INPUT_GAIN = 8.0
OUTPUT_GAIN = 0.1
"""What was lost is small beside the face itself. With the face's mean taken off and both ends
scaled to about 1, the network learns in hundreds of steps what otherwise takes it thousands."""


def center_face(faces: Tensor) -> Tensor:
    """Take the mean off each face and scale what is left, as super-resolution wants it.

    Args:
        faces: (N, 1, 48, 48) in 0..1.

    Returns:
        (N, 1, 48, 48), about -3..3, with mean 0.
    """
    centered: Tensor = (faces - faces.mean(dim=(1, 2, 3), keepdim=True)) * INPUT_GAIN
    return centered


def halve_centered_face(faces: Tensor, native_px: Tensor) -> Tensor:
    """Prepare the input of a super-resolution network that works at half resolution.

    Args:
        faces: (N, 1, 48, 48) in 0..1.
        native_px: (N,) side of each face before interpolation, in pixels.

    Returns:
        (N, 5, 24, 24): each 2x2 block of the centred face as four channels, and the native size.
    """
    blocks = functional.pixel_unshuffle(center_face(faces), 2)
    return torch.cat([blocks, scale_channel(native_px, blocks)], dim=1)


def read_face(faces: Tensor, native_px: Tensor) -> Tensor:
    """Prepare the input of an expression network that works at full resolution.

    Args:
        faces: (N, 1, 48, 48), about 0..1.
        native_px: (N,) side of each face in the frame, in pixels.

    Returns:
        (N, 2, 48, 48): the face, about -2..2, and the native size.
    """
    return torch.cat([(faces - 0.5) * 4.0, scale_channel(native_px, faces)], dim=1)


def zero_(conv: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Make a last layer give zero: training starts from plain interpolation, never from noise."""
    nn.init.zeros_(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
