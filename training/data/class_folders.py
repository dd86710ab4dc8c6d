"""A plain folder of pictures for each expression."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from srfer.engines import LABELS
from srfer.errors import TrainingError

from .faces import FaceSet, Split
from .pictures import read_pictures

_SPLIT_FOLDERS: dict[Split, str] = {"training": "train", "validation": "val"}
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
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
    return path.is_dir() and bool(subfolders(path))


def load_class_folders(path: Path, split: Split) -> FaceSet:
    """Read DATA/train/LABEL/* and DATA/val/LABEL/*, or one split of DATA/LABEL/*.

    Without train/ and val/, a tenth of the pictures is validation. A hash of the file name decides,
    so adding, moving or deleting a picture never moves another one across.

    Raises:
        TrainingError: if a folder is not named after an expression, or no picture can be read.
    """
    folder, is_split = split_folder(path, split)
    samples = []
    for subfolder in subfolders(folder):
        label = label_of(subfolder)
        for file in sorted(subfolder.iterdir()):
            is_picture = file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()
            if is_picture and (is_split or split_of(file.name) == split):
                samples.append((file, label))
    return read_pictures(samples, path, split)


def split_folder(path: Path, split: Split, what: str = "faces") -> tuple[Path, bool]:
    """Where the folders of expressions are, and whether they hold this split alone.

    Args:
        path: of the data set.
        split: which part.
        what: is in the folders, for the message.

    Raises:
        TrainingError: if the other split has a folder and this one has none.
    """
    is_split = any((path / name).is_dir() for name in _SPLIT_FOLDERS.values())
    folder = path / _SPLIT_FOLDERS[split] if is_split else path
    if not folder.is_dir():
        raise TrainingError(f"there are no {split} {what}: {folder} is missing")
    return folder, is_split


def subfolders(folder: Path) -> list[Path]:
    """The folders in a folder that are not hidden, by name."""
    visible = (item for item in folder.iterdir() if not item.name.startswith("."))
    return sorted(item for item in visible if item.is_dir())


def label_of(folder: Path) -> int:
    """Index of the expression that a folder is named after.

    Raises:
        TrainingError: if it is named after none.
    """
    name = folder.name.lower()
    label = _SYNONYMS.get(name, name)
    if label not in LABELS:
        raise TrainingError(
            f"{folder} is not named after an expression ({', '.join(LABELS)}); see docs/data.md"
        )
    return LABELS.index(label)


def split_of(name: str) -> Split:
    """Which split a name falls into, always the same, where there are no folders for them."""
    digest = hashlib.sha256(_SPLIT_SEED.encode() + os.fsencode(name)).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    return "validation" if position < _VALIDATION_SHARE else "training"
