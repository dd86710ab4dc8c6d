"""YuNet: a detector half as dear as RetinaFace, whose file the user brings along.

Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023. Run by our engines
rather than `cv2.FaceDetectorYN`, which takes one picture at a time, has to be told of each new
size, and shares OpenCV's process-wide threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from srfer.errors import ModelError

from .candidates import Candidates
from .detecting import Floats, Head, Outputs

STRIDES = (8, 16, 32)
HEADS = ("cls", "obj", "bbox", "kps")


def read_model(path: Path) -> bytes:
    """The network: an ONNX file that was exported with dynamic batch, height and width.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the face detector's model {path} cannot be read: {error.strerror}"
        ) from error


@lru_cache(maxsize=64)
def _cells(height: int, width: int) -> Floats:
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


def _sort(outputs: Sequence[Floats]) -> Outputs:
    classes, objects, offsets, landmarks = (
        np.concatenate(outputs[i : i + len(STRIDES)], axis=1)
        for i in range(0, len(outputs), len(STRIDES))
    )
    scores = np.sqrt(np.clip(classes, 0, 1) * np.clip(objects, 0, 1))[..., 0]
    return Outputs(offsets, scores, landmarks)


def _decode(cells: Floats, offsets: Floats, scores: Floats, landmarks: Floats) -> Candidates:
    origins, sides = cells[:, :2], cells[:, 2:]
    extents = sides * np.exp(offsets[:, 2:])
    corners = origins + offsets[:, :2] * sides - extents / 2
    points = landmarks.reshape(-1, 5, 2) * sides[:, None] + origins[:, None]
    return Candidates(np.hstack([corners, extents]), scores, points)


YUNET = Head(
    name="yunet",
    least_face_px=20.0,
    mean_bgr=(0.0, 0.0, 0.0),
    outputs=tuple(f"{head}_{stride}" for head in HEADS for stride in STRIDES),
    sort=_sort,
    places=_cells,
    decode=_decode,
)
