"""SRCNN, the first super-resolution network: three convolutions on the interpolated picture.

Dong, Loy, He, Tang: *Learning a Deep Convolutional Network for Image Super-Resolution*, ECCV 2014,
with its kernels 9-1-5 and widths 64 and 32. Changed: it predicts the residual, sees the native
size, is padded to keep the borders, and starts from He's weights; the input is centred and scaled.

For comparison only: at full resolution it costs 30.4 M multiply-accumulates, more than twice what
the others cost, and with the default expression network more than the 60 M of a deployed pair.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .conditioning import OUTPUT_GAIN, center_face, zero_
from .scale import scale_channel


class SRCNN(nn.Module):
    """Extracts patches, maps them, and rebuilds the face from them.

    Args:
        patches: channels after the 9x9 convolution.
        mapped: channels after the 1x1 convolution.
    """

    def __init__(self, patches: int = 64, mapped: int = 32) -> None:
        super().__init__()
        self.extract = nn.Conv2d(2, patches, 9, padding=4)
        self.map = nn.Conv2d(patches, mapped, 1)
        self.tail = nn.Conv2d(mapped, 1, 5, padding=2)
        for conv in (self.extract, self.map):
            nn.init.kaiming_normal_(conv.weight)
        zero_(self.tail)

    def forward(self, faces: Tensor, native_px: Tensor) -> Tensor:
        """Predict the residual to add to the interpolated faces.

        Args:
            faces: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
            native_px: (N,) side of each face before interpolation, in pixels.

        Returns:
            (N, 1, 48, 48), about -1..1.
        """
        features = torch.cat([center_face(faces), scale_channel(native_px, faces)], dim=1)
        features = functional.relu(self.extract(features))
        features = functional.relu(self.map(features))
        residual: Tensor = self.tail(features) * OUTPUT_GAIN
        return residual
