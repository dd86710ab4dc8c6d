"""Results as a table of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from ..types import FrameResult
from . import pyfeat
from .atomic import TextFile
from .record import Cell, Records, columns, to_rows


class CsvNaming(StrEnum):
    """Whose names the columns have."""

    SRFER = "srfer"
    PYFEAT = "pyfeat"


class CsvSink:
    """Writes one row for every face in every frame; what was not read is left empty.

    Args:
        path: the file to make; `name.partial.csv` until it is complete.
        records: makes what is written; may be shared with other sinks of the same results.
        naming: whose names the columns have.
    """

    name = "csv"

    def __init__(
        self,
        path: Path,
        records: Records | None = None,
        *,
        naming: CsvNaming = CsvNaming.SRFER,
    ) -> None:
        self.path = path
        self._records = records or Records()
        self._naming = naming
        self._file: TextFile | None = None

    def __enter__(self) -> Self:
        names: Iterable[str] = pyfeat.COLUMNS
        if self._naming is CsvNaming.SRFER:
            names = (column.name for column in columns(self._records.fields))
        self._file = TextFile(self.path, header=",".join(names) + "\n")
        return self

    def write(self, result: FrameResult, /) -> None:
        """Append the frame's faces.

        Raises:
            ExportError: if the file cannot be written.
        """
        assert self._file is not None, "enter the sink first"
        record = self._records.of(result)
        is_ours = self._naming is CsvNaming.SRFER
        rows = to_rows(record, self._records.fields) if is_ours else pyfeat.to_rows(record)
        self._file.write(_as_csv(rows), result.frame.pts)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close(is_complete=error is None)


def _as_csv(rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
