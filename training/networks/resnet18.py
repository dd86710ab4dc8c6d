"""ResNet-18 for small gray faces.

He, Zhang, Ren, Sun: *Deep Residual Learning for Image Recognition*, CVPR 2016. Changed: a 3x3 stem
without stride and no max-pooling, as is usual for small pictures, so the stages work at 48, 24, 12
and 6 px; it sees the native size; dropout before the classifier.

For comparison only: 1.25 G multiply-accumulates a face, twenty times what a deployed pair may cost.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from srfer.engines import LABELS

from .conditioning import read_face
from .fer_network import FERNetwork
from .residual_fer import ResidualBlock


class ResNet18(FERNetwork):
    """Reads the expression from a 48x48 face.

    Args:
        dropout: share of pooled features dropped while training.
    """

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        widths = (64, 128, 256, 512)
        self.stem = nn.Conv2d(2, widths[0], 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        self.stages = nn.ModuleList()
        channels = widths[0]
        for stage, width in enumerate(widths):
            first = ResidualBlock(channels, width, stride=1 if stage == 0 else 2)
            self.stages.append(nn.Sequential(first, ResidualBlock(width, width, stride=1)))
            channels = width
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, len(LABELS))

    def extract(self, faces: Tensor, native_px: Tensor) -> tuple[Tensor, ...]:
        """Compute what each stage gives; see `FERNetwork`."""
        features = functional.relu(self.stem_norm(self.stem(read_face(faces, native_px))))
        given = []
        for stage in self.stages:
            features = stage(features)
            given.append(features)
        return tuple(given)

    def classify(self, features: Tensor) -> Tensor:
        """Compute class scores from the last stage; see `FERNetwork`."""
        logits: Tensor = self.classifier(self.dropout(features.mean(dim=(2, 3))))
        return logits
