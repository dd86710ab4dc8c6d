"""RAF-DB (Li, Deng, Du, CVPR 2017): the basic expressions, as its authors hand it out."""

from __future__ import annotations

import re
from pathlib import Path

from srfer.engines import LABELS
from srfer.errors import TrainingError

from .faces import FaceSet, Split
from .pictures import read_pictures

_LIST = Path("basic", "EmoLabel", "list_patition_label.txt")  # spelled so by its authors
_PICTURES = Path("basic", "Image", "aligned")
_PREFIX: dict[Split, str] = {"training": "train", "validation": "test"}
_LABELS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")  # 1..7
_LINE = re.compile(r"((train|test)_\d+)\.jpg\s+(\d+)")


def is_raf_db(path: Path) -> bool:
    """True for a folder with basic/ in it."""
    return (path / "basic").is_dir()


def load_raf_db(path: Path, split: Split) -> FaceSet:
    """Read the aligned pictures of one split; validation is RAF-DB's test part.

    Raises:
        TrainingError: if the list of labels is missing or damaged, or no picture can be read.
    """
    try:
        lines = (path / _LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise TrainingError(f"RAF-DB's list of labels is missing: {path / _LIST}") from None
    except UnicodeDecodeError:
        raise TrainingError(f"{path / _LIST} is not a text file") from None
    samples = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or not 1 <= int(match[3]) <= len(_LABELS):
            raise TrainingError(
                f"{_LIST.name}, line {number}: expected train_NUMBER.jpg or test_NUMBER.jpg and a "
                f"label from 1 to {len(_LABELS)}, not {line:.40}"
            )
        if match[2] == _PREFIX[split]:
            label = LABELS.index(_LABELS[int(match[3]) - 1])
            samples.append((path / _PICTURES / f"{match[1]}_aligned.jpg", label))
    return read_pictures(samples, path, split)
