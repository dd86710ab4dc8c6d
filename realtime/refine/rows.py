"""What pass one keeps of every face in every frame: rows of fixed size in a file without a name.

The file lies in the folder of the results and has no name there, so it vanishes with the process,
however that ends. Only a block of rows is in memory at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines import FACE_PX, LABELS, Expression

from ..details import BLENDSHAPES, MESH_POINTS, FaceDetails
from ..sinks.atomic import writing
from ..types import Box, Face, FaceResult, Track, TrackState

ROWS_PER_BLOCK = 1024
NO_TRACK = 0
"""In `first_track` of what pass one did not find."""
NO_LABEL = -1
_STATES = tuple(TrackState)
LOST = _STATES.index(TrackState.LOST)
TRACKED = _STATES.index(TrackState.TRACKED)

Rows = NDArray[np.void]


class Kept(NamedTuple):
    """What is kept of a face beyond the usual, since an output shows it."""

    pictures: bool = False
    details: bool = False


def row_type(kept: Kept) -> np.dtype[np.void]:
    """The numpy type of a row.

    `position` is the number of the frame among those that are read, 0 the first; `first_track` the
    face's number in pass one; NaN stands for landmarks that were not measured, a `native_px` of 0
    for a face that was not read, a `log_mass` of -inf for no reading so far.
    """
    fields: list[tuple[Any, ...]] = [
        ("position", np.int32),
        ("track", np.int32),
        ("first_track", np.int32),
        ("state", np.uint8),
        ("label", np.int8),
        ("box", np.float64, (4,)),
        ("score", np.float64),
        ("landmarks", np.float32, (5, 2)),
        ("native_px", np.float64),
        ("expected_accuracy", np.float64),
        ("probabilities", np.float32, (len(LABELS),)),
        ("smoothed", np.float32, (len(LABELS),)),
        ("log_mass", np.float64),
    ]
    if kept.pictures:
        fields += [("has_restored", np.bool_), ("restored", np.uint8, (FACE_PX, FACE_PX))]
    if kept.details:
        fields += [
            ("has_details", np.bool_),
            ("mesh", np.float32, (MESH_POINTS, 3)),
            ("blendshapes", np.float32, (len(BLENDSHAPES),)),
        ]
    return np.dtype(fields)


def to_row(position: int, track: Track, expression: Expression | None, kept: Kept) -> Rows:
    """A face of pass one, or one that was found again, as an array of one row."""
    rows = np.zeros(1, row_type(kept))
    row: Any = rows[0]
    face = track.face
    row["position"], row["track"], row["first_track"] = position, track.id, track.id
    row["state"], row["label"] = _STATES.index(track.state), NO_LABEL
    row["box"], row["score"], row["log_mass"] = face.box, face.score, -np.inf
    row["landmarks"] = np.nan if face.landmarks is None else face.landmarks
    if expression is not None:
        row["native_px"] = expression.native_px
        row["expected_accuracy"] = expression.expected_accuracy
        row["probabilities"] = expression.probabilities
        if kept.pictures and expression.restored is not None:
            row["has_restored"], row["restored"] = True, expression.restored
    if kept.details and face.details is not None:
        row["has_details"] = True
        row["mesh"], row["blendshapes"] = face.details.mesh, face.details.blendshapes
    return rows


def to_result(row: Any, age: int, read_ago_s: float | None, kept: Kept) -> FaceResult:
    """A refined row as what the sinks take."""
    details = None
    if kept.details and row["has_details"]:
        details = FaceDetails(row["mesh"].copy(), row["blendshapes"].copy())
    points = row["landmarks"]
    landmarks = None if np.isnan(points[0, 0]) else points.copy()
    box = Box(*(float(edge) for edge in row["box"]))
    face = Face(box, float(row["score"]), landmarks, details)
    has_label = row["label"] != NO_LABEL
    smoothed = row["smoothed"].copy() if has_label else None
    if smoothed is not None:
        smoothed.flags.writeable = False
    return FaceResult(
        track=Track(int(row["track"]), _STATES[row["state"]], face, age),
        expression=_expression(row, kept),
        smoothed=smoothed,
        steady_label=LABELS[row["label"]] if has_label else None,
        read_ago_s=read_ago_s,
        pass_one_track=int(row["first_track"]) or None,
    )


def _expression(row: Any, kept: Kept) -> Expression | None:
    if row["native_px"] == 0:
        return None
    has_restored = kept.pictures and row["has_restored"]
    return Expression(
        row["probabilities"].copy(),
        float(row["native_px"]),
        float(row["expected_accuracy"]),
        row["restored"].copy() if has_restored else None,
    )


class RowFile:
    """Rows that are appended, and then read, or changed in place, block by block.

    Args:
        folder: where there is room for it.
        kept: what the rows hold.

    Raises:
        ExportError: by every method, if the disk is full or fails.
    """

    def __init__(self, folder: Path, kept: Kept) -> None:
        self.kept = kept
        self._path = folder / "observations"  # only for messages: the file has no name
        self._type = row_type(kept)
        self._pending: list[Rows] = []
        self._count = 0
        with writing(self._path):
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pending.clear()  # what is not on the disk is not wanted any more
        self._file.close()

    def __len__(self) -> int:
        """Number of rows."""
        return self._count

    @property
    def row_bytes(self) -> int:
        """Size of a row."""
        return self._type.itemsize

    def append(self, rows: Rows) -> None:
        """Add rows at the end."""
        self._pending.append(rows)
        self._count += len(rows)
        if len(self._pending) >= ROWS_PER_BLOCK:
            self._flush()

    def blocks(self, *, is_backward: bool = False) -> Iterator[tuple[int, Rows]]:
        """Yield all rows in blocks, each with the place of its first row.

        Backwards, the last block comes first; within a block the order is that of the file.
        """
        self._flush()
        starts = range(0, self._count, ROWS_PER_BLOCK)
        for start in reversed(starts) if is_backward else starts:
            yield start, self._read(start, min(ROWS_PER_BLOCK, self._count - start))

    def rows(self) -> Iterator[Rows]:
        """Yield every row as an array of one."""
        for _, block in self.blocks():
            for i in range(len(block)):
                yield block[i : i + 1]

    def row(self, place: int) -> Rows:
        """One row as an array."""
        self._flush()
        return self._read(place, 1)

    def rewrite(self, start: int, rows: Rows) -> None:
        """Replace rows."""
        with writing(self._path):
            self._file.seek(start * self.row_bytes)
            self._file.write(rows.tobytes())

    def _flush(self) -> None:
        if self._pending:
            with writing(self._path):
                self._file.seek(0, 2)
                self._file.write(b"".join(rows.tobytes() for rows in self._pending))
            self._pending.clear()

    def _read(self, start: int, count: int) -> Rows:
        with writing(self._path):
            self._file.seek(start * self.row_bytes)
            data = self._file.read(count * self.row_bytes)
        return np.frombuffer(bytearray(data), self._type)
