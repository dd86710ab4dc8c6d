"""The default super-resolution network: all convolutions at half resolution, one global residual.

The face arrives already resized to 48x48, whatever its native size, so one network serves every
size. Pixel-unshuffle moves 2x2 blocks into channels (Shi et al., ESPCN, CVPR 2016, in reverse),
which makes each convolution four times cheaper at the same width.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from .conditioning import OUTPUT_GAIN, halve_centered_face, zero_


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
            if conv.bias is not None:
                nn.init.zeros_(conv.bias)
        for conv in body:
            conv.weight.data.mul_(0.5)  # they add to a shortcut; the sum has to keep its size
        zero_(self.tail)

    def forward(self, faces: Tensor, native_px: Tensor) -> Tensor:
        """Predict the residual to add to the interpolated faces.

        Args:
            faces: (N, 1, 48, 48) in 0..1, interpolated to 48 px.
            native_px: (N,) side of each face before interpolation, in pixels.

        Returns:
            (N, 1, 48, 48), about -1..1.
        """
        features = functional.relu(self.head(halve_centered_face(faces, native_px)))
        for conv in self.body:
            features = functional.relu(conv(features)) + features
        return functional.pixel_shuffle(self.tail(features) * OUTPUT_GAIN, 2)
