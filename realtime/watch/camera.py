"""Video files that play as a camera would deliver them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from ..stage import Source
from ..types import Frame, SourceInfo


class AsCamera:
    """A source whose frames come when they are due; one that is late is not made up for.

    Args:
        source: finite, with timestamps.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._is_interrupted = threading.Event()

    @property
    def info(self) -> SourceInfo:
        """What is known of the source, which is live now."""
        return replace(self._source.info, is_live=True)

    def interrupt(self) -> None:
        """End the iteration at once; any thread may call."""
        self._is_interrupted.set()

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._source.__exit__(kind, error, traceback)

    def __iter__(self) -> Iterator[Frame]:
        """Yield every frame when it is due; `captured_s` is that moment.

        Raises:
            SourceError: where the source breaks off.
        """
        begun_s: float | None = None
        for frame in self._source:
            media_s, now_s = float(frame.pts or 0), time.monotonic()
            if begun_s is None:
                begun_s = now_s - media_s
            begun_s = max(begun_s, now_s - media_s)
            if self._is_interrupted.wait(max(0.0, begun_s + media_s - now_s)):
                return
            yield replace(frame, captured_s=time.monotonic())
