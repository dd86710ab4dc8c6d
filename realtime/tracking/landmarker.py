"""MediaPipe's Face Landmarker, run in a process of its own (see `mediapipe_worker`)."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from srfer.errors import ConfigError, EngineError, ModelError

from ..details import BLENDSHAPES, MESH_POINTS, FaceDetails
from ..types import RgbImage
from . import mediapipe_worker as worker

HOW_TO_INSTALL = "pip install 'srfer[mediapipe]', then pip install --no-deps mediapipe"
PARTS = ("face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite")
"""What a Face Landmarker model has inside."""
CLOSE_WITHIN_S = 5.0
NOWHERE = "http://127.0.0.1:9"
"""A proxy that does not exist: what keeps reports of use at home where no kernel filter does."""


class FaceLandmarker:
    """Finds the meshes of faces in the frames of one video; a context manager.

    Entering it starts the process, leaving it ends the process.
    """

    def __init__(self, model: Path, *, faces: int, score_from: float = 0.5) -> None:
        """Check that everything is there.

        Args:
            model: a Face Landmarker model (.task).
            faces: at most so many faces are found.
            score_from: how sure MediaPipe has to be of a face, 0..1.

        Raises:
            ConfigError: MediaPipe is not installed.
            ModelError: the model cannot be read, or is another one.
        """
        if find_spec("mediapipe") is None:
            raise ConfigError(f"this needs MediaPipe: {HOW_TO_INSTALL}")
        self._model = _checked(model)
        self._settings = [str(faces), str(score_from)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        environment = {k: v for k, v in os.environ.items() if k.lower() != "no_proxy"}
        environment |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), NOWHERE)
        # -P: the folder of the worker must not shadow other modules. A session of its own: Ctrl-C
        # is for the parent, which may still have frames to finish.
        self._process = subprocess.Popen(
            [sys.executable, "-P", worker.__file__, str(self._model), *self._settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        try:
            self._read_count()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def find(self, image: RgbImage, at_ms: int) -> list[FaceDetails]:
        """The faces in the next frame of the video.

        Args:
            image: (H, W, 3) uint8 RGB.
            at_ms: media time, larger than that of the frame before.

        Raises:
            EngineError: MediaPipe is not open, or it failed.
        """
        height, width = image.shape[:2]
        head = worker.REQUEST.pack(height, width, at_ms)
        count = self._ask(head, np.ascontiguousarray(image).data)
        return [self._read_face() for _ in range(count)]

    def begin_anew(self) -> None:
        """Forget all frames, as if a video began.

        Raises:
            EngineError: MediaPipe is not open, or it failed.
        """
        self._ask(worker.REQUEST.pack(0, 0, 0), b"")

    def _ask(self, head: bytes, pixels: memoryview | bytes) -> int:
        if self._process is None:
            raise EngineError("MediaPipe is not open: use it in a with block")
        assert self._process.stdin is not None
        with suppress(OSError):  # it has gone; its last words, if any, are read below
            self._process.stdin.write(head)
            self._process.stdin.write(pixels)
            self._process.stdin.flush()
        return self._read_count()

    def _read_count(self) -> int:
        (count,) = worker.COUNT.unpack(self._read(worker.COUNT.size))
        if count == worker.FAILED:
            (length,) = worker.COUNT.unpack(self._read(worker.COUNT.size))
            message = self._read(length).decode(errors="replace").partition("\n")[0]
            raise EngineError(f"MediaPipe failed: {message}")
        return int(count)

    def _read_face(self) -> FaceDetails:
        size = MESH_POINTS * 3
        # A copy: what comes off a pipe is not aligned, and belongs to the buffer.
        numbers = np.frombuffer(self._read(4 * (size + len(BLENDSHAPES))), "<f4").astype(np.float32)
        return FaceDetails(numbers[:size].reshape(MESH_POINTS, 3), numbers[size:])

    def _read(self, size: int) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise EngineError(
                "MediaPipe's process has ended unexpectedly: "
                f"reinstall it with {HOW_TO_INSTALL}, or use another tracker"
            )
        return data

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):  # what was not sent is of no use any more
            process.stdin.close()
        try:
            process.wait(CLOSE_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _checked(path: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as parts:
            missing = set(PARTS) - set(parts.namelist())
    except OSError as error:
        raise ModelError(f"the model {path} cannot be read: {error.strerror}") from None
    except zipfile.BadZipFile:
        raise ModelError(f"the model {path} is damaged, or is no MediaPipe model (.task)") from None
    if missing:
        raise ModelError(f"the model {path} is no Face Landmarker: it lacks {sorted(missing)[0]}")
    return path
