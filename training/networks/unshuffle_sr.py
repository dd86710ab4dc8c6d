"""The default super-resolution network: all convolutions at half resolution, one global residual.

The face arrives already resized to 48x48, whatever its native size, so one network serves every
size. Pixel-unshuffle moves 2x2 blocks into channels (Shi et al., ESPCN, CVPR 2016, in reverse),
which makes each convolution four times cheaper at the same width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .scale import scale_channel

INPUT_GAIN = 8.0
OUTPUT_GAIN = 0.1
"""What was lost is small beside the face itself. With the face's mean taken off and both ends
scaled to about 1, the network learns in hundreds of steps what otherwise takes it thousands."""


class UnshuffleSR(nn.Module):
    """Predicts what bicubic interpolation lost.

    Args:
        width: channels of the body at 24x24.
        depth: number of width-to-width 3x3 convolutions.
    """

    def __init__(self, width: int = 24, depth: int = 4) -> None:
        super().__init__()
        self.head = nn.Conv2d(5, width, 3, padding=1)
        body = [nn.Conv2d(width, width, 3, padding=1) for _ in range(depth)]
        self.body = nn.ModuleList(body)
        self.tail = nn.Conv2d(width, 4, 3, padding=1)
        for conv in (self.head, *body):
            nn.init.kaiming_normal_(conv.weight)
        for conv in body:
            conv.weight.data.mul_(0.5)  # they add to a shortcut; the sum has to keep its size
        # Zero at first: training starts from plain bicubic interpolation, never from noise.
        nn.init.zeros_(self.tail.weight)
        for conv in (self.head, *body, self.tail):
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)

    def forward(self, faces: Tensor, native_px: Tensor) -> Tensor:
        """Predict the residual to add to the interpolated faces.

        Args:
            faces: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
            native_px: (N,) side of each face before interpolation, in pixels.

        Returns:
            (N, 1, 48, 48), about -1..1.
        """
        centered = faces - faces.mean(dim=(1, 2, 3), keepdim=True)
        blocks = functional.pixel_unshuffle(centered * INPUT_GAIN, 2)
        features = torch.cat([blocks, scale_channel(native_px, blocks)], dim=1)
        features = functional.relu(self.head(features))
        for conv in self.body:
            features = functional.relu(conv(features)) + features
        return functional.pixel_shuffle(self.tail(features) * OUTPUT_GAIN, 2)
