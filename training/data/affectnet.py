"""AffectNet (Mollahosseini, Hasani, Mahoor, 2017), in its release of eight expressions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srfer.engines import LABELS
from srfer.errors import TrainingError

from .faces import FaceSet, Split
from .pictures import read_pictures

_FOLDER: dict[Split, str] = {"training": "train_set", "validation": "val_set"}
_SUFFIX = "_exp.npy"
_LABELS = (  # 0..7
    "neutral",
    "happiness",
    "sadness",
    "surprise",
    "fear",
    "disgust",
    "anger",
    "contempt",
)


def is_affectnet(path: Path) -> bool:
    """True for a folder with train_set/ or val_set/ in it."""
    return any((path / name).is_dir() for name in _FOLDER.values())


def load_affectnet(path: Path, split: Split) -> FaceSet:
    """Read the pictures of one split that have an annotation.

    Raises:
        TrainingError: if a folder is missing, an annotation is damaged or names another expression,
            or no picture can be read.
    """
    folder = path / _FOLDER[split]
    annotations = folder / "annotations"
    if not annotations.is_dir():
        raise TrainingError(f"AffectNet's annotations are missing: {annotations}")
    samples = []
    for file in sorted(annotations.glob(f"*{_SUFFIX}")):
        picture = folder / "images" / f"{file.name.removesuffix(_SUFFIX)}.jpg"
        samples.append((picture, _read_label(file)))
    return read_pictures(samples, path, split)


def _read_label(file: Path) -> int:
    """Index in `srfer.engines.LABELS`. The files hold one number, most of them as text."""
    try:
        with file.open("rb") as stream:
            value = np.lib.format.read_array(stream, allow_pickle=False).item()
        number = int(str(value))
    except ValueError as error:
        raise TrainingError(f"{file} does not hold one number: {error}") from None
    if not 0 <= number < len(_LABELS):
        raise TrainingError(f"{file}: label {number} is not from 0 to {len(_LABELS) - 1}")
    return LABELS.index(_LABELS[number])
