"""Results as an Apache Parquet table; needs pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ..types import FrameResult
from .atomic import partial_path, publish, writing
from .record import Cell, FaceFields, Kind, Records, columns, to_rows

ROWS_PER_GROUP = 8192
"""Rows that are kept in memory and written together."""


class ParquetSink:
    """Writes one row for every face in every frame, in the columns of the CSV; absent is null.

    A file that was not finished cannot be read: its index is written last.

    Args:
        path: the file to make; `name.partial.parquet` until it is complete.
        records: makes what is written; may be shared with other sinks of the same results.
        made_by: what made the results, kept as the metadata `srfer` of the schema.
    """

    name = "parquet"

    def __init__(self, path: Path, records: Records | None = None, *, made_by: str = "") -> None:
        self.path = path
        self._records = records or Records()
        self._made_by = made_by
        self._schema: Any = None
        self._file: IO[bytes] | None = None
        self._writer: Any = None
        self._rows: list[list[Cell]] = []
        self._frames = 0

    def __enter__(self) -> Self:
        from pyarrow import parquet

        self._schema = to_schema(self._records.fields, self._made_by)
        with writing(self.path), ExitStack() as undo:
            file = undo.enter_context(partial_path(self.path).open("wb"))
            self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
            self._file = file
            undo.pop_all()
        return self

    def write(self, result: FrameResult, /) -> None:
        """Take the frame's faces.

        Raises:
            ExportError: if the file cannot be written.
        """
        self._rows += to_rows(self._records.of(result), self._records.fields)
        self._frames += 1
        if len(self._rows) >= ROWS_PER_GROUP:
            self._write_group()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        # After an error, what there is is worth a try; the first error is the one to report.
        ignored = () if error is None else (Exception,)
        with suppress(*ignored), writing(self.path, self._frames), self._file:
            self._write_group()
            self._writer.close()
        if error is None:
            with writing(self.path, self._frames):
                publish(self.path)

    def _write_group(self) -> None:
        if not self._rows:
            return
        with writing(self.path, self._frames):
            self._writer.write_table(to_table(self._rows, self._schema))
        self._rows.clear()


def to_schema(fields: FaceFields, made_by: str = "") -> Any:
    """The pyarrow schema of a table of faces.

    Args:
        fields: what was written of each face beyond the usual.
        made_by: what made the results, in one line; kept as metadata if given.
    """
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.dictionary(pa.int32(), pa.string()),
        Kind.WHOLE: pa.int64(),
        Kind.REAL: pa.float64(),
    }
    return pa.schema(
        [(column.name, types[column.kind]) for column in columns(fields)],
        metadata={"srfer": made_by} if made_by else None,
    )


def to_table(rows: Sequence[Sequence[Cell]], schema: Any) -> Any:
    """Rows in the order of `columns` as a pyarrow table."""
    import pyarrow as pa

    values_by_column = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [
        pa.array(values, field.type) for values, field in zip(values_by_column, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
