"""A convolution whose kernel is the sum of several branches, merged before it is applied.

Branches without anything nonlinear between them are one convolution. The usual way runs each of
them while training and merges the kernels afterwards; merging them first and convolving once (Hu
et al., *Online Convolutional Re-parameterization*, CVPR 2022) gives the same function and the same
gradients for the price of a single convolution.

Each block has one bias, at its end. Biases inside branches would only add up to that one, and a
branch that pads with zeros *after* an inner bias could not be folded exactly at the border.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class MergedConv(nn.Module):
    """A 3x3 convolution with padding 1.

    Args:
        kernel: called without arguments; gives the merged kernel (C_out, C_in, 3, 3).
        channels_out: C_out.
    """

    def __init__(self, kernel: nn.Module, channels_out: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.bias = nn.Parameter(torch.zeros(channels_out))

    def forward(self, features: Tensor) -> Tensor:
        """(N, C_in, H, W) -> (N, C_out, H, W)."""
        return functional.conv2d(features, self.kernel(), self.bias, padding=1)

    def folded(self) -> nn.Conv2d:
        """The same function as a plain convolution, for use without training."""
        kernel: Tensor = self.kernel().detach()
        conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
        conv.weight = nn.Parameter(kernel.clone())
        conv.bias = nn.Parameter(self.bias.detach().clone())
        return conv
