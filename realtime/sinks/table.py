"""Results as a table of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..types import FrameResult
from .atomic import TextFile
from .record import Cell, Records, columns, to_rows


class CsvSink:
    """Writes one row for every face in every frame; what was not read is left empty.

    Args:
        path: the file to make; `name.partial.csv` until it is complete.
        records: makes what is written; may be shared with other sinks of the same results.
    """

    name = "csv"

    def __init__(self, path: Path, records: Records | None = None) -> None:
        self.path = path
        self._records = records or Records()
        self._file: TextFile | None = None

    def __enter__(self) -> Self:
        self._file = TextFile(self.path, header=",".join(self._names()) + "\n")
        return self

    def write(self, result: FrameResult, /) -> None:
        """Append the frame's faces.

        Raises:
            ExportError: if the file cannot be written.
        """
        assert self._file is not None, "enter the sink first"
        self._file.write(_as_csv(self._rows(self._records.of(result))), result.frame.pts)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close(is_complete=error is None)

    def _names(self) -> Iterable[str]:
        return (column.name for column in columns(self._records.fields))

    def _rows(self, record: dict[str, Any]) -> list[list[Cell]]:
        return to_rows(record, self._records.fields)


def _as_csv(rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
