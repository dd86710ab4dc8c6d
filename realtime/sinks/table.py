"""Results as a table of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srfer.engines import LABELS

from ..types import FrameResult
from .atomic import TextFile
from .record import to_record

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


class CsvSink:
    """Writes one row for every face in every frame; what was not read is left empty.

    Args:
        path: the file to make; `name.partial.csv` until it is complete.
    """

    name = "csv"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextFile | None = None

    def __enter__(self) -> Self:
        self._file = TextFile(self.path, header=",".join(COLUMNS) + "\n")
        return self

    def write(self, result: FrameResult, /) -> None:
        """Append the frame's faces.

        Raises:
            ExportError: if the file cannot be written.
        """
        assert self._file is not None, "enter the sink first"
        self._file.write(_as_csv(_rows(to_record(result))))

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
        }


def _as_csv(rows: Iterator[dict[str, Any]]) -> str:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n").writerows(rows)
    return text.getvalue()
