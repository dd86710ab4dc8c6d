"""A plain folder of pictures for each expression."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from srfer.engines import LABELS
from srfer.errors import TrainingError

from .faces import FaceSet, Split
from .pictures import read_pictures

_FOLDER: dict[Split, str] = {"training": "train", "validation": "val"}
_SUFFIXES = (".png", ".jpg", ".jpeg")
_SYNONYMS = {
    "happy": "happiness",
    "surprised": "surprise",
    "sad": "sadness",
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "contemptuous": "contempt",
}
_SPLIT_SEED = "srfer-1"
_VALIDATION_SHARE = 0.1


def is_class_folders(path: Path) -> bool:
    """True for a folder with folders in it."""
    return path.is_dir() and bool(_subfolders(path))


def load_class_folders(path: Path, split: Split) -> FaceSet:
    """Read DATA/train/LABEL/* and DATA/val/LABEL/*, or one split of DATA/LABEL/*.

    Without train/ and val/, a tenth of the pictures is validation. A hash of the file name decides,
    so adding, moving or deleting a picture never moves another one across.

    Raises:
        TrainingError: if a folder is not named after an expression, or no picture can be read.
    """
    is_split = any((path / name).is_dir() for name in _FOLDER.values())
    folder = path / _FOLDER[split] if is_split else path
    if not folder.is_dir():
        raise TrainingError(f"there are no {split} faces: {folder} is missing")
    samples = []
    for subfolder in _subfolders(folder):
        label = _label_of(subfolder)
        for file in sorted(subfolder.iterdir()):
            is_picture = file.suffix.lower() in _SUFFIXES and file.is_file()
            if is_picture and (is_split or _split_of(file.name) == split):
                samples.append((file, label))
    return read_pictures(samples, path, split)


def _subfolders(folder: Path) -> list[Path]:
    visible = (item for item in folder.iterdir() if not item.name.startswith("."))
    return sorted(item for item in visible if item.is_dir())


def _label_of(folder: Path) -> int:
    name = folder.name.lower()
    label = _SYNONYMS.get(name, name)
    if label not in LABELS:
        raise TrainingError(
            f"{folder} is not named after an expression ({', '.join(LABELS)}); see docs/data.md"
        )
    return LABELS.index(label)


def _split_of(name: str) -> Split:
    digest = hashlib.sha256(_SPLIT_SEED.encode() + os.fsencode(name)).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    return "validation" if position < _VALIDATION_SHARE else "training"
