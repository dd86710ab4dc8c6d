"""FER2013's pixels and FER+'s votes, as their authors hand them out: two tables."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from srfer.engines import FACE_PX, LABELS
from srfer.errors import TrainingError

from .faces import FaceSet, Split

_PIXELS = "fer2013.csv"
_VOTES = "fer2013new.csv"
_USAGE: dict[Split, str] = {"training": "Training", "validation": "PublicTest"}
_USAGES = ("Training", "PublicTest", "PrivateTest")
_VOTE_COLUMNS = (*LABELS, "unknown", "NF")  # NF: no face


@dataclass(frozen=True, slots=True)
class _Votes:
    """FER+'s table.

    Attributes:
        usage: of each picture.
        is_named: (N,) bool; FER+ leaves out the pictures that it gives no name.
        counts: (N, 10) int64, votes for the eight labels, unknown and no face.
    """

    usage: tuple[str, ...]
    is_named: NDArray[np.bool_]
    counts: NDArray[np.int64]


def is_ferplus_csv(path: Path) -> bool:
    """True for a folder with one of the two tables in it."""
    return any((path / name).is_file() for name in (_PIXELS, _VOTES))


def load_ferplus_csv(path: Path, split: Split) -> FaceSet:
    """Join the two tables row by row and read one split; validation is PublicTest.

    Training leaves out faces without a usable vote distribution and faces whose pixels also occur
    in PublicTest or PrivateTest. Validation keeps every face that has a majority class.

    Raises:
        TrainingError: if a table is missing, damaged or does not fit the other, or there is no face
            of the split.
    """
    votes = _read_votes(path / _VOTES)
    shares, majority = clean_votes(votes.counts)
    is_usable = shares.any(axis=1) if split == "training" else majority >= 0
    is_of_split = np.array([usage == _USAGE[split] for usage in votes.usage], bool)
    wanted = np.flatnonzero(is_of_split & is_usable & votes.is_named)
    images, elsewhere = _read_images(path / _PIXELS, votes.usage, wanted, split)
    if split == "training":
        is_unique = np.array([image.tobytes() not in elsewhere for image in images], bool)
        images, wanted = images[is_unique], wanted[is_unique]
    if not len(wanted):
        raise TrainingError(f"{path} has no {split} faces")
    return FaceSet(
        images=torch.from_numpy(images)[:, None],
        votes=torch.from_numpy(shares[wanted]),
        majority=torch.from_numpy(majority[wanted]),
    )


def clean_votes(counts: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Turn votes into a distribution and a majority by the rules of FER+ (Barsoum et al., 2016).

    A choice with a single vote is an outlier and loses it. What is left are a face's votes.

    Majority: the choice with more than half of the votes. A face where that is "unknown" or "no
    face", or where there is none, has no majority.

    Distribution: choices are taken from the most votes to the fewest, those with equally many
    together, until they have three quarters of the votes or are three. An "unknown" or "no face"
    whose turn comes ends it: it is not taken, labels with equally many votes are. The face is
    unusable if the labels taken have half of the votes or less, or are more than three.

    Compared with 32,137 faces of FER2013's training and public test part that were joined to FER+
    independently: majority, usability and every share agree exactly, on all of them.

    Args:
        counts: (N, 10) votes for the eight labels, "unknown" and "no face".

    Returns:
        shares (N, 8) float32, rows sum to 1, or are 0 where the face is unusable; majority (N,)
        int64, -1 where there is none.
    """
    counts = np.where(counts > 1, counts, 0)
    total = counts.sum(axis=1)
    top = counts.argmax(axis=1)
    is_majority = (2 * counts.max(axis=1) > total) & (top < len(LABELS))
    majority = np.where(is_majority, top, -1).astype(np.int64)

    # Every choice with more votes was taken before, if it was a label; if not, it ended the taking.
    labels, others = counts[:, : len(LABELS)], counts[:, len(LABELS) :]
    is_above = counts[:, None, :] > labels[:, :, None]
    votes_above = (counts[:, None, :] * is_above).sum(axis=2)
    is_taken = labels > 0
    is_taken &= 4 * votes_above < 3 * total[:, None]
    is_taken &= is_above.sum(axis=2) < 3
    is_taken &= labels >= others.max(axis=1)[:, None]
    taken = labels * is_taken
    taken_total = taken.sum(axis=1)
    is_usable = (2 * taken_total > total) & (is_taken.sum(axis=1) <= 3)
    shares = taken / np.maximum(taken_total, 1)[:, None] * is_usable[:, None]
    return shares.astype(np.float32), majority


