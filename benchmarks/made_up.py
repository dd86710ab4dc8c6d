"""A made-up camera, at the pace of a real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

from srfer.gui.feeds import Choice, Feed, Kind
from srfer.realtime import Frame, Policy, SourceInfo
from srfer.realtime.types import RgbImage

CAMERA = Choice(Kind.WEBCAM, "camera", "webcam:benchmark")

Pictures = Callable[[], Iterator[RgbImage]]
"""Gives endless pictures of one size, from their beginning."""


class MadeUp:
    """A camera that delivers a picture every `every_s` seconds; None never delivers anything."""

    def __init__(self, pictures: Pictures, every_s: float | None) -> None:
        self._pictures = pictures
        self._every_s = every_s
        self._is_over = threading.Event()
        self._size = next(pictures()).shape[:2]

    @property
    def info(self) -> SourceInfo:
        """A live camera."""
        height, width = self._size
        return SourceInfo("camera", width, height, Fraction(30), Fraction(1, 1000), None, True)

    def interrupt(self) -> None:
        """End the iteration."""
        self._is_over.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        for index, image in enumerate(self._pictures()):
            if self._is_over.wait(self._every_s):
                return
            now_s = time.monotonic()
            pts = Fraction(now_s).limit_denominator(1000)
            yield Frame("camera", index, now_s, pts, image.copy())


def camera(pictures: Pictures, every_s: float | None) -> Callable[[Choice], Feed]:
    """Opens a made-up camera."""
    return lambda choice: Feed(choice, MadeUp(pictures, every_s), Policy.LIVE)
