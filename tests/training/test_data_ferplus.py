"""FER2013 with FER+'s votes: both forms give the same faces, and what is wrong is named."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from srfer.engines import LABELS
from srfer.errors import TrainingError
from srfer.training.data import Split, load_faces
from srfer.training.data.ferplus_csv import clean_votes

from .toy import write_toy_data

SPLITS: tuple[Split, Split] = ("training", "validation")


# The .npz file


def test_npz_is_taken_as_it_is(tmp_path: Path) -> None:
    path = write_toy_data(tmp_path / "toy.npz", count=16)
    with np.load(path) as arrays:
        for split, rows in zip(SPLITS, (slice(1, 12), slice(12, 16)), strict=True):
            faces = load_faces(path, split)
            assert np.array_equal(faces.images[:, 0].numpy(), arrays["images"][rows])
            assert np.array_equal(faces.votes.numpy(), arrays["ce8"][rows])
            assert np.array_equal(faces.majority.numpy(), arrays["majority8"][rows])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ce8": None}, "lacks an array: .*ce8"),
        ({"images": np.zeros((16, 32, 32), np.uint8)}, r"images must be uint8 \(16, 48, 48\)"),
        ({"images": np.uint8(3)}, r"images must be uint8"),
        ({"images": np.zeros((16, 48, 48))}, "images must be uint8 .* not float64"),
        ({"ce_valid": np.ones(16, np.uint8)}, "ce_valid must be bool"),
        ({"usage": np.zeros(15, np.uint8)}, "usage must be"),
        ({"usage": np.full(16, 2, np.uint8)}, "has no training faces"),
        ({"usage": np.array([print] * 16)}, "not a readable .npz file"),  # would be unpickled
    ],
)
def test_npz_errors(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = write_toy_data(tmp_path / "toy.npz", count=16)
    with np.load(path) as archive:
        arrays: dict[str, Any] = {**archive, **changes}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(TrainingError, match=message):
        load_faces(path, "training")


def test_damaged_npz(tmp_path: Path) -> None:
    whole = write_toy_data(tmp_path / "toy.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[20_000] ^= 1
    for damaged in (b"", b"text", whole[:-100], bytes(flipped)):
        (tmp_path / "toy.npz").write_bytes(damaged)
        with pytest.raises(TrainingError, match=r"toy\.npz is not a readable \.npz file"):
            load_faces(tmp_path / "toy.npz", "training")


# FER2013's and FER+'s tables

VOTES = ("Usage", "Image name", *LABELS, "unknown", "NF")
NEUTRAL = (8, 0, 0, 2, 0, 0, 0, 0, 0, 0)
NEUTRAL_OR_SAD = (6, 0, 0, 3, 0, 0, 0, 0, 1, 0)
UNCLEAR = (5, 0, 0, 3, 0, 0, 0, 0, 2, 0)  # usable, without a majority
UNKNOWN = (2, 0, 0, 0, 0, 0, 0, 0, 8, 0)
ROWS = (  # usage, seed of the picture, votes
    ("Training", 0, NEUTRAL_OR_SAD),
    ("Training", 1, UNCLEAR),
    ("Training", 2, UNKNOWN),
    ("Training", 7, NEUTRAL),  # also in PublicTest
    ("Training", 9, NEUTRAL),  # also in PrivateTest
    ("Training", 3, NEUTRAL),  # gets no name
    ("PublicTest", 7, NEUTRAL),
    ("PublicTest", 8, UNCLEAR),
    ("PrivateTest", 9, NEUTRAL),
)
UNNAMED = 5


def face(seed: int) -> NDArray[np.uint8]:
    """(48, 48) pixels that no other seed has."""
    return np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8)


def write_tables(folder: Path) -> Path:
    """`ROWS` in the form of fer2013.csv and fer2013new.csv."""
    folder.mkdir()
    pixels = [" ".join(map(str, face(seed).ravel())) for _, seed, _ in ROWS]
    with (folder / "fer2013.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("emotion", "pixels", "Usage")]
            + [("0", text, usage) for (usage, _, _), text in zip(ROWS, pixels, strict=True)]
        )
    with (folder / "fer2013new.csv").open("w", newline="") as file:
        csv.writer(file).writerow(VOTES)
        for number, (usage, _, votes) in enumerate(ROWS):
            name = "" if number == UNNAMED else f"fer{number:07d}.png"
            csv.writer(file).writerow([usage, name, *votes])
    return folder


def test_tables_are_joined(tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "fer")
    training, validation = (load_faces(folder, split) for split in SPLITS)
    assert training.majority.tolist() == [0, -1]
    assert training.votes[:, [0, 3]].tolist() == [
        pytest.approx([2 / 3, 1 / 3]),
        pytest.approx([0.625, 0.375]),
    ]
    for image, seed in zip(training.images, (0, 1), strict=True):
        assert np.array_equal(image[0].numpy(), face(seed))
    assert validation.majority.tolist() == [0]
    assert np.array_equal(validation.images[0, 0].numpy(), face(7))


@pytest.mark.parametrize(
    ("votes", "majority", "shares"),
    [
        # A single vote is an outlier, and then six of six are more than half.
        ((6, 0, 1, 1, 0, 0, 1, 1, 0, 0), 0, {0: 1.0}),
        # Half is no majority.
        ((5, 0, 5, 0, 0, 0, 0, 0, 0, 0), -1, {0: 0.5, 2: 0.5}),
        # Three quarters are reached before disgust's two.
        ((4, 0, 0, 1, 3, 2, 0, 0, 0, 0), -1, {0: 4 / 7, 4: 3 / 7}),
        # Votes for "unknown" count for what half is.
        ((5, 0, 0, 2, 0, 0, 0, 0, 3, 0), -1, {}),
        ((6, 0, 0, 2, 0, 0, 0, 0, 2, 0), 0, {0: 0.75, 3: 0.25}),
        # "Unknown" first, or more than three alike: unusable.
        ((2, 0, 0, 0, 0, 0, 0, 0, 8, 0), -1, {}),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0, 10), -1, {}),
        ((4, 0, 0, 0, 0, 0, 0, 0, 4, 2), -1, {}),
        ((2, 2, 2, 2, 2, 0, 0, 0, 0, 0), -1, {}),
        ((4, 2, 2, 2, 0, 0, 0, 0, 0, 0), -1, {}),
        ((1, 1, 1, 1, 1, 1, 1, 1, 1, 1), -1, {}),
    ],
)
def test_rules_of_ferplus(votes: tuple[int, ...], majority: int, shares: dict[int, float]) -> None:
    found, label = clean_votes(np.array([votes]))
    assert label.tolist() == [majority]
    assert found[0].tolist() == pytest.approx([shares.get(index, 0.0) for index in range(8)])


@pytest.mark.shared_data
def test_rules_agree_with_an_independent_join(shared_dir: Path) -> None:
    with np.load(shared_dir / "data" / "ferplus_train_val.npz") as arrays:
        shares, majority = clean_votes(arrays["votes"].astype(np.int64))
        assert np.array_equal(majority, arrays["majority8"])
        assert np.array_equal(shares.any(axis=1), arrays["ce_valid"])
        assert np.array_equal(shares, arrays["ce8"])


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    """A change that replaces the first `old` in a file of a data set."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return change


