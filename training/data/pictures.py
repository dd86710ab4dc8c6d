"""From picture files with one label each to faces."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import one_hot

from srfer.engines import FACE_PX, LABELS, to_face
from srfer.errors import TrainingError

from .faces import FaceSet, Split

_log = logging.getLogger(__name__)


def read_pictures(samples: Sequence[tuple[Path, int]], folder: Path, split: Split) -> FaceSet:
    """Decode pictures of any size, gray or colour, one after the other.

    Those that cannot be read are left out, and one warning says how many.

    Args:
        samples: file and index in `srfer.engines.LABELS` of each picture.
        folder: the data set, for messages.
        split: for messages.

    Raises:
        TrainingError: if there is no picture, or none that can be read.
    """
    if not samples:
        raise TrainingError(f"{folder} has no {split} pictures")
    images = np.empty((len(samples), FACE_PX, FACE_PX), np.uint8)
    labels: list[int] = []
    unreadable: list[Path] = []
    for path, label in samples:
        face = _read_face(path)
        if face is None:
            unreadable.append(path)
            continue
        images[len(labels)] = face
        labels.append(label)
    if not labels:
        raise TrainingError(f"none of the {len(samples)} {split} pictures in {folder} can be read")
    if unreadable:
        _log.warning(
            "%s: %d of %d %s pictures cannot be read and are left out, the first is %s",
            folder,
            len(unreadable),
            len(samples),
            split,
            unreadable[0].name,
        )
    majority = torch.tensor(labels, dtype=torch.int64)
    return FaceSet(
        images=torch.from_numpy(images[: len(labels)])[:, None],
        votes=one_hot(majority, len(LABELS)).float(),
        majority=majority,
    )


def _read_face(path: Path) -> NDArray[np.uint8] | None:
    """One picture as (48, 48) gray; None if it cannot be read."""
    try:
        # Not imread, which cannot tell a missing file from a damaged one without printing.
        data = np.frombuffer(path.read_bytes(), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    except (OSError, cv2.error):  # cv2 raises on empty files and on more pixels than it allows
        return None
    return None if picture is None else to_face(np.asarray(picture, np.uint8))
