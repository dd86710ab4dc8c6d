"""Hiding faces in pictures that are shown or stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from .stage import Sink
from .types import Box, FaceResult, FrameResult, RgbImage

HOLD_FRAMES = 12
"""How long frames are held back, so that a face is hidden also before it was first found: twice as
long as the tracker takes between two searches of the whole frame."""

_CELLS = 5
_MARGIN = 0.3
_CONTRAST = 0.2
"""Share of the cells' contrast that is left; a fifth of it is a 25th of the variance."""


class Veil(StrEnum):
    """How faces are hidden."""

    BLUR = "blur"
    PIXELATE = "pixelate"


def hide(image: RgbImage, boxes: Iterable[Box], veil: Veil) -> None:
    """Hide what lies in boxes, and some way around them, in the picture itself.

    Each is reduced to a few cells of one colour, which are drawn towards their mean: all that can
    be got back.

    Args:
        image: (H, W, 3) uint8 RGB, changed.
        boxes: in pixels of the picture.
        veil: how the cells are enlarged again: with soft or with hard edges.
    """
    height, width = image.shape[:2]
    for box in boxes:
        across, down = box.width * _MARGIN, box.height * _MARGIN
        left, right = max(0, int(box.left - across)), min(width, int(box.right + across) + 1)
        top, bottom = max(0, int(box.top - down)), min(height, int(box.bottom + down) + 1)
        if right <= left or bottom <= top:
            continue
        spot = image[top:bottom, left:right]
        cells = cv2.resize(spot, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        mean = cells.mean(axis=(0, 1))
        cells = np.asarray(np.rint(mean + _CONTRAST * (cells - mean)), np.uint8)
        how = cv2.INTER_LINEAR if veil is Veil.BLUR else cv2.INTER_NEAREST
        spot[:] = cv2.resize(cells, (right - left, bottom - top), interpolation=how)


class VeiledSink:
    """Gives another sink the results with all faces hidden in the pictures.

    Frames are held back, since a face is in the picture for some frames before it is found. A face
    that is not known in a frame, but is in one nearby, is hidden where it is there.

    Args:
        sink: what the results go to.
        veil: how faces are hidden.
        hold_frames: how many frames are held back.
    """

    def __init__(self, sink: Sink, veil: Veil, hold_frames: int = HOLD_FRAMES) -> None:
        self.name = sink.name
        self._sink = sink
        self._veil = veil
        self._hold_frames = hold_frames
        self._waiting: deque[FrameResult] = deque()
        self._past: deque[dict[int, Box]] = deque(maxlen=hold_frames)

    def __enter__(self) -> Self:
        self._sink.__enter__()
        return self

    def write(self, result: FrameResult, /) -> None:
        """Take a result, and hand on the one that has waited long enough."""
        self._waiting.append(result)
        if len(self._waiting) > self._hold_frames:
            self._hand_on()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            while self._waiting:
                self._hand_on()
        except BaseException as trouble:
            self._sink.__exit__(type(trouble), trouble, trouble.__traceback__)
            if error is None:
                raise
            return
        self._sink.__exit__(kind, error, traceback)

    def _hand_on(self) -> None:
        result = self._waiting.popleft()
        own = _boxes(result)
        before: dict[int, Box] = {}
        for boxes in self._past:
            before |= boxes
        after: dict[int, Box] = {}
        for later in reversed(self._waiting):
            after |= _boxes(later)
        nearby = [box for seen in (before, after) for id_, box in seen.items() if id_ not in own]
        image = result.frame.image.copy()
        hide(image, [*nearby, *own.values()], self._veil)
        self._past.append(own)
        frame = replace(result.frame, picture=image)
        faces = tuple(map(_without_picture, result.faces))
        self._sink.write(replace(result, frame=frame, faces=faces))


def _boxes(result: FrameResult) -> dict[int, Box]:
    return {face.track.id: face.track.face.box for face in result.faces}


def veiled(result: FrameResult, veil: Veil) -> FrameResult:
    """The same result with all faces hidden, in the frame and in what was restored of them."""
    if not result.faces:
        return result
    image = result.frame.image.copy()
    hide(image, (face.track.face.box for face in result.faces), veil)
    frame = replace(result.frame, picture=image)
    return replace(result, frame=frame, faces=tuple(map(_without_picture, result.faces)))


class VeilStage:
    """A stage after the reading, for live use: what comes behind it never gets to see a known face.

    Args:
        veil: how faces are hidden; None lets results through as they are.

    Attributes:
        veil: may be changed at any time, by any thread; counts from the next frame on.
    """

    name = "hide"

    def __init__(self, veil: Veil | None = None) -> None:
        self.veil = veil

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __call__(self, result: FrameResult) -> FrameResult:
        """Hide the faces of a frame."""
        veil = self.veil
        return result if veil is None else veiled(result, veil)


def _without_picture(face: FaceResult) -> FaceResult:
    if face.expression is None:
        return face
    return replace(face, expression=replace(face.expression, restored=None))
