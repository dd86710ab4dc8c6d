"""Reading an expression from the last frames of a track instead of from one face.

After Hasani, Mahoor: *Facial Expression Recognition Using Enhanced Deep 3D Convolutional Neural
Networks*, CVPR Workshops 2017, whose 3-D Inception-ResNet reads ten frames. Changed: it builds on
what a per-frame network made of each face instead of on pixels; it is small; landmarks and the LSTM
are left out; normalisation looks at one place of one frame only, so that neither the padding of a
short track nor the other tracks of a batch can be felt; each frame comes with what changed since
the one before, without which it was far slower to learn an order; it corrects the per-frame answer.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from srfer.engines import LABELS

from .cascade import Cascade

FRAMES = 8
"""How many frames of a track are read if nobody says otherwise."""


class FrameReadings(NamedTuple):
    """What the per-frame cascade made of each frame.

    Attributes:
        features: (N, T, C, H, W), of the expression network's last stage.
        newest: (N, 8) logits of the newest frame.
    """

    features: Tensor
    newest: Tensor


class InceptionBlock(nn.Module):
    """Two branches of 3x3x3 convolutions round a shortcut.

    One branch sees a frame to each side, the other two; so a movement is met at two speeds.

    Args:
        width: channels, even.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = nn.Conv3d(width, width // 2, 3, padding=1)
        self.far1 = nn.Conv3d(width, width // 2, 3, padding=1)
        self.far2 = nn.Conv3d(width // 2, width // 2, 3, padding=1)
        self.merge = nn.Conv3d(width, width, 1)

    def forward(self, features: Tensor, shown: Tensor) -> Tensor:
        """(N, C, T, H, W), and (N, 1, T, 1, 1) that is 0 where there is no frame, 1 elsewhere."""
        near = functional.relu(self.near(features))
        # A bias makes something out of nothing, which the next convolution must not see.
        far = functional.relu(self.far1(features)) * shown
        far = functional.relu(self.far2(far))
        merged = self.merge(torch.cat([near, far], dim=1))
        return functional.relu(features + merged) * shown


class TemporalHead(nn.Module):
    """Corrects the reading of the newest frame by what the frames before it show.

    Before training the correction is exactly zero.

    Args:
        channels: C, of the per-frame features.
        width: channels of the 3-D convolutions, even.
        blocks: how many there are; each sees two frames further to either side.
        dropout: share of pooled features dropped while training.
    """

    def __init__(
        self, channels: int, width: int = 64, blocks: int = 2, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)  # over channels alone: features of any network fit
        self.reduce = nn.Linear(2 * channels, width)
        self.blocks = nn.ModuleList(InceptionBlock(width) for _ in range(blocks))
        self.dropout = nn.Dropout(dropout)
        self.correct = nn.Linear(width, len(LABELS))
        nn.init.zeros_(self.correct.weight)
        nn.init.zeros_(self.correct.bias)

    def forward(self, features: Tensor, mask: Tensor, newest: Tensor) -> Tensor:
        """Classify each track.

        Args:
            features: (N, T, C, H, W), oldest frame first; whatever it holds where there is no
                frame is not looked at.
            mask: (N, T) bool, which frames there are; the last one always is.
            newest: (N, 8) logits of the newest frame.

        Returns:
            (N, 8) logits in the order of `LABELS`.
        """
        # Not times 0, since it may be NaN.
        known = features.masked_fill(~mask[:, :, None, None, None], 0.0)
        normed = self.norm(known.movedim(2, -1))
        change = (normed[:, 1:] - normed[:, :-1]) * mask[:, :-1, None, None, None]
        changed = functional.pad(change, (0, 0, 0, 0, 0, 0, 1, 0))
        reduced = functional.relu(self.reduce(torch.cat([normed, changed], dim=-1)))
        shown = mask[:, None, :, None, None].to(reduced.dtype)
        reduced = reduced.movedim(-1, 1) * shown
        for block in self.blocks:
            reduced = block(reduced, shown)
        pooled = reduced.mean(dim=(3, 4)).sum(dim=2) / shown.sum(dim=2).flatten(1)
        corrected: Tensor = newest + self.correct(self.dropout(pooled))
        return corrected


class TemporalFER(nn.Module):
    """A frozen per-frame cascade and a temporal head, as one network.

    Args:
        cascade: put in eval mode, where it stays; its weights no longer ask for gradients.
        head: built for the features of that cascade.
    """

    def __init__(self, cascade: Cascade, head: TemporalHead) -> None:
        super().__init__()
        self.cascade = cascade.requires_grad_(False)
        self.head = head
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set the head's mode; the cascade stays in eval mode."""
        super().train(mode)
        self.cascade.eval()
        return self

    def forward(self, faces: Tensor, native_px: Tensor, mask: Tensor) -> Tensor:
        """Classify each track by its last frames.

        Args:
            faces: (N, T, 1, 48, 48) in 0..1, interpolated to 48 px, oldest first.
            native_px: (N, T) side of each face in its frame, in pixels.
            mask: (N, T) bool, which frames there are; the last one always is.

        Returns:
            (N, 8) logits in the order of `LABELS`.
        """
        features, newest = read_frames(self.cascade, faces, native_px)
        logits: Tensor = self.head(features, mask, newest)
        return logits


@torch.no_grad()
def read_frames(cascade: Cascade, faces: Tensor, native_px: Tensor) -> FrameReadings:
    """Restore and read each frame on its own.

    Args:
        cascade: in eval mode.
        faces: (N, T, 1, 48, 48) in 0..1.
        native_px: (N, T) side of each face in its frame, in pixels.
    """
    sizes = native_px.flatten()
    out = cascade(faces.flatten(0, 1), sizes, torch.ones_like(sizes))
    return FrameReadings(
        features=out.stages[-1].unflatten(0, native_px.shape),
        newest=out.logits.unflatten(0, native_px.shape)[:, -1],
    )


def fingerprint(cascade: Cascade) -> str:
    """Twelve hexadecimal digits that change with any weight; a head belongs to one cascade."""
    digest = hashlib.sha256()
    for name, value in sorted(cascade.state_dict().items()):
        digest.update(name.encode() + value.cpu().numpy().tobytes())
    return digest.hexdigest()[:12]
