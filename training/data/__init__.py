"""Labelled faces for training and validation, from the data sets that users have.

`docs/data.md` describes each kind. Nothing here runs code from a data set: arrays are read without
pickle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from srfer.errors import TrainingError

from .affectnet import is_affectnet, load_affectnet
from .class_folders import is_class_folders, load_class_folders
from .faces import FaceSet, Split
from .ferplus_csv import is_ferplus_csv, load_ferplus_csv
from .ferplus_npz import is_ferplus, load_ferplus
from .raf_db import is_raf_db, load_raf_db

__all__ = ["FaceSet", "Split", "load_faces"]


@dataclass(frozen=True, slots=True)
class _Kind:
    form: str
    source: str
    is_kind: Callable[[Path], bool]
    load: Callable[[Path, Split], FaceSet]


_FERPLUS = "FER2013 pictures with FER+ votes"

# Folders per expression come last, since any folder with folders in it looks like them.
_KINDS = (
    _Kind("an .npz file of FER2013 with FER+ votes", _FERPLUS, is_ferplus, load_ferplus),
    _Kind(
        "a folder with fer2013.csv and fer2013new.csv", _FERPLUS, is_ferplus_csv, load_ferplus_csv
    ),
    _Kind("RAF-DB's folder (basic/)", "RAF-DB", is_raf_db, load_raf_db),
    _Kind("AffectNet's folder (train_set/, val_set/)", "AffectNet", is_affectnet, load_affectnet),
    _Kind("a folder per expression", "pictures of one's own", is_class_folders, load_class_folders),
)


def load_faces(path: Path, split: Split) -> FaceSet:
    """Read one split of a data set of any known kind.

    Args:
        path: file or folder.
        split: which part. Every validation face has a majority class.

    Raises:
        TrainingError: if there is nothing at `path`, it is of no known kind, damaged or incomplete,
            or has no face of this split.
    """
    try:
        if not path.exists():
            raise TrainingError(f"no data set at {path}: give its path with --data")
        for kind in _KINDS:
            if kind.is_kind(path):
                return replace(kind.load(path, split), source=kind.source)
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror or error}") from None
    known = ", ".join(kind.form for kind in _KINDS)
    raise TrainingError(f"{path} is no data set of a known kind ({known}); see docs/data.md")