def removed(name: str) -> Callable[[Path], None]:
    """A change that removes a file of a data set."""
    return lambda folder: (folder / name).unlink()


def written(name: str, data: bytes) -> Callable[[Path], None]:
    """A change that overwrites a file of a data set."""

    def change(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return change


def cut(folder: Path) -> None:
    """Remove the last row of the pixels."""
    lines = (folder / "fer2013.csv").read_text().splitlines()
    (folder / "fer2013.csv").write_text("\n".join(lines[:-1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (removed("fer2013.csv"), r"fer2013\.csv is missing"),
        (removed("fer2013new.csv"), r"fer2013new\.csv is missing"),
        (written("fer2013.csv", b""), r"fer2013\.csv lacks the columns Usage, pixels"),
        (written("fer2013new.csv", b"\xff\xfe\x00"), r"fer2013new\.csv is not a readable table"),
        (replaced("fer2013new.csv", "contempt", "scorn"), "lacks the columns contempt$"),
        (replaced("fer2013new.csv", ",6,", ",many,"), "line 2: votes are numbers"),
        (replaced("fer2013new.csv", ",6,", ",-6,"), "line 2: .*votes from 0.* not Training and -6"),
        (replaced("fer2013new.csv", "Training", "Test"), "line 2: expected Training, .* not Test"),
        (replaced("fer2013new.csv", ",6,", ","), "line 2 has 11 fields instead of 12"),
        (replaced("fer2013.csv", ",Training", ",PublicTest"), "do not belong together"),
        (replaced("fer2013.csv", "0,", "0,7 "), "line 2 has 2305 pixels instead of 2304"),
        (replaced("fer2013.csv", "0,", "0,9"), "line 2: pixels are numbers from 0 to 255"),
        (replaced("fer2013.csv", "0,", '0,"'), r"fer2013\.csv is not a readable table"),
        (cut, r"fer2013\.csv has 8 rows, but fer2013new\.csv has 9"),
    ],
)
def test_table_errors(tmp_path: Path, change: Callable[[Path], None], message: str) -> None:
    change(write_tables(tmp_path / "fer"))
    with pytest.raises(TrainingError, match=message):
        load_faces(tmp_path / "fer", "training")


def test_tables_without_a_usable_face(tmp_path: Path) -> None:
    folder = write_tables(tmp_path / "fer")
    text = (folder / "fer2013new.csv").read_text()
    (folder / "fer2013new.csv").write_text(text.replace(",8,0,0,2,", ",5,0,0,5,"))
    with pytest.raises(TrainingError, match="has no validation faces"):
        load_faces(folder, "validation")