def _read_votes(path: Path) -> _Votes:
    usages: list[str] = []
    is_named: list[bool] = []
    counts: list[list[int]] = []
    for line, (usage, name, *votes) in _rows(path, ("Usage", "Image name", *_VOTE_COLUMNS)):
        try:
            row = [int(vote) for vote in votes]
        except ValueError as error:
            raise TrainingError(f"{path.name}, line {line}: votes are numbers: {error}") from None
        if usage not in _USAGES or min(row) < 0:
            raise TrainingError(
                f"{path.name}, line {line}: expected {', '.join(_USAGES)} and votes from 0, "
                f"not {usage:.20} and {min(row)}"
            )
        usages.append(usage)
        is_named.append(bool(name.strip()))
        counts.append(row)
    shape = (len(counts), len(_VOTE_COLUMNS))
    return _Votes(
        tuple(usages), np.array(is_named, bool), np.array(counts, np.int64).reshape(shape)
    )


def _read_images(
    path: Path, usages: tuple[str, ...], wanted: NDArray[np.int64], split: Split
) -> tuple[NDArray[np.uint8], set[bytes]]:
    """The wanted rows as (N, 48, 48), and for training the pixels of both test parts."""
    images = np.empty((len(wanted), FACE_PX, FACE_PX), np.uint8)
    places = {int(row): place for place, row in enumerate(wanted)}
    elsewhere: set[bytes] = set()
    count = 0
    for line, (usage, pixels) in _rows(path, ("Usage", "pixels")):
        if count < len(usages) and usage != usages[count]:
            raise TrainingError(
                f"{path.name}, line {line} is {usage:.20}, but {_VOTES} has {usages[count]} there: "
                "the tables do not belong together"
            )
        if count in places:
            picture = np.frombuffer(_parse(pixels, path, line), np.uint8)
            images[places[count]] = picture.reshape(FACE_PX, FACE_PX)
        elif split == "training" and usage != _USAGE[split]:
            elsewhere.add(_parse(pixels, path, line))
        count += 1
    if count != len(usages):
        raise TrainingError(
            f"{path.name} has {count} rows, but {_VOTES} has {len(usages)}: one of them is cut"
        )
    return images, elsewhere


def _parse(pixels: str, path: Path, line: int) -> bytes:
    try:
        picture = bytes(map(int, pixels.split()))
    except ValueError as error:
        raise TrainingError(
            f"{path.name}, line {line}: pixels are numbers from 0 to 255: {error}"
        ) from None
    if len(picture) != FACE_PX**2:
        raise TrainingError(
            f"{path.name}, line {line} has {len(picture)} pixels instead of {FACE_PX**2}"
        )
    return picture


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number and the fields of `columns` for each row of a table with a header."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.reader(file, strict=True)
            header = [name.strip() for name in next(table, [])]
            missing = [name for name in columns if name not in header]
            if missing:
                raise TrainingError(f"{path.name} lacks the columns {', '.join(missing)}")
            places = [header.index(name) for name in columns]
            for fields in table:
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise TrainingError(
                        f"{path.name}, line {table.line_num} has {len(fields)} fields instead of "
                        f"{len(header)}"
                    )
                yield table.line_num, [fields[place] for place in places]
    except FileNotFoundError:
        raise TrainingError(
            f"{path} is missing: FER2013's pixels and FER+'s votes belong into one folder"
        ) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise TrainingError(f"{path.name} is not a readable table: {error}") from None
