"""FSRCNN: work at low resolution in few channels, enlarge at the very end.

Dong, Loy, Tang: *Accelerating the Super-Resolution Convolutional Neural Network*, ECCV 2016, with
its FSRCNN(d = 56, s = 12, m = 4), PReLUs and 9x9 transposed convolution.

Changed: the paper starts from the small picture. Our face is already interpolated to 48 px, since
one network serves every native size, so pixel-unshuffle by 2 takes the place of the small picture
and the transposed convolution always enlarges by 2. It predicts the residual and sees the native
size; the input is centred and scaled.
"""

from __future__ import annotations

from torch import Tensor, nn

from .conditioning import OUTPUT_GAIN, halve_centered_face, zero_


class FSRCNN(nn.Module):
    """Extracts, shrinks, maps, expands, enlarges.

    Args:
        width: channels of extraction and expansion (d in the paper).
        shrunk: channels of the mapping (s).
        depth: 3x3 convolutions of the mapping (m).
    """

    def __init__(self, width: int = 56, shrunk: int = 12, depth: int = 4) -> None:
        super().__init__()
        convs = [nn.Conv2d(5, width, 5, padding=2), nn.Conv2d(width, shrunk, 1)]
        convs += [nn.Conv2d(shrunk, shrunk, 3, padding=1) for _ in range(depth)]
        convs += [nn.Conv2d(shrunk, width, 1)]
        layers: list[nn.Module] = []
        for conv in convs:
            nn.init.kaiming_normal_(conv.weight, a=0.25)  # the slope that PReLU starts from
            layers += [conv, nn.PReLU(conv.out_channels)]
        self.body = nn.Sequential(*layers)
        self.tail = nn.ConvTranspose2d(width, 1, 9, stride=2, padding=4, output_padding=1)
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
        residual: Tensor = self.tail(features) * OUTPUT_GAIN
        return residual
