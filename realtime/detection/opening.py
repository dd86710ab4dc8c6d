"""Choosing a detector by name."""

from __future__ import annotations

from pathlib import Path

from srfer.errors import ConfigError

from ..known_models import fetched_model
from . import retinaface, yunet
from .detecting import NetworkDetector
from .detector import Detector


def open_detector(
    name: str = "retinaface",
    *,
    model: Path | None = None,
    detect_px: int = 640,
    score_from: float = 0.3,
    threads: int = 1,
    device: str = "cpu",
) -> Detector:
    """Make the detector of a name; enter it to use it.

    Args:
        name: "retinaface", whose model is installed with srfer, or "yunet".
        model: model file of yunet (.onnx); the fetched one if None.
        detect_px: long side at which pictures are searched, in pixels; the cost grows with its
            square.
        score_from: faces below this score are not reported, 0..1.
        threads: how many threads the network may use.
        device: name of the engine that runs it, as for `srfer.load`.

    Raises:
        ConfigError: an argument has a value that cannot be used.
        EngineError: the device cannot be used.
        ModelError: the model is missing, damaged, or another network.
    """
    if not 32 <= detect_px <= 8192:
        raise ConfigError(f"detect_px must lie between 32 and 8192, not {detect_px}")
    if not 0 < score_from < 1:
        raise ConfigError(f"score_from must lie between 0 and 1, not {score_from}")
    if threads < 1:
        raise ConfigError(f"threads must be 1 or more, not {threads}")
    if name not in ("retinaface", "yunet"):
        raise ConfigError(f"unknown face detector {name!r}: choose retinaface or yunet")
    if name == "yunet":
        head, data = yunet.YUNET, yunet.read_model(model or fetched_model(name))
    elif model is None:
        head, data = retinaface.RETINAFACE, retinaface.read_model()
    else:
        raise ConfigError(f"retinaface has its own model, not {model}: choose yunet or mediapipe")
    return NetworkDetector(
        head, data, detect_px=detect_px, score_from=score_from, threads=threads, device=device
    )
