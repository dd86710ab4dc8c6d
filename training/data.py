"""FER+ faces with their crowd votes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from srfer.errors import TrainingError

Split = Literal["training", "validation"]
_USAGE: dict[Split, int] = {"training": 0, "validation": 1}
_KEYS = ("images", "usage", "majority8", "ce8", "ce_valid", "spans_splits")


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Labelled faces.

    Attributes:
        images: (N, 1, 48, 48) uint8, gray.
        votes: (N, 8) float32, the vote distribution after FER+'s rules; rows sum to 1.
        majority: (N,) int64, the class by FER+'s majority rule, -1 where there is none.
    """

    images: Tensor
    votes: Tensor
    majority: Tensor

    def __len__(self) -> int:
        return int(self.images.shape[0])

    def with_majority(self) -> FaceSet:
        """Only the faces that have a majority class: the ones accuracy is measured on."""
        keep = self.majority >= 0
        return FaceSet(self.images[keep], self.votes[keep], self.majority[keep])


def load_ferplus(path: Path, split: Split) -> FaceSet:
    """Read one split of FER2013 pixels joined to FER+ votes from an .npz file.

    Training leaves out faces without a usable vote distribution and faces whose pixels also occur
    in another split. Validation keeps every face that has a majority class.

    Args:
        path: .npz with images u8 (N, 48, 48), usage, majority8, ce8, ce_valid and spans_splits.
        split: which part.

    Raises:
        TrainingError: if the file is missing, damaged or lacks one of the arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in _KEYS}
    except FileNotFoundError:
        raise TrainingError(f"no data set at {path}: give its path with --data") from None
    except KeyError as error:
        raise TrainingError(f"{path.name} lacks an array: {error}") from None
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path.name} is not a readable .npz file: {error}") from None
    chosen = arrays["usage"] == _USAGE[split]
    if split == "training":
        chosen &= arrays["ce_valid"] & ~arrays["spans_splits"]
    else:
        chosen &= arrays["majority8"] >= 0
    if not chosen.any():
        raise TrainingError(f"{path.name} has no {split} faces")
    return FaceSet(
        images=torch.from_numpy(arrays["images"][chosen])[:, None],
        votes=torch.from_numpy(arrays["ce8"][chosen].astype(np.float32)),
        majority=torch.from_numpy(arrays["majority8"][chosen].astype(np.int64)),
    )
