"""Results that were exported, as tables for analysis."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srfer.errors import ConfigError
from srfer.extras import require

from .formats import FILE_NAMES, MANIFEST_NAME, Format
from .sinks.parquet import to_schema, to_table
from .sinks.record import Cell, FaceFields, Kind, columns, to_rows
from .sources import display_name
from .words import counted


class Results:
    """The finished exports in a folder.

    They are read from `frames.jsonl`, one video after the other, in the order of their folders.

    Args:
        folder: what `export` was given as its output, or the folder of one video.

    Raises:
        ConfigError: if there are no finished results with JSON lines in it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        found = [self.folder, *sorted(path for path in self.folder.glob("*") if path.is_dir())]
        self.folders = tuple(
            one
            for one in found
            if (one / MANIFEST_NAME).is_file() and (one / FILE_NAMES[Format.JSONL]).is_file()
        )
        if not self.folders:
            raise ConfigError(
                f"{display_name(self.folder)}: holds no finished results with "
                f"{FILE_NAMES[Format.JSONL]}; export with --formats jsonl first"
            )

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.folders)

    def __repr__(self) -> str:
        return f"Results({display_name(self.folder)!r}, {counted(len(self), 'video')})"

    def manifests(self) -> list[dict[str, Any]]:
        """What made the results of each video, and what came of it."""
        return [
            json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
            for folder in self.folders
        ]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield every frame as it is in the JSON lines; see docs/formats.md."""
        for folder in self.folders:
            with (folder / FILE_NAMES[Format.JSONL]).open(encoding="utf-8") as lines:
                yield from map(json.loads, lines)

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row per face and frame, in the columns of the CSV.

        What was not read is missing (NA). Needs `srfer[pandas]`.

        Raises:
            ConfigError: if pandas is not installed.
        """
        require("pandas", "pandas")
        import pandas as pd

        kinds = {Kind.TEXT: "string", Kind.WHOLE: "Int64", Kind.REAL: "float64"}
        fields = self._fields()
        names = [column.name for column in columns(fields)]
        frame = pd.DataFrame(self._rows(fields), columns=names)
        return frame.astype({column.name: kinds[column.kind] for column in columns(fields)})

    def to_arrow(self) -> Any:
        """A pyarrow Table with one row per face and frame, as in the Parquet files.

        Needs `srfer[parquet]`.

        Raises:
            ConfigError: if pyarrow is not installed.
        """
        require("parquet", "pyarrow")
        fields = self._fields()
        return to_table(self._rows(fields), to_schema(fields))

    def _fields(self) -> FaceFields:
        """What all of the videos have of each face beyond the usual."""
        found = [manifest["settings"]["fields"] for manifest in self.manifests()]
        names = (field.name for field in dataclasses.fields(FaceFields))
        return FaceFields(**{name: all(one.get(name, False) for one in found) for name in names})

    def _rows(self, fields: FaceFields) -> list[list[Cell]]:
        return [row for record in self.records() for row in to_rows(record, fields)]


def results(folder: str | os.PathLike[str]) -> Results:
    """The finished exports in a folder, for analysis.

        srfer.results("out").to_pandas().groupby("track")["happiness"].mean()

    Args:
        folder: what `export` was given as its output, or the folder of one video.

    Raises:
        ConfigError: if there are no finished results with JSON lines in it.
    """
    return Results(folder)
