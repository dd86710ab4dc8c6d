"""Results as JSON lines."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..types import FrameResult
from .atomic import TextFile
from .record import Records

_to_json = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode


class JsonlSink:
    """Writes one JSON object a line for every frame; see `to_record` for what is in it.

    Args:
        path: the file to make; `name.partial.jsonl` until it is complete.
        records: makes what is written; may be shared with other sinks of the same results.
    """

    name = "jsonl"

    def __init__(self, path: Path, records: Records | None = None) -> None:
        self.path = path
        self._records = records or Records()
        self._file: TextFile | None = None

    def __enter__(self) -> Self:
        self._file = TextFile(self.path)
        return self

    def write(self, result: FrameResult, /) -> None:
        """Append the frame.

        Raises:
            ExportError: if the file cannot be written.
        """
        self._write(self._records.of(result), result.frame.pts)

    def write_event(self, event: dict[str, Any], pts: Fraction | None) -> None:
        """Append a line that is no frame; it has the key `event`.

        Raises:
            ExportError: if the file cannot be written.
        """
        self._write(event, pts)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close(is_complete=error is None)

    def _write(self, record: dict[str, Any], pts: Fraction | None) -> None:
        assert self._file is not None, "enter the sink first"
        self._file.write(_to_json(record) + "\n", pts)
