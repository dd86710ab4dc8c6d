"""The rows of pass one and what the second look found, as one film of faces."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from .rows import LOST, NO_TRACK, TRACKED, RowFile, Rows


class Again(NamedTuple):
    """What the second look found.

    Attributes:
        rows: in the order in which they were found.
        positions: of their frames.
    """

    rows: RowFile
    positions: Sequence[int]


def merge(
    first: RowFile,
    again: Again,
    merged: RowFile,
    *,
    first_of: Mapping[int, int],
    confirmed: frozenset[int],
) -> None:
    """Write the rows of both, one for each face and frame, in the order of frames and faces.

    Of two rows of a face in a frame the better known one stays: seen in pass one, then found again,
    then the place on the line between two sightings, then the guess of pass one.

    Args:
        first: rows of pass one, in the order of frames.
        again: rows of the second look.
        merged: gets the rows.
        first_of: by number of a track of pass one, that of the first track of the same face.
        confirmed: the tracks that were detected more than once.
    """
    order = np.argsort(np.array(again.positions, np.int64), kind="stable")
    found = (again.rows.row(int(place)) for place in order)
    both = heapq.merge(_named(first, first_of, confirmed), found, key=_position)
    for _, rows in groupby(both, key=_position):
        best: dict[int, Rows] = {}
        for row in sorted(rows, key=_rank):
            best.setdefault(int(row["track"][0]), row)
        for track in sorted(best):
            merged.append(best[track])


def _named(
    first: RowFile, first_of: Mapping[int, int], confirmed: frozenset[int]
) -> Iterator[Rows]:
    """The rows of pass one under the numbers of the faces.

    A face that is known to be one by now was one from the beginning: its first frames are not NEW.
    """
    for row in first.rows():
        track = int(row["track"][0])
        row["track"] = first_of[track]
        if track in confirmed and row["state"][0] != LOST:
            row["state"] = TRACKED
        yield row


def _position(row: Any) -> int:
    return int(row["position"][0])


def _rank(row: Any) -> int:
    is_lost, is_first = row["state"][0] == LOST, row["first_track"][0] != NO_TRACK
    if is_lost:
        return 3 if is_first else 2
    return 0 if is_first else 1
