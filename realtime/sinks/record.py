"""What is written about one frame: the single definition for JSON lines and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS

from ..details import BLENDSHAPES, MESH_POINTS
from ..types import Face, FaceResult, FrameResult

LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The five landmarks in the order of `Face.landmarks`; right and left are the person's."""


@dataclass(frozen=True, slots=True)
class FaceFields:
    """What is written of each face only where it is asked for: it is much, and biometric.

    Attributes:
        landmarks: the five points.
        mesh: all points that MediaPipe measures.
        blendshapes: how far each movement of the face is done.
        pass_one_track: the number it had before results were refined; see `FaceResult`.
    """

    landmarks: bool = False
    mesh: bool = False
    blendshapes: bool = False
    pass_one_track: bool = False


class Kind(StrEnum):
    """What a column of a table holds."""

    TEXT = "text"
    WHOLE = "whole number"
    REAL = "real number"


class Column(NamedTuple):
    """A column of a table of faces."""

    name: str
    kind: Kind


EDGES = ("left", "top", "right", "bottom")

COLUMNS = (
    Column("source", Kind.TEXT),
    Column("frame", Kind.WHOLE),
    Column("pts", Kind.REAL),
    Column("track", Kind.WHOLE),
    Column("state", Kind.TEXT),
    *(Column(edge, Kind.REAL) for edge in EDGES),
    Column("score", Kind.REAL),
    Column("native_px", Kind.REAL),
    Column("label", Kind.TEXT),
    Column("confidence", Kind.REAL),
    Column("expected_accuracy", Kind.REAL),
    *(Column(label, Kind.REAL) for label in LABELS),
    *(Column(f"smoothed_{label}", Kind.REAL) for label in LABELS),
    Column("steady_label", Kind.TEXT),
)
"""The columns: the names of `to_record`, boxes and probabilities spread out."""

Cell = str | int | float | None
_NO_PROBABILITIES = (None,) * len(LABELS)


def columns(fields: FaceFields) -> tuple[Column, ...]:
    """The usual columns and those of what is asked for."""
    landmarks = (f"{name}_{axis}" for name in LANDMARKS for axis in "xy")
    mesh = (f"mesh_{i}_{axis}" for i in range(MESH_POINTS) for axis in "xyz")
    blendshapes = (f"blendshape_{name}" for name in BLENDSHAPES)
    names = (
        *(landmarks if fields.landmarks else ()),
        *(mesh if fields.mesh else ()),
        *(blendshapes if fields.blendshapes else ()),
    )
    before = (Column("pass_one_track", Kind.WHOLE),) if fields.pass_one_track else ()
    return (*COLUMNS, *(Column(name, Kind.REAL) for name in names), *before)


def to_record(result: FrameResult, fields: FaceFields | None = None) -> dict[str, Any]:
    """A result as plain JSON types.

    `pts` is in seconds (to the microsecond), boxes are (left, top, right, bottom) in pixels,
    everything else is 0..1. What was not read in this frame is None. `smoothed` holds the
    probabilities filtered over the track's time, `steady_label` their label, which changes only
    where another one is clearly ahead; these are what the annotated video shows. `fields` adds
    `landmarks` ({name: [x, y]}), `mesh` ([[x, y, z], ...]) and `blendshapes` ({name: 0..1}), and
    `pass_one_track`, which is None where a face was only found when results were refined.
    """
    frame = result.frame
    return {
        "source": frame.source_id,
        "frame": frame.index,
        "pts": None if frame.pts is None else round(float(frame.pts), 6),
        "faces": [_face_record(face, fields or FaceFields()) for face in result.faces],
    }


class Records:
    """Makes records for sinks that write the same results; each is made once.

    Args:
        fields: what to write of each face beyond the usual.
    """

    def __init__(self, fields: FaceFields | None = None) -> None:
        self.fields = fields or FaceFields()
        self._result: FrameResult | None = None
        self._record: dict[str, Any] = {}

    def of(self, result: FrameResult) -> dict[str, Any]:
        """The record of a result; see `to_record`. It is not to be changed."""
        if self._result is not result:
            self._result, self._record = result, to_record(result, self.fields)
        return self._record


def to_rows(record: dict[str, Any], fields: FaceFields) -> list[list[Cell]]:
    """The faces of a record in the order of `columns`; None is an empty cell."""
    frame = [record["source"], record["frame"], record["pts"]]
    return [
        [
            *frame,
            face["track"],
            face["state"],
            *face["box"],
            face["score"],
            face["native_px"],
            face["label"],
            face["confidence"],
            face["expected_accuracy"],
            *_values(face["probabilities"]),
            *_values(face["smoothed"]),
            face["steady_label"],
            *_spread(face, fields),
        ]
        for face in record["faces"]
    ]


def _values(probabilities: dict[str, float] | None) -> tuple[Cell, ...]:
    return _NO_PROBABILITIES if probabilities is None else tuple(probabilities.values())


def _spread(face: dict[str, Any], fields: FaceFields) -> list[Cell]:
    """The cells of what was asked for."""
    cells: list[Cell] = []
    if fields.landmarks:
        points = face["landmarks"]
        cells += chain(*points.values()) if points else [None] * (2 * len(LANDMARKS))
    if fields.mesh:
        cells += chain(*face["mesh"]) if face["mesh"] else [None] * (3 * MESH_POINTS)
    if fields.blendshapes:
        shapes = face["blendshapes"]
        cells += shapes.values() if shapes else [None] * len(BLENDSHAPES)
    if fields.pass_one_track:
        cells.append(face["pass_one_track"])
    return cells


def _face_record(face: FaceResult, fields: FaceFields) -> dict[str, Any]:
    found, expression = face.track.face, face.expression
    record: dict[str, Any] = {
        "track": face.track.id,
        "state": str(face.track.state),
        "box": [round(float(edge), 2) for edge in found.box],
        "score": round(float(found.score), 4),
    }
    if expression is None:
        keys = ("native_px", "label", "confidence", "expected_accuracy", "probabilities")
        record.update(dict.fromkeys(keys))
    else:
        record.update(
            native_px=round(float(expression.native_px), 2),
            label=expression.label,
            confidence=round(expression.confidence, 4),
            expected_accuracy=round(float(expression.expected_accuracy), 4),
            probabilities=_by_label(expression.probabilities),
        )
    record["smoothed"] = None if face.smoothed is None else _by_label(face.smoothed)
    record["steady_label"] = face.steady_label
    record |= _wanted(found, fields)
    if fields.pass_one_track:
        record["pass_one_track"] = face.pass_one_track
    return record


def _wanted(face: Face, fields: FaceFields) -> dict[str, Any]:
    """What was asked for; None where the tracker did not measure it in this frame."""
    details = face.details
    record: dict[str, Any] = {}
    if fields.landmarks:
        points = face.landmarks
        record["landmarks"] = None if points is None else _named(LANDMARKS, _rounded(points, 2))
    if fields.mesh:
        record["mesh"] = None if details is None else _rounded(details.mesh, 2)
    if fields.blendshapes:
        record["blendshapes"] = (
            None if details is None else _named(BLENDSHAPES, _rounded(details.blendshapes, 4))
        )
    return record


def _named(names: Sequence[str], values: list[Any]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def _rounded(values: NDArray[np.float32], digits: int) -> list[Any]:
    # As float64: rounded single precision would be written with all its digits.
    return list(values.astype(np.float64).round(digits).tolist())


def _by_label(probabilities: NDArray[np.float32]) -> dict[str, float]:
    values = probabilities.tolist()
    return {label: round(value, 4) for label, value in zip(LABELS, values, strict=True)}
