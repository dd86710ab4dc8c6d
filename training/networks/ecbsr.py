"""ECBSR: plain 3x3 convolutions in use, edge filters beside them while training.

Zhang, Zeng, Zhang: *Edge-oriented Convolution Block for Real-time Super Resolution on Mobile
Devices*, ACM Multimedia 2021. Each block is the sum of a 3x3 kernel, a wider 1x1-3x3 pair, and
1x1 kernels before a scaled Sobel (x and y) and Laplacian filter.

Changed: half resolution by pixel-unshuffle instead of a small picture; branches are merged before
the convolution and have one bias (see `merged_conv`); the last layer is a plain convolution that
starts at zero; it sees the native size; the input is centred and scaled.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .conditioning import OUTPUT_GAIN, halve_centered_face, zero_
from .merged_conv import MergedConv

EDGE_FILTERS = (
    ((1.0, 0.0, -1.0), (2.0, 0.0, -2.0), (1.0, 0.0, -1.0)),
    ((1.0, 2.0, 1.0), (0.0, 0.0, 0.0), (-1.0, -2.0, -1.0)),
    ((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0)),
)
"""Sobel in x, Sobel in y, Laplacian."""


class EdgeKernel(nn.Module):
    """The kernel of an edge-oriented block.

    Args:
        channels_in: C_in.
        channels_out: C_out.
        expansion: channels between 1x1 and 3x3, as a multiple of C_out.
    """

    filters: Tensor

    def __init__(self, channels_in: int, channels_out: int, expansion: int = 2) -> None:
        super().__init__()
        middle = expansion * channels_out
        self.direct = nn.Parameter(torch.empty(channels_out, channels_in, 3, 3))
        self.widen = nn.Parameter(torch.empty(middle, channels_in))
        self.narrow = nn.Parameter(torch.empty(channels_out, middle, 3, 3))
        self.mix = nn.Parameter(torch.empty(len(EDGE_FILTERS), channels_out, channels_in))
        # Small: edges come to what the two other branches, which share He's variance, begin with.
        self.strength = nn.Parameter(torch.full((len(EDGE_FILTERS), channels_out), 0.05))
        self.register_buffer("filters", torch.tensor(EDGE_FILTERS), persistent=False)
        for kernel in (self.direct, self.narrow):
            nn.init.kaiming_normal_(kernel, a=0.25)
            kernel.data.mul_(0.5**0.5)
        for kernel in (self.widen, self.mix):
            nn.init.normal_(kernel, std=channels_in**-0.5)

    def forward(self) -> Tensor:
        """Merge the branches: (C_out, C_in, 3, 3)."""
        pair = torch.einsum("omyx,mi->oiyx", self.narrow, self.widen)
        edges = torch.einsum("bo,boi,byx->oiyx", self.strength, self.mix, self.filters)
        return self.direct + pair + edges


class ECBSR(nn.Module):
    """Predicts what bicubic interpolation lost.

    Args:
        width: channels of the body at 24x24.
        depth: number of width-to-width blocks.
    """

    def __init__(self, width: int = 24, depth: int = 4) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (5, *[width] * depth):
            layers += [MergedConv(EdgeKernel(channels, width), width), nn.PReLU(width)]
        self.body = nn.Sequential(*layers)
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
        features = self.body(halve_centered_face(faces, native_px))
        return functional.pixel_shuffle(self.tail(features) * OUTPUT_GAIN, 2)
