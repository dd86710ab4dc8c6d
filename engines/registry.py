"""All runtimes that srfer knows, on all kinds of devices."""

from __future__ import annotations

from collections.abc import Sequence

from srfer.errors import ConfigError

from .backends.ncnn import NcnnBackend
from .backends.onnxruntime import OnnxRuntimeBackend
from .backends.openvino import OpenVINOBackend
from .backends.tensorrt import TensorRTBackend
from .backends.torch import TorchBackend
from .contract import Backend

GPU_BUILD = "pip uninstall onnxruntime, then pip install onnxruntime-gpu"

COMPILERS = ("tensorrt", "tensorrt-rtx")
"""Devices whose engines take long to build."""

PROCESSORS = ("cpu", "openvino")
"""Devices that open a graph in no time and compute on the processor, where every layer counts."""

BACKENDS: Sequence[Backend] = (
    TensorRTBackend("tensorrt"),
    TensorRTBackend("tensorrt-rtx"),
    OnnxRuntimeBackend("cuda", "CUDAExecutionProvider", GPU_BUILD, ("fp32", "fp16")),
    OnnxRuntimeBackend(
        "coreml", "CoreMLExecutionProvider", "it is only in builds for macOS", ("fp32", "fp16")
    ),
    OnnxRuntimeBackend(
        "directml",
        "DmlExecutionProvider",
        "on Windows, pip uninstall onnxruntime, then pip install onnxruntime-directml",
        ("fp32", "fp16"),
    ),
    OnnxRuntimeBackend("cpu", "CPUExecutionProvider", "pip install onnxruntime"),
    OnnxRuntimeBackend(
        "ort-tensorrt",
        "TensorrtExecutionProvider",
        f"{GPU_BUILD} tensorrt",
        ("fp32", "fp16"),
        helpers=("CUDAExecutionProvider", "CPUExecutionProvider"),
    ),
    OpenVINOBackend(),
    NcnnBackend(),
    TorchBackend(),
)
"""In the order in which "auto" tries them: those of `COMPILERS` only where an engine has been
built, and what comes after the processor, which always works, only where it is asked for."""


def find_backend(device: str) -> Backend:
    """The backend of a device.

    Raises:
        ConfigError: if there is no such device.
    """
    for backend in BACKENDS:
        if backend.device == device:
            return backend
    known = ", ".join(backend.device for backend in BACKENDS)
    raise ConfigError(f"no device {device!r}: choose auto, {known}")
