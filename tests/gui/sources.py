"""Live sources that a test leads by the hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from srfer.gui.feeds import Choice, Feed, Kind
from srfer.realtime import Frame, Policy, SourceInfo
from srfer.realtime.demo.clip import load_portrait
from srfer.realtime.sources.health import SourceHealth, SourceState
from tests.synthetic import Life

CAMERA = Choice(Kind.WEBCAM, "Test camera", "webcam:test")


def picture() -> np.ndarray:
    """A frame of 320x240 with a face of about 55 pixels."""
    image = np.full((240, 320, 3), 120, np.uint8)
    image[50:178, 100:228] = load_portrait()[0:256:2, 96:352:2]
    return image


class Camera(Life):
    """Delivers a frame whenever the test says so, and is in whatever state the test says.

    Args:
        on_open: called when it is opened; may wait or raise.
    """

    def __init__(self, on_open: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.on_enter = on_open
        self._state = SourceHealth(SourceState.CONNECTING, time.monotonic())
        self._more = threading.Semaphore(0)
        self._is_over = threading.Event()
        self._image = picture()

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("camera", 320, 240, Fraction(25), Fraction(1, 25), None, True)

    @property
    def health(self) -> SourceHealth:
        return self._state

    def become(self, state: SourceState, cause: str = "") -> None:
        self._state = SourceHealth(state, time.monotonic(), cause)

    def deliver(self, count: int = 1) -> None:
        self.become(SourceState.LIVE)
        for _ in range(count):
            self._more.release()

    def interrupt(self) -> None:
        self._is_over.set()
        self._more.release()

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while True:
            self._more.acquire()
            if self._is_over.is_set():
                return
            yield Frame("camera", index, time.monotonic(), Fraction(index, 25), self._image.copy())
            index += 1


def feeds(*sources: object) -> Callable[[Choice], Feed]:
    """Opens these one after the other, whatever is chosen."""
    rest = list(sources)

    def opened(choice: Choice) -> Feed:
        source = rest.pop(0)
        return Feed(choice, source, Policy.LIVE)  # type: ignore[arg-type]

    return opened
