"""Getting a model ready for a machine: build its engine, measure its threads."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srfer.errors import EngineError

from . import registry
from .cache import EngineCache, Key, Notify
from .contract import MAX_BATCH, Backend, ModelFile, Options, Precision, Route
from .onnx_file import read_form
from .registry import find_backend
from .select import load
from .spec import check_form, expression_shapes
from .threads import best_threads, measure_threads, remember_threads
from .weights import read_model


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made ready.

    Attributes:
        model: name of the model file.
        device: that will run it.
        runtime: in words, with its version.
        precision: of its convolutions.
        max_batch: most faces at a time.
        bytes: size of the kept engine; 0 where none is needed.
        build_s: seconds that building took; 0 where it was there.
        threads: processor threads that pay.
        ms_by_threads: milliseconds a face, at batch 8; empty where none were measured.
    """

    model: str
    device: str
    runtime: str
    precision: Precision
    max_batch: int
    bytes: int
    build_s: float
    threads: int
    ms_by_threads: dict[int, float]

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        times = {str(count): round(ms, 3) for count, ms in self.ms_by_threads.items()}
        return asdict(self) | {"build_s": round(self.build_s, 2), "ms_by_threads": times}


def prepare(
    model: str | Path,
    device: str = "auto",
    *,
    precision: Precision | None = None,
    max_batch: int = MAX_BATCH,
    route: Route = "onnx",
    notify: Notify = lambda _: None,
) -> Prepared:
    """Build and keep the engine of a model, then measure how many threads pay and keep that.

    Args:
        model: name of a shipped model, or path of an .onnx file that follows the contract.
        device: "auto" for the first that can be used here.
        precision: the device's default if not given.
        max_batch: most faces that the engine takes at a time.
        route: how the model gets into TensorRT.
        notify: told in a line what the user should know.

    Raises:
        ConfigError: if the device, the precision or a number is impossible.
        ModelError: if the file is missing, damaged or not a srfer model.
        EngineError: if the device cannot be used or building fails.
    """
    file = read_model(model)
    check_form(read_form(file.data, file.name), file.name)
    backend = _choose(device)
    wanted = precision or backend.precisions[0]
    options = Options(wanted, 1, expression_shapes(max_batch), route)
    reason = backend.why_not()
    if reason is not None:
        raise EngineError(f"{backend.device} cannot be used here: {reason}")
    size, build_s = _build(backend, file, options, EngineCache.of_user(), notify)
    # It has to pass the self-test.
    load(model, backend.device, 1, precision=wanted, max_batch=max_batch, route=route)
    times = measure_threads(backend, file, options, notify)
    threads = best_threads(times)
    remember_threads(backend, file, threads, EngineCache.of_user())
    return Prepared(
        model=file.name,
        device=backend.device,
        runtime=backend.describe(),
        precision=wanted,
        max_batch=max_batch,
        bytes=size,
        build_s=build_s,
        threads=threads,
        ms_by_threads=times,
    )


def _choose(device: str) -> Backend:
    if device != "auto":
        return find_backend(device)
    for backend in registry.BACKENDS:
        if backend.why_not() is None:
            return backend
    raise EngineError("no device of this machine can run models: see srfer doctor")


def _build(
    backend: Backend, file: ModelFile, options: Options, cache: EngineCache, notify: Notify
) -> tuple[int, float]:
    """Size of the engine in bytes, and seconds that building took."""
    seconds = 0.0

    def make() -> bytes:
        nonlocal seconds
        began = time.perf_counter()
        built = backend.build(file, options)
        assert built is not None
        seconds = time.perf_counter() - began
        return built

    if not backend.needs_build(options):
        return 0, 0.0
    return len(cache.fetch(Key.of(backend, file, options), make, notify)), seconds
