"""SPAN: attention without parameters, read off the features themselves.

Wan et al.: *Swift Parameter-free Attention Network for Efficient Super-Resolution*, CVPR Workshops
2024. A block's last convolution is its own attention: its output, through a sigmoid made odd,
weighs the sum of itself and the block's input, so strong responses of either sign are kept.
Kernels are 1x1-3x3-1x1 products beside a 1x1 while training.

Changed: 3 blocks of 16 channels (the paper: 6 of 48) at half resolution by pixel-unshuffle; what
the head, the first and the last block give is fused; kernels are merged before the convolution
(see `merged_conv`); it sees the native size; the input is centred and scaled.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .conditioning import OUTPUT_GAIN, halve_centered_face, zero_
from .merged_conv import MergedConv


class ProductKernel(nn.Module):
    """The kernel of 1x1, 3x3 and 1x1 one after the other, beside a 1x1.

    Args:
        channels_in: C_in.
        channels_out: C_out.
        expansion: how much wider it is inside.
    """

    def __init__(self, channels_in: int, channels_out: int, expansion: int = 2) -> None:
        super().__init__()
        wide_in, wide_out = expansion * channels_in, expansion * channels_out
        self.widen = nn.Parameter(torch.empty(wide_in, channels_in))
        self.spatial = nn.Parameter(torch.empty(wide_out, wide_in, 3, 3))
        self.narrow = nn.Parameter(torch.empty(channels_out, wide_out))
        self.skip = nn.Parameter(torch.empty(channels_out, channels_in))
        nn.init.kaiming_normal_(self.spatial)
        for matrix in (self.widen, self.narrow, self.skip):
            nn.init.normal_(matrix, std=matrix.shape[1] ** -0.5)

    def forward(self) -> Tensor:
        """Merge the branches: (C_out, C_in, 3, 3)."""
        product = torch.einsum("op,pqyx,qi->oiyx", self.narrow, self.spatial, self.widen)
        return product + functional.pad(self.skip[:, :, None, None], (1, 1, 1, 1))


class AttentionBlock(nn.Module):
    """Three convolutions, the last of which weighs the result.

    Args:
        width: channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = MergedConv(ProductKernel(width, width), width)
        self.conv2 = MergedConv(ProductKernel(width, width), width)
        self.conv3 = MergedConv(ProductKernel(width, width), width)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        out = functional.silu(self.conv1(features))
        out = self.conv3(functional.silu(self.conv2(out)))
        attention = torch.sigmoid(out) - 0.5
        weighed: Tensor = (out + features) * attention
        return weighed


class SPAN(nn.Module):
    """Predicts what bicubic interpolation lost.

    Args:
        width: channels of the body at 24x24.
        depth: number of attention blocks, at least 2.
    """

    def __init__(self, width: int = 16, depth: int = 3) -> None:
        super().__init__()
        self.head = MergedConv(ProductKernel(5, width), width)
        self.blocks = nn.ModuleList(AttentionBlock(width) for _ in range(depth))
        self.fuse = nn.Conv2d(3 * width, width, 1)
        self.tail = nn.Conv2d(width, 4, 3, padding=1)
        zero_(self.tail)

    def forward(self, faces: Tensor, native_px: Tensor) -> Tensor:
        """Predict the residual to add to the interpolated faces.

        Args:
            faces: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
            native_px: (N,) side of each face before interpolation, in pixels.

        Returns:
            (N, 1, 48, 48), about -1..1.
        """
        features = [self.head(halve_centered_face(faces, native_px))]
        for block in self.blocks:
            features.append(block(features[-1]))
        fused = self.fuse(torch.cat([features[0], features[1], features[-1]], dim=1))
        return functional.pixel_shuffle(self.tail(fused) * OUTPUT_GAIN, 2)
