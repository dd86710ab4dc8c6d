"""Choosing a detector by name or by the path of its model."""

from __future__ import annotations

from pathlib import Path

from srfer.errors import ConfigError

from .detector import Detector
from .retinaface import RetinaFace
from .yunet import YuNet


def open_detector(
    name_or_path: str | Path = "retinaface",
    *,
    detect_px: int = 640,
    score_from: float = 0.3,
    threads: int = 1,
    device: str = "cpu",
) -> Detector:
    """Make the detector that a name or a model file stands for; enter it to use it.

    Args:
        name_or_path: "retinaface", whose model is installed with srfer, or the path of a YuNet
            model (.onnx).
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
    if name_or_path == "retinaface":
        return RetinaFace(
            detect_px=detect_px, score_from=score_from, threads=threads, device=device
        )
    path = Path(name_or_path)
    if path.suffix.lower() == ".onnx":
        return YuNet(
            path, detect_px=detect_px, score_from=score_from, threads=threads, device=device
        )
    raise ConfigError(
        f"unknown face detector {str(name_or_path)!r}: "
        "give 'retinaface' or the path of a YuNet model (.onnx)"
    )
