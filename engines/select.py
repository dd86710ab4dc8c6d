"""Choosing a runtime: the first that works, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from srfer.errors import ConfigError, EngineError, ModelError

from .backends.onnxruntime import OnnxRuntimeBackend
from .contract import Backend
from .model import Model
from .spec import check_golden, golden_inputs, parse_spec
from .weights import DEFAULT, read_model

GPU_BUILD = "pip uninstall onnxruntime, then pip install onnxruntime-gpu"

BACKENDS: Sequence[Backend] = (
    OnnxRuntimeBackend("cuda", "CUDAExecutionProvider", GPU_BUILD),
    OnnxRuntimeBackend("coreml", "CoreMLExecutionProvider", "it is only in builds for macOS"),
    OnnxRuntimeBackend(
        "directml",
        "DmlExecutionProvider",
        "on Windows, pip uninstall onnxruntime, then pip install onnxruntime-directml",
    ),
    OnnxRuntimeBackend("cpu", "CPUExecutionProvider", "pip install onnxruntime"),
    OnnxRuntimeBackend(
        "tensorrt",
        "TensorrtExecutionProvider",
        f"{GPU_BUILD} tensorrt",
        helpers=("CUDAExecutionProvider", "CPUExecutionProvider"),
    ),
)
"""In the order in which "auto" tries them. TensorRT, which compiles for minutes, comes after the
processor, which always works: so it is used only where it is asked for."""


def load(model: str | Path = DEFAULT, device: str = "auto", threads: int = 1) -> Model:
    """Load a model on the best device of this machine.

    Args:
        model: name of a shipped model, or path of an .onnx file that follows the contract.
        device: "auto", or one of the devices that `srfer doctor` lists.
        threads: processor threads for one batch. One is fastest for the pipeline, whose stages
            already run side by side.

    Raises:
        ConfigError: if the device or the number of threads is impossible.
        ModelError: if the file is missing, damaged or not a srfer model.
        EngineError: if the chosen device cannot be used.
    """
    known = [backend.device for backend in BACKENDS]
    if device not in ("auto", *known):
        raise ConfigError(f"no device {device!r}: choose auto, {', '.join(known)}")
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, not {threads}")
    file = read_model(model)
    notes: list[str] = []
    reasons: list[str] = []
    for backend in BACKENDS:
        if device not in ("auto", backend.device):
            continue
        reason = backend.why_not()
        if reason is None:
            try:
                engine = backend.open(file, threads)
                spec = parse_spec(engine.metadata, file.name)
                check_golden(spec, engine.run(*golden_inputs())[0], file.name)
            except (EngineError, ModelError) as error:
                if backend.device == "cpu":
                    raise  # there is nothing to fall back on: the file is at fault
                reason = str(error)
                notes.append(f"{backend.device}: {reason}")
            else:
                return Model(engine, spec, file.sha256, tuple(notes))
        reasons.append(f"{backend.device}: {reason}")
    raise EngineError(f"no device can run {file.name} ({'; '.join(reasons)})")
