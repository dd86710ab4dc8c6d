"""Results as a table of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srfer.engines import LABELS

from ..details import BLENDSHAPES, MESH_POINTS
from ..types import FrameResult
from .atomic import TextFile
from .record import LANDMARKS, FaceFields, to_record

_EDGES = ("left", "top", "right", "bottom")
_PLAIN = ("track", "state", "score", "native_px", "label", "confidence", "expected_accuracy")

COLUMNS = (
    "source",
    "frame",
    "pts",
    "track",
    "state",
    *_EDGES,
    "score",
    "native_px",
    "label",
    "confidence",
    "expected_accuracy",
    *LABELS,
    *(f"smoothed_{label}" for label in LABELS),
    "steady_label",
)
"""The columns: the names of `to_record`, boxes and probabilities spread out."""


def columns(fields: FaceFields) -> tuple[str, ...]:
    """The usual columns and those of what is asked for."""
    landmarks = (f"{name}_{axis}" for name in LANDMARKS for axis in "xy")
    mesh = (f"mesh_{i}_{axis}" for i in range(MESH_POINTS) for axis in "xyz")
    blendshapes = (f"blendshape_{name}" for name in BLENDSHAPES)
    return (
        *COLUMNS,
        *(landmarks if fields.landmarks else ()),
        *(mesh if fields.mesh else ()),
        *(blendshapes if fields.blendshapes else ()),
    )


class CsvSink:
    """Writes one row for every face in every frame; what was not read is left empty.

    Args:
        path: the file to make; `name.partial.csv` until it is complete.
        fields: what to write of each face beyond the usual.
    """

    name = "csv"

    def __init__(self, path: Path, fields: FaceFields | None = None) -> None:
        self.path = path
        self._fields = fields or FaceFields()
        self._columns = columns(self._fields)
        self._file: TextFile | None = None

    def __enter__(self) -> Self:
        self._file = TextFile(self.path, header=",".join(self._columns) + "\n")
        return self

    def write(self, result: FrameResult, /) -> None:
        """Append the frame's faces.

        Raises:
            ExportError: if the file cannot be written.
        """
        assert self._file is not None, "enter the sink first"
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, restval="", lineterminator="\n")
        writer.writerows(_rows(to_record(result, self._fields)))
        self._file.write(text.getvalue())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close(is_complete=error is None)


def _rows(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for face in record["faces"]:
        yield {
            **{key: record[key] for key in ("source", "frame", "pts")},
            **{key: face[key] for key in _PLAIN},
            **dict(zip(_EDGES, face["box"], strict=True)),
            **(face["probabilities"] or {}),
            **{f"smoothed_{label}": p for label, p in (face["smoothed"] or {}).items()},
            "steady_label": face["steady_label"],
            **dict(_spread(face)),
        }


def _spread(face: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Columns of what was asked for."""
    for name, point in (face.get("landmarks") or {}).items():
        yield from zip((f"{name}_x", f"{name}_y"), point, strict=True)
    for i, point in enumerate(face.get("mesh") or ()):
        yield from zip((f"mesh_{i}_{axis}" for axis in "xyz"), point, strict=True)
    for name, value in (face.get("blendshapes") or {}).items():
        yield f"blendshape_{name}", value
