"""The VGG13 with which the FER+ labels were introduced.

Barsoum, Zhang, Canton Ferrer, Zhang: *Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution*, ICMI 2016: ten convolutions in four stages, two hidden layers of
1024, dropout after each stage and hidden layer. Changed: 48x48 instead of 64x64, so the last stage
ends at 3x3; batch norms, also in the hidden layers, without which it hardly learns at the rate of
the others; it sees the native size.

For comparison only: 0.5 G multiply-accumulates a face, eight times what a deployed pair may cost.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from srfer.engines import LABELS

from .conditioning import read_face
from .fer_network import FERNetwork


class VGG13(FERNetwork):
    """Reads the expression from a 48x48 face."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        channels = 2
        for width, count in ((64, 2), (128, 2), (256, 3), (256, 3)):
            layers: list[nn.Module] = []
            for _ in range(count):
                conv = nn.Conv2d(channels, width, 3, padding=1, bias=False)
                nn.init.kaiming_normal_(conv.weight)
                layers += [conv, nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
            self.stages.append(nn.Sequential(*layers))
        self.dropout = nn.Dropout(0.25)
        self.hidden = nn.Sequential(
            nn.Linear(channels * 3 * 3, 1024, bias=False),
            nn.BatchNorm1d(1024),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(1024, 1024, bias=False),
            nn.BatchNorm1d(1024),
            nn.ReLU(),
            nn.Dropout(0.5),
        )
        self.classifier = nn.Linear(1024, len(LABELS))

    def extract(self, faces: Tensor, native_px: Tensor) -> tuple[Tensor, ...]:
        """Compute what each stage gives; see `FERNetwork`."""
        features = read_face(faces, native_px)
        given = []
        for stage in self.stages:
            features = self.dropout(functional.max_pool2d(stage(features), 2))
            given.append(features)
        return tuple(given)

    def classify(self, features: Tensor) -> Tensor:
        """Compute class scores from the last stage; see `FERNetwork`."""
        logits: Tensor = self.classifier(self.hidden(features.flatten(1)))
        return logits
