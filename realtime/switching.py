"""Stages that can be replaced while a pipeline runs, without touching its source."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from srfer.errors import SrferError

from .stage import Stage
from .types import TrackedFrame

In = TypeVar("In")
Out = TypeVar("Out")


class Switchable(Generic[In, Out]):
    """A stage that stands for another one, which may be exchanged between two frames.

    What a stage needs (a model, a detector) is made by the thread that works with it when the
    pipeline starts, and by `switch` in the thread that calls it, while the present stage works on.
    A new stage that cannot be entered is dropped again and the present one stays.

    Args:
        name: as which stage it appears in timings and errors.
        make: makes the first stage.
        on_refused: told, in the pipeline's thread, why a new stage could not be entered.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Stage[In, Out]],
        on_refused: Callable[[SrferError], None] = lambda _error: None,
    ) -> None:
        self.name = name
        self._make = make
        self._on_refused = on_refused
        self._stage: Stage[In, Out] | None = None
        self._next: Stage[In, Out] | None = None
        self._lock = threading.Lock()

    def switch(self, make: Callable[[], Stage[In, Out]]) -> None:
        """Make another stage now, which takes over from the next frame on.

        Raises:
            SrferError: whatever `make` raises; the present stage stays.
        """
        stage = make()
        with self._lock:
            self._next = stage

    def __enter__(self) -> Self:
        stage = self._make()
        stage.__enter__()
        self._stage = stage
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        stage, self._stage = self._stage, None
        if stage is not None:
            stage.__exit__(kind, error, traceback)

    def __call__(self, message: In) -> Out:
        """Do the step, with the newest stage there is."""
        self._take_over()
        assert self._stage is not None, "enter the stage first"
        return self._stage(message)

    def _take_over(self) -> None:
        with self._lock:
            stage, self._next = self._next, None
        if stage is None:
            return
        try:
            stage.__enter__()
        except SrferError as error:
            self._on_refused(error)
            return
        before, self._stage = self._stage, stage
        if before is not None:
            before.__exit__(None, None, None)


class SwitchableTracker(Switchable[Any, TrackedFrame]):
    """As above for trackers: a new tracker counts from 1, but no number is used twice."""

    def __init__(
        self,
        make: Callable[[], Stage[Any, TrackedFrame]],
        on_refused: Callable[[SrferError], None] = lambda _error: None,
    ) -> None:
        super().__init__("track", make, on_refused)
        self._offset = 0
        self._highest = 0

    def __call__(self, message: Any) -> TrackedFrame:
        """Follow the faces into the next frame."""
        before = self._stage
        self._take_over()
        if self._stage is not before:
            self._offset = self._highest
        tracked = super().__call__(message)
        if self._offset:
            tracks = tuple(replace(t, id=t.id + self._offset) for t in tracked.tracks)
            tracked = replace(tracked, tracks=tracks)
        self._highest = max([self._highest, *(track.id for track in tracked.tracks)])
        return tracked
