"""FER2013's pixels joined to FER+'s votes, in one .npz file."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from srfer.engines import FACE_PX, LABELS
from srfer.errors import TrainingError

from .faces import FaceSet, Split

_USAGE: dict[Split, int] = {"training": 0, "validation": 1}
_SHAPES: dict[str, tuple[int, ...]] = {
    "images": (FACE_PX, FACE_PX),
    "usage": (),
    "majority8": (),
    "ce8": (len(LABELS),),
    "ce_valid": (),
    "spans_splits": (),
}
_DTYPES = {"images": np.uint8, "ce_valid": np.bool_, "spans_splits": np.bool_}
"""Of the arrays that a wrong type would not make fail but mean something else."""


def is_ferplus(path: Path) -> bool:
    """True for a file that is called .npz."""
    return path.is_file() and path.suffix.lower() == ".npz"


def load_ferplus(path: Path, split: Split) -> FaceSet:
    """Read one split.

    Training leaves out faces without a usable vote distribution and faces whose pixels also occur
    in another split. Validation keeps every face that has a majority class.

    Args:
        path: .npz with images u8 (N, 48, 48), usage (0 training, 1 validation), majority8, ce8
            (N, 8), ce_valid and spans_splits.
        split: which part.

    Raises:
        TrainingError: if the file is damaged, lacks one of the arrays or has no face of the split.
    """
    arrays = _read_arrays(path)
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


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(path):
        raise TrainingError(f"{path.name} is not a readable .npz file: it is cut or no zip archive")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in _SHAPES}
    except KeyError as error:
        raise TrainingError(f"{path.name} lacks an array: {error}") from None
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise TrainingError(f"{path.name} is not a readable .npz file: {error}") from None
    for key, array in arrays.items():
        shape = (*arrays["images"].shape[:1], *_SHAPES[key])
        dtype = np.dtype(_DTYPES.get(key, array.dtype))
        if array.shape != shape or array.dtype != dtype:
            raise TrainingError(
                f"{path.name}: {key} must be {dtype} {shape}, not {array.dtype} {array.shape}"
            )
    return arrays
