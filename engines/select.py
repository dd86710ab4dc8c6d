"""Choosing a runtime: the first that works, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from srfer.errors import BuiltEngineError, ConfigError, EngineError, ModelError

from .backends.onnxruntime import OnnxRuntimeBackend
from .cache import EngineCache, Key, Notify
from .contract import MAX_BATCH, Backend, ModelFile, Options, Precision, Route, Session
from .model import Model
from .onnx_file import read_form
from .spec import ModelSpec, check_form, check_golden, expression_shapes, golden_feeds, parse_spec
from .weights import DEFAULT, read_model

GPU_BUILD = "pip uninstall onnxruntime, then pip install onnxruntime-gpu"

BACKENDS: Sequence[Backend] = (
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
)
"""In the order in which "auto" tries them. What comes after the processor, which always works, is
used only where it is asked for."""


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


def open_session(
    backend: Backend,
    model: ModelFile,
    options: Options,
    notify: Notify,
    cache: EngineCache | None = None,
) -> Session:
    """Open a graph, from the cache where it had to be built before.

    Args:
        backend: the runtime.
        model: any ONNX file that `read_form` accepts.
        options: how to open it.
        notify: told when a kept engine had to be built again.
        cache: of built engines; the user's if not given.

    Raises:
        ConfigError: if the backend cannot compute in that precision.
        ModelError: if the runtime cannot make anything of the graph.
        EngineError: if the runtime, its device or the cache fails.
    """
    if options.precision not in backend.precisions:
        known = ", ".join(backend.precisions)
        raise ConfigError(f"{backend.device} does not compute in {options.precision}: only {known}")
    if not backend.needs_build(options):
        return backend.open(model, options, None)
    cache = cache or EngineCache.of_user()
    key = Key.of(backend, model, options)
    built = cache.fetch(key, partial(_build, backend, model, options), notify)
    try:
        return backend.open(model, options, built)
    except BuiltEngineError as error:
        notify(f"{error}: building it again")
        cache.discard(key)
        built = cache.fetch(key, partial(_build, backend, model, options), notify)
        return backend.open(model, options, built)


def _build(backend: Backend, model: ModelFile, options: Options) -> bytes:
    built = backend.build(model, options)
    assert built is not None  # needs_build has said so
    return built


def load(
    model: str | Path = DEFAULT,
    device: str = "auto",
    threads: int = 1,
    *,
    precision: Precision | None = None,
    max_batch: int = MAX_BATCH,
    route: Route = "onnx",
) -> Model:
    """Load a model on the best device of this machine.

    Args:
        model: name of a shipped model, or path of an .onnx file that follows the contract.
        device: "auto", or one of the devices that `srfer doctor` lists.
        threads: processor threads for one batch. One is fastest for the pipeline, whose stages
            already run side by side.
        precision: "fp32", "fp16" or "int8"; the device's default if not given.
        max_batch: most faces that are computed at a time; more are split.
        route: how the model gets into TensorRT.

    Raises:
        ConfigError: if the device, the precision or a number is impossible.
        ModelError: if the file is missing, damaged or not a srfer model.
        EngineError: if the chosen device cannot be used.
    """
    chosen = BACKENDS if device == "auto" else (find_backend(device),)
    file = read_model(model)
    form = read_form(file.data, file.name)
    check_form(form, file.name)
    spec = parse_spec(form.metadata, file.name)
    notes: list[str] = []
    reasons: list[str] = []
    for backend in chosen:
        wanted = precision or backend.precisions[0]
        reason = backend.why_not()
        if reason is None and device == "auto" and wanted not in backend.precisions:
            reason = f"does not compute in {wanted}"
        if reason is None:
            options = Options(wanted, threads, expression_shapes(max_batch), route)
            try:
                return _open_model(backend, file, spec, options, notes)
            except (EngineError, ModelError) as error:
                if backend.device in ("cpu", device):
                    raise  # there is nothing to fall back on
                reason = str(error)
                notes.append(f"{backend.device}: {reason}")
        reasons.append(f"{backend.device}: {reason}")
    raise EngineError(f"no device can run {file.name} ({'; '.join(reasons)})")


def _open_model(
    backend: Backend, file: ModelFile, spec: ModelSpec, options: Options, notes: list[str]
) -> Model:
    """Open a model and have it answer what it was shipped with the answers of."""
    session = open_session(backend, file, options, notes.append)
    answers = session.run(golden_feeds())["probabilities"]
    check_golden(spec, answers, file.name, options.precision)
    return Model(
        session,
        spec,
        sha256=file.sha256,
        device=backend.device,
        engine=f"{backend.describe()}, {options.precision}",
        options=options,
        notes=tuple(notes),
    )
