"""YuNet: a detector half as dear as RetinaFace, whose file the user brings along.

Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023. Run by our engines
rather than `cv2.FaceDetectorYN`, which takes one picture at a time, has to be told of each new
size, and shares OpenCV's process-wide threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from srfer.errors import ModelError

from ..types import Face, RgbImage
from .batch import pack
from .candidates import Candidates, to_faces
from .network import Network

STRIDES = (8, 16, 32)
HEADS = ("cls", "obj", "bbox", "kps")


class YuNet:
    """Finds faces and five landmarks; see `Detector` for the contract."""

    name = "yunet"
    least_face_px = 20.0

    def __init__(
        self,
        path: Path,
        *,
        detect_px: int,
        score_from: float,
        threads: int,
        device: str = "cpu",
    ) -> None:
        """Check the model; enter the detector to use it.

        Args:
            path: the ONNX file, exported with dynamic batch, height and width.
            detect_px: long side at which pictures are searched, in pixels.
            score_from: faces below this score are not reported, 0..1.
            threads: how many threads the network may use.
            device: name of the engine that runs it, as for `srfer.load`.

        Raises:
            EngineError: the device cannot be used.
            ModelError: the file is missing, damaged, or another network.
        """
        self.detect_px = detect_px
        self._score_from = score_from
        try:
            model = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"the face detector's model {path} cannot be read: {error.strerror}"
            ) from error
        outputs = tuple(f"{head}_{stride}" for head in HEADS for stride in STRIDES)
        self._network = Network(
            self.name,
            model,
            outputs=outputs,
            largest_px=detect_px,
            threads=threads,
            device=device,
        )

    def __enter__(self) -> Self:
        self._network.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._network.__exit__(kind, error, traceback)

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        """Find the faces in a batch of pictures, the most certain first."""
        if not images:
            return []
        batch = pack(images, detect_px=self.detect_px, mean_bgr=(0.0, 0.0, 0.0))
        outputs = self._network.run(batch.blob)
        per_head = [
            np.concatenate(outputs[i : i + len(STRIDES)], axis=1)
            for i in range(0, len(outputs), len(STRIDES))
        ]
        classes, objects, offsets, landmarks = per_head
        scores = np.sqrt(np.clip(classes, 0, 1) * np.clip(objects, 0, 1))[..., 0]
        cells = _cells(batch.blob.shape[2], batch.blob.shape[3])
        faces = []
        for i, (scale, size) in enumerate(zip(batch.scales, batch.sizes, strict=True)):
            hits = np.flatnonzero(scores[i] >= self._score_from)
            found = _decode(cells[hits], offsets[i, hits], scores[i, hits], landmarks[i, hits])
            faces.append(to_faces(found, scale=scale, size=size))
        return faces


@lru_cache(maxsize=8)
def _cells(height: int, width: int) -> NDArray[np.float32]:
    """(N, 3) float32: x, y and side of each grid cell in pixels, in the network's order."""
    levels = []
    for stride in STRIDES:
        y, x = np.meshgrid(
            np.arange(height // stride) * stride, np.arange(width // stride) * stride, indexing="ij"
        )
        levels.append(np.stack([x, y, np.full_like(x, stride)], axis=-1).reshape(-1, 3))
    cells = np.concatenate(levels).astype(np.float32)
    cells.flags.writeable = False
    return cells


def _decode(
    cells: NDArray[np.float32],
    offsets: NDArray[np.float32],
    scores: NDArray[np.float32],
    landmarks: NDArray[np.float32],
) -> Candidates:
    origins, sides = cells[:, :2], cells[:, 2:]
    extents = sides * np.exp(offsets[:, 2:])
    corners = origins + offsets[:, :2] * sides - extents / 2
    points = landmarks.reshape(-1, 5, 2) * sides[:, None] + origins[:, None]
    return Candidates(np.hstack([corners, extents]), scores, points)
