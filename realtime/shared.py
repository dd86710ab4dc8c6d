"""One expression model and one face detector for many streams."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines import Expression, Model
from srfer.errors import ConfigError

from .analysis import FaceReader
from .batching import GATHER_S, Batcher, Line
from .detection import Detector
from .types import Face, RgbImage

FACES_AT_ONCE = 32
PICTURES_AT_ONCE = 8


class SharedEngines:
    """The networks that all streams share, each in a thread that answers in batches.

    Args:
        model: loaded; not closed here.
        detector: entered and exited here; None where each stream has its own tracker.
        gather_s: longest wait for the faces of other streams, in seconds. Frames are never waited
            for: streams are searched seldom, and hardly ever at the same moment.
    """

    def __init__(self, model: Model, detector: Detector | None, gather_s: float = GATHER_S) -> None:
        self._model = model
        self._detector = detector
        self._reading = Batcher(
            self._read,
            name="shared model",
            most=FACES_AT_ONCE,
            weigh=lambda crops: len(crops.faces),
            gather_s=gather_s,
        )
        self._detecting = None if detector is None else _detecting(detector)
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            for part in (self._detector, self._reading, self._detecting):
                if part is not None:
                    opened.enter_context(part)
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened.__exit__(kind, error, traceback)

    def reader(self, priority: int = 0) -> FaceReader:
        """A line to the model for one stream; higher priorities come first."""
        return _ReaderLine(self._reading.line(priority))

    def detector(self, priority: int = 0) -> Detector:
        """A line to the detector for one stream; higher priorities come first.

        Raises:
            ConfigError: if none is shared.
        """
        if self._detector is None or self._detecting is None:
            raise ConfigError("these streams share no detector: their tracker is mediapipe")
        return _DetectorLine(self._detector, self._detecting.line(priority))

    def _read(self, batch: Sequence[_Crops]) -> list[list[Expression | None]]:
        answers: dict[int, list[Expression | None]] = {}
        for use_sr in (True, False):
            chosen = [(place, crops) for place, crops in enumerate(batch) if crops.use_sr is use_sr]
            if not chosen:
                continue
            readings = self._model.read_faces(
                np.concatenate([crops.faces for _, crops in chosen]),
                np.concatenate([crops.native_px for _, crops in chosen]),
                use_sr=use_sr,
            )
            for place, crops in chosen:
                answers[place], readings = (
                    readings[: len(crops.faces)],
                    readings[len(crops.faces) :],
                )
        return [answers[place] for place in range(len(batch))]


def _detecting(detector: Detector) -> Batcher[list[RgbImage], list[tuple[Face, ...]]]:
    return Batcher(
        partial(_detect, detector),
        name="shared detector",
        most=PICTURES_AT_ONCE,
        weigh=len,
        gather_s=0.0,
    )


def _detect(detector: Detector, batch: Sequence[list[RgbImage]]) -> list[list[tuple[Face, ...]]]:
    """Pictures of one size together, since a batch costs as if all were of the largest size."""
    found: dict[int, list[tuple[Face, ...]]] = {}
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for place, images in enumerate(batch):
        if len({image.shape for image in images}) == 1:
            by_shape.setdefault(images[0].shape, []).append(place)
        else:
            found[place] = detector.detect(images)
    for places in by_shape.values():
        faces = detector.detect([image for place in places for image in batch[place]])
        for place in places:
            count = len(batch[place])
            found[place], faces = faces[:count], faces[count:]
    return [found[place] for place in range(len(batch))]


@dataclass(frozen=True, slots=True, eq=False)
class _Crops:
    faces: NDArray[np.uint8]
    native_px: NDArray[np.float32]
    use_sr: bool


class _ReaderLine:
    """A line to the shared model that looks like the model."""

    def __init__(self, line: Line[_Crops, list[Expression | None]]) -> None:
        self._line = line

    def read_faces(
        self, faces: NDArray[np.uint8], native_px: NDArray[np.float32], *, use_sr: bool = True
    ) -> list[Expression | None]:
        return self._line.ask(_Crops(faces, native_px, use_sr))


class _DetectorLine:
    """A line to the shared detector that looks like a detector of one's own."""

    def __init__(
        self, detector: Detector, line: Line[list[RgbImage], list[tuple[Face, ...]]]
    ) -> None:
        self.name = detector.name
        self.detect_px = detector.detect_px
        self.least_face_px = detector.least_face_px
        self._line = line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        return self._line.ask(list(images)) if images else []
