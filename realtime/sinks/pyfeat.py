"""Face rows under the column names of py-feat, whose `Fex` reads them (feat.utils.io.read_feat).

py-feat knows seven expressions; `contempt` and `pts` are two more columns here. A frame without a
face is a row without numbers, as py-feat's detector writes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .record import Cell
from .table import CsvSink

_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt")

COLUMNS = (
    "FaceRectX",
    "FaceRectY",
    "FaceRectWidth",
    "FaceRectHeight",
    "FaceScore",
    *_EMOTIONS,
    "Identity",
    "frame",
    "pts",
    "input",
)


class FexSink(CsvSink):
    """Writes a table for `Fex`; of what may be asked for besides, py-feat has no names."""

    name = "pyfeat"

    def _names(self) -> Iterable[str]:
        return COLUMNS

    def _rows(self, record: dict[str, Any]) -> list[list[Cell]]:
        return to_rows(record)


def to_rows(record: dict[str, Any]) -> list[list[Cell]]:
    """The faces of a record, in the order of `COLUMNS`."""
    place = [record["frame"], record["pts"], record["source"]]
    if not record["faces"]:
        return [[None] * (len(COLUMNS) - len(place)) + place]
    return [_row(face) + place for face in record["faces"]]


def _row(face: dict[str, Any]) -> list[Cell]:
    left, top, right, bottom = face["box"]
    probabilities = face["probabilities"] or {}
    return [
        left,
        top,
        round(right - left, 2),
        round(bottom - top, 2),
        face["score"],
        *(probabilities.get(name) for name in _EMOTIONS),
        f"Person_{face['track']}",
    ]
