"""Results as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from ..types import FrameResult
from .atomic import TextFile
from .record import FaceFields, to_record


class JsonlSink:
    """Writes one JSON object a line for every frame; see `to_record` for what is in it.

    Args:
        path: the file to make; `name.partial.jsonl` until it is complete.
        fields: what to write of each face beyond the usual.
    """

    name = "jsonl"

    def __init__(self, path: Path, fields: FaceFields | None = None) -> None:
        self.path = path
        self._fields = fields
        self._file: TextFile | None = None

    def __enter__(self) -> Self:
        self._file = TextFile(self.path)
        return self

    def write(self, result: FrameResult, /) -> None:
        """Append the frame.

        Raises:
            ExportError: if the file cannot be written.
        """
        assert self._file is not None, "enter the sink first"
        line = json.dumps(
            to_record(result, self._fields),
            allow_nan=False,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        self._file.write(line + "\n", result.frame.pts)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close(is_complete=error is None)
