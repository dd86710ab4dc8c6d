"""The default expression network: a compact residual net of dense 3x3 convolutions.

Dense 3x3 convolutions with channels a multiple of 8 run at the processor's peak on every runtime
that srfer knows; depthwise ones do not. The blocks are those of He et al. (ResNet, CVPR 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from srfer.engines import LABELS

from .fer_network import FERNetwork
from .scale import scale_channel


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions round a shortcut.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        stride: 1, or 2 to halve height and width.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, features: Tensor) -> Tensor:
        """(N, C_in, H, W) -> (N, C_out, H/stride, W/stride)."""
        out = functional.relu(self.norm1(self.conv1(features)))
        out = self.norm2(self.conv2(out))
        return functional.relu(out + self.shortcut(features))


class ResidualFER(FERNetwork):
    """Reads the expression from a 48x48 face.

    Args:
        widths: channels of the stages at 24, 12, 6 and 3 px.
        blocks: residual blocks in each stage.
        dropout: share of pooled features dropped while training.
    """

    def __init__(
        self,
        widths: Sequence[int] = (32, 64, 128, 256),
        blocks: Sequence[int] = (1, 1, 2, 1),
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(5, widths[0], 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        stages: list[nn.Module] = []
        channels = widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            layers = []
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(ResidualBlock(channels, width, stride))
                channels = width
            stages.append(nn.Sequential(*layers))
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, len(LABELS))

    def extract(self, faces: Tensor, native_px: Tensor) -> tuple[Tensor, ...]:
        """Compute what each stage gives; see `FERNetwork`."""
        blocks = functional.pixel_unshuffle((faces - 0.5) * 4.0, 2)
        features = torch.cat([blocks, scale_channel(native_px, blocks)], dim=1)
        features = functional.relu(self.stem_norm(self.stem(features)))
        given = []
        for stage in self.stages:
            features = stage(features)
            given.append(features)
        return tuple(given)

    def classify(self, features: Tensor) -> Tensor:
        """Compute class scores from the last stage; see `FERNetwork`."""
        logits: Tensor = self.classifier(self.dropout(features.mean(dim=(2, 3))))
        return logits
