"""Labelled tracks: one face in the frames of a clip, one expression for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import one_hot, pad

from srfer.engines import LABELS
from srfer.errors import TrainingError

from ..augment import augment
from ..degradations import enlarge, reduce
from .class_folders import PICTURE_SUFFIXES, label_of, split_folder, split_of, subfolders
from .faces import Split
from .pictures import read_pictures

NATIVE_PX = 48.0
"""Pictures count as faces of this size, as in the other data sets."""


@dataclass(frozen=True, slots=True)
class TrackSet:
    """The last T frames of labelled tracks, oldest first; short tracks are padded at the beginning.

    Attributes:
        faces: (N, T, 1, 48, 48) uint8, gray; 0 where there is no frame.
        native_px: (N, T) float32, side of each face in its frame, in pixels.
        mask: (N, T) bool, which frames there are; the last one always is.
        votes: (N, 8) float32, distribution over `srfer.engines.LABELS`; rows sum to 1.
        source: what the tracks are from, in words.
    """

    faces: Tensor
    native_px: Tensor
    mask: Tensor
    votes: Tensor
    source: str = "unnamed tracks"

    def __len__(self) -> int:
        return int(self.faces.shape[0])


def load_tracks(path: Path, split: Split, length: int) -> TrackSet:
    """Read DATA/train/LABEL/TRACK/* and DATA/val/LABEL/TRACK/*, or one split of DATA/LABEL/TRACK/*.

    Frames are in the order of their file names. Without train/ and val/, a tenth of the tracks is
    validation; a hash of the track's name decides, as for single pictures.

    Args:
        path: the folder.
        split: which part.
        length: T, how many frames are kept of each track, the last ones.

    Raises:
        TrainingError: if there is no such folder, an expression is not known, there is no track of
            this split, or a track has no frame that can be read.
    """
    try:
        if not path.is_dir():
            raise TrainingError(f"no tracks at {path}: give a folder with a folder per expression")
        found = _find_tracks(path, split)
        if not found:
            raise TrainingError(
                f"{path} has no {split} tracks: each is a folder of pictures in the folder of its "
                "expression; see docs/tracks.md"
            )
        tracks = [_read_track(folder, label, split, length) for folder, label in found]
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror or error}") from None
    labels = torch.tensor([label for _, label in found])
    counts = torch.tensor([len(frames) for frames in tracks])
    return TrackSet(
        faces=torch.stack([_pad_to(length, frames) for frames in tracks]),
        native_px=torch.full((len(tracks), length), NATIVE_PX),
        mask=torch.arange(length) >= length - counts[:, None],
        votes=one_hot(labels, len(LABELS)).float(),
        source="tracks of one's own",
    )


def _find_tracks(path: Path, split: Split) -> list[tuple[Path, int]]:
    """The folder and the label of each track."""
    folder, is_split = split_folder(path, split, "tracks")
    found = []
    for expression in subfolders(folder):
        label = label_of(expression)
        for track in subfolders(expression):
            if is_split or split_of(track.name) == split:
                found.append((track, label))
    return found


def _read_track(folder: Path, label: int, split: Split, length: int) -> Tensor:
    """(t, 1, 48, 48) uint8, t from 1 to `length`."""
    files = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()
    )
    return read_pictures([(file, label) for file in files[-length:]], folder, split).images


def _pad_to(length: int, frames: Tensor) -> Tensor:
    return pad(frames, (0, 0, 0, 0, 0, 0, length - len(frames), 0))


def vary_tracks(
    tracks: TrackSet, chosen: Tensor, sizes_px: Sequence[int], generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """Vary the chosen tracks, all frames of one alike, and reduce each to one of the sizes.

    Args:
        tracks: of length T.
        chosen: (n,) int64, which of them.
        sizes_px: native sizes to draw from, evenly.
        generator: the only source of randomness; without one, faces are left as they are and
            reduced to the first size.

    Returns:
        faces (n, T, 1, 48, 48) in steps of 1/255 from 0 to 1, and native_px (n, T) float32.
    """
    faces = tracks.faces[chosen].float() / 255
    choice = torch.zeros(len(chosen), dtype=torch.int64)
    if generator is not None:
        # Frames as channels: `augment` varies picture by picture, all channels of one alike.
        faces = augment(faces.squeeze(2), generator).unsqueeze(2)
        choice = torch.randint(len(sizes_px), choice.shape, generator=generator)
    sizes = torch.tensor(sizes_px)[choice]
    for size in sorted(set(sizes.tolist())):
        group = sizes == size
        reduced = enlarge(reduce(faces[group].flatten(0, 1), size))
        faces[group] = reduced.reshape(-1, *faces.shape[1:])
    return faces, torch.minimum(tracks.native_px[chosen], sizes[:, None].float())
