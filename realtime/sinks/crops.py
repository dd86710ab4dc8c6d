"""Every face as pictures: what was cut out of the frame, and what super-resolution made of it."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.errors import ExportError

from ..crop import cut_out
from ..types import FrameResult
from .atomic import partial_path, sync, writing

_FOLDER = re.compile(r"track-\d+")
_FILE = re.compile(r"frame-\d+-(before|after)\.png")


def is_crop(path: Path) -> bool:
    """True for a picture that an export made of a face, by its name and those of its folders."""
    folder = path.parent
    return (
        _FILE.fullmatch(path.name) is not None
        and _FOLDER.fullmatch(folder.name) is not None
        and folder.parent.name.partition(".")[0] == CropSink.name
    )


class CropSink:
    """Writes `track-0001/frame-000012-before.png` and `...-after.png` for each face that was read.

    Both are (48, 48) gray: before is what the model was given, enlarged without super-resolution
    where the face is smaller; after is what super-resolution made of it. It is a guess of the
    model, not evidence. While it is being written, the folder is called `crops.partial`.

    Args:
        path: the folder to make.
        known_frames: so many frames were written before, by an export that was killed; what is
            there of them stays.
    """

    name = "crops"

    def __init__(self, path: Path, known_frames: int = 0) -> None:
        self.path = path
        self._partial = partial_path(path)
        self._known_frames = known_frames
        self._frames = 0

    def __enter__(self) -> Self:
        with writing(self.path):
            self._partial.mkdir(exist_ok=True)
        return self

    def write(self, result: FrameResult, /) -> None:
        """Write the faces of a frame.

        Raises:
            ExportError: if a file cannot be written.
        """
        for face in result.faces:
            if face.expression is None:
                continue
            restored = face.expression.restored
            path = self._partial / f"track-{face.track.id:04d}" / f"frame-{result.frame.index:06d}"
            # The last one tells that both are there.
            last = _picture(path, "before" if restored is None else "after")
            if self._frames < self._known_frames and _is_there(last):
                continue
            self._write(_picture(path, "before"), cut_out(result.frame, face.track.face)[0])
            if restored is not None:
                self._write(last, restored)
        self._frames += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            return
        with writing(self.path, self._frames):
            for path in self._partial.rglob("*"):
                sync(path)
            sync(self._partial)
            self._partial.replace(self.path)
            sync(self.path.parent)

    def _write(self, path: Path, image: NDArray[np.uint8]) -> None:
        is_encoded, data = cv2.imencode(".png", image)
        if not is_encoded:
            raise ExportError(f"{path.name}: the picture cannot be encoded; report this")
        with writing(self.path, self._frames):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data.tobytes())


def _picture(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}-{what}.png")


def _is_there(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
