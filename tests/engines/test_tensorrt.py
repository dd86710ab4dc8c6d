"""TensorRT and TensorRT-RTX: what they build without a GPU, what they say, and what a GPU computes.

Tests marked `gpu` are skipped where there is none. Where SRFER_EXPECT_GPU names a device
("tensorrt", "tensorrt-rtx", both with a comma, or 1 for all), they fail instead.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from retinaface.weights import WEIGHTS

import srfer
from srfer.engines import (
    ModelFile,
    Options,
    Precision,
    ShapeRange,
    open_session,
    read_model,
)
from srfer.engines.backends import cuda
from srfer.engines.backends.onnxruntime import OnnxRuntimeBackend
from srfer.engines.backends.tensorrt import TensorRTBackend, TensorRTSettings
from srfer.engines.backends.tensorrt_session import TensorRTSession
from srfer.engines.cache import FOLDER_VARIABLE, EngineCache, Key
from srfer.engines.contract import PRECISIONS
from srfer.engines.spec import expression_shapes
from srfer.errors import BuiltEngineError, ConfigError, EngineError, ModelError
from tests.engines.tensorrt_stub.crops import crops, model_with_ranges

EXPECTED = os.environ.get("SRFER_EXPECT_GPU", "")
has_rtx = importlib.util.find_spec("tensorrt_rtx") is not None
needs_rtx = pytest.mark.skipif(not has_rtx, reason="TensorRT-RTX is not installed")

SHAPES = expression_shapes(32)
PICTURES = {"input": ShapeRange((1, 3, 64, 64), (1, 3, 360, 640), (2, 3, 720, 1280))}
RTX = TensorRTBackend("tensorrt-rtx")


def why_no_gpu() -> str:
    """Why this machine has no GPU that CUDA can use; empty if it has one."""
    try:
        cuda.find_gpu()
    except EngineError as error:
        return str(error)
    return ""


NO_GPU = why_no_gpu()
needs_gpu = pytest.mark.skipif(bool(NO_GPU) and not EXPECTED, reason=NO_GPU or "has a GPU")
needs_no_gpu = pytest.mark.skipif(not NO_GPU, reason="only without a GPU")


@pytest.fixture(scope="module")
def model() -> ModelFile:
    """The shipped model, with the ranges that eight bits need."""
    return model_with_ranges(read_model("srfer-base"))


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of built engines that is empty at first."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@needs_rtx
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_shipped_model_is_built_without_a_gpu(model: ModelFile, precision: Precision) -> None:
    job = RTX.prepare(model, Options(precision, shapes=SHAPES), has_gpu=False)
    network = job.network
    given = [network.get_input(index) for index in range(network.num_inputs)]
    assert [(item.name, tuple(item.shape), item.dtype.name) for item in given] == [
        ("faces", (-1, 1, 48, 48), "UINT8"),
        ("native_px", (-1,), "FLOAT"),
        ("sr_gain", (-1,), "FLOAT"),
    ]
    found = [network.get_output(index) for index in range(network.num_outputs)]
    assert [(item.name, tuple(item.shape), item.dtype.name) for item in found] == [
        ("probabilities", (-1, 8), "FLOAT"),
        ("restored", (-1, 1, 48, 48), "UINT8"),
    ]
    faces = [tuple(axes) for axes in job.profile.get_shape("faces")]
    assert faces == [(size, 1, 48, 48) for size in (1, 8, 32)]
    assert [tuple(axes) for axes in job.profile.get_shape("sr_gain")] == [(1,), (8,), (32,)]
    kinds = {network.get_layer(index).type.name for index in range(network.num_layers)}
    assert ("QUANTIZE" in kinds) == (precision == "int8")
    plan = job.builder.build_serialized_network(job.network, job.config)
    assert plan is not None
    assert plan.nbytes > 1_000_000


@needs_rtx
def test_the_face_detector_is_built_with_the_shapes_of_pictures() -> None:
    detector = ModelFile("retinaface.onnx", WEIGHTS, "0" * 64)
    job = RTX.prepare(detector, Options("fp16", shapes=PICTURES), has_gpu=False)
    names = [job.network.get_output(index).name for index in range(job.network.num_outputs)]
    assert names == ["loc", "conf", "landmarks"]
    found = tuple(tuple(axes) for axes in job.profile.get_shape("input"))
    assert found == dataclasses.astuple(PICTURES["input"])
    assert job.builder.build_serialized_network(job.network, job.config) is not None


@needs_rtx
@needs_no_gpu
def test_a_plan_without_a_gpu_is_bytes_for_every_gpu(model: ModelFile) -> None:
    import tensorrt_rtx as trt

    plan = RTX.build(model, Options("fp16", shapes=SHAPES))
    assert isinstance(plan, bytes)
    job = RTX.prepare(model, Options("fp16", shapes=SHAPES), has_gpu=False)
    aims = [
        job.config.get_compute_capability(i) for i in range(job.config.num_compute_capabilities)
    ]
    assert {trt.ComputeCapability.SM80, trt.ComputeCapability.SM120} <= set(aims)
    # Whether the plan fits a GPU cannot be said here, but whether it is one can.
    malformed = int(trt.EngineInvalidityDiagnostics.MALFORMED_ENGINE)
    runtime = trt.Runtime(trt.Logger(trt.Logger.INTERNAL_ERROR))
    assert not runtime.get_engine_validity(plan)[1] & malformed
    assert runtime.get_engine_validity(b"x" * len(plan))[1] & malformed


@needs_rtx
@needs_no_gpu
@pytest.mark.parametrize("built", [None, b"", b"foreign", b"\0" * 5000])
def test_without_a_driver_opening_is_an_error(model: ModelFile, built: bytes | None) -> None:
    with pytest.raises(EngineError, match=r"driver|GPU"):
        RTX.open(model, Options("fp16", shapes=SHAPES), built)


@needs_rtx
@needs_no_gpu
def test_without_a_driver_the_reason_is_said() -> None:
    reason = RTX.why_not()
    assert reason is not None
    assert "NVIDIA" in reason
    with pytest.raises(EngineError, match="NVIDIA"):
        RTX.describe()


@pytest.mark.skipif(importlib.util.find_spec("tensorrt") is not None, reason="TensorRT is here")
def test_a_missing_package_is_named_with_its_remedy(model: ModelFile) -> None:
    backend = TensorRTBackend()
    assert backend.why_not() == "TensorRT is not installed: pip install 'srfer[tensorrt]'"
    with pytest.raises(EngineError, match="tensorrt"):
        backend.open(model, Options("fp16", shapes=SHAPES), b"")


@needs_rtx
def test_another_version_is_refused(model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorrt_rtx as trt

    for version in ("1.6.9", "2.0.0"):
        monkeypatch.setattr(trt, "__version__", version)
        with pytest.raises(EngineError, match=rf"RTX {version} is installed, srfer needs 1\.7"):
            RTX.prepare(model, Options("fp16", shapes=SHAPES), has_gpu=False)


@needs_rtx
def test_a_graph_that_tensorrt_cannot_read_is_an_error(model: ModelFile) -> None:
    for data, message in [(b"hello", "no graph"), (model.data[:9000], "cannot read cut.onnx")]:
        cut = ModelFile("cut.onnx", data, "0" * 64)
        with pytest.raises(ModelError, match=message):
            RTX.prepare(cut, Options("fp32", shapes=SHAPES), has_gpu=False)


@needs_rtx
def test_shapes_that_do_not_fit_are_errors(model: ModelFile) -> None:
    unknown = {**SHAPES, "mask": ShapeRange((1,), (1,), (1,))}
    with pytest.raises(ModelError, match="no input 'mask': it has faces, native_px, sr_gain"):
        RTX.prepare(model, Options("fp32", shapes=unknown), has_gpu=False)


@needs_rtx
@needs_no_gpu
def test_shapes_that_are_missing_are_said_by_the_build(model: ModelFile) -> None:
    some = {"faces": SHAPES["faces"]}
    with pytest.raises(EngineError, match=r"cannot build srfer-base.onnx: .*native_px"):
        RTX.build(model, Options("fp32", shapes=some))


@needs_rtx
def test_the_route_torch2trt_is_refused_by_rtx(model: ModelFile) -> None:
    with pytest.raises(ConfigError, match="RTX has no route torch2trt"):
        RTX.build(model, Options("fp16", shapes=SHAPES, route="torch2trt"))


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match="no hardware 'all': choose one of this, same"):
        TensorRTSettings(hardware="all")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no device 'trt'"):
        TensorRTBackend("trt")
    with pytest.raises(ConfigError, match="RTX has no compatible plans"):
        TensorRTBackend("tensorrt-rtx", settings=TensorRTSettings(version_compatible=True))


@pytest.fixture(params=["tensorrt", "tensorrt-rtx"])
def backend(request: pytest.FixtureRequest) -> TensorRTBackend:
    """A backend that works here."""
    found = TensorRTBackend(request.param)
    reason = found.why_not()
    if reason is not None:
        if EXPECTED == "1" or request.param in EXPECTED.split(","):
            pytest.fail(f"{request.param} was expected to work: {reason}")
        pytest.skip(reason)
    return found


def free_bytes() -> int:
    """Memory of the GPU that nobody uses."""
    code, free, _ = cuda.bindings().cudaMemGetInfo()
    return int(cuda.check((code, free)))


def opened(backend: TensorRTBackend, model: ModelFile, precision: Precision) -> TensorRTSession:
    """A session from the cache, built where it has to be."""
    session = open_session(backend, model, Options(precision, shapes=SHAPES), notify=print)
    assert isinstance(session, TensorRTSession)
    return session


def answers(session: Any, feeds: dict[str, NDArray[Any]], size: int) -> NDArray[np.float32]:
    """Probabilities of all crops, computed `size` at a time; the last may be fewer."""
    parts = []
    for start in range(0, len(feeds["faces"]), size):
        part = {name: values[start : start + size] for name, values in feeds.items()}
        parts.append(session.run(part)["probabilities"])
    return np.concatenate(parts)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.parametrize(
    ("precision", "largest", "same"),
    [("fp32", 1e-3, 0.995), ("fp16", 1e-2, 0.995), ("int8", 0.2, 0.95)],
)
def test_a_gpu_agrees_with_the_processor(
    backend: TensorRTBackend, model: ModelFile, precision: Precision, largest: float, same: float
) -> None:
    feeds = crops(1000)
    processor = OnnxRuntimeBackend("cpu", "CPUExecutionProvider", "").open(model, Options(), None)
    expected = answers(processor, feeds, 32)
    session = opened(backend, model, precision)
    for size in (1, 8, 32, 7):  # 1000 is not a multiple of 7 or 32: the last batch is smaller
        found = answers(session, feeds, size)
        assert np.isfinite(found).all()
        assert np.abs(found - expected).max() <= largest
        assert (found.argmax(1) == expected.argmax(1)).mean() >= same


@pytest.mark.gpu
@needs_gpu
def test_threads_do_not_disturb_each_other(backend: TensorRTBackend, model: ModelFile) -> None:
    session = opened(backend, model, "fp16")
    feeds = crops(64)
    alone = [answers(session, feeds, size) for size in (1, 5, 8, 32)]
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            (index, pool.submit(answers, session, feeds, (1, 5, 8, 32)[index]))
            for index in (0, 1, 2, 3) * 10
        ]
        for index, job in jobs:
            assert np.abs(job.result() - alone[index]).max() <= 1e-3


@pytest.mark.gpu
@needs_gpu
def test_replayed_work_gives_what_queued_work_gives(
    backend: TensorRTBackend, model: ModelFile
) -> None:
    queued = dataclasses.replace(backend, settings=TensorRTSettings(cuda_graphs=False))
    plain, replaying = opened(queued, model, "fp16"), opened(backend, model, "fp16")
    for seed in range(4):  # from the third on, the batch is replayed
        feeds = crops(8, seed)
        expected, found = plain.run(feeds), replaying.run(feeds)
        assert np.abs(found["probabilities"] - expected["probabilities"]).max() <= 1e-3
        difference = found["restored"].astype(int) - expected["restored"]
        assert np.abs(difference).max() <= 1  # of 255


@pytest.mark.gpu
@needs_gpu
def test_memory_of_the_gpu_does_not_grow(backend: TensorRTBackend, model: ModelFile) -> None:
    session = opened(backend, model, "fp16")
    sizes = (1, 2, 3, 8, 32)
    for size in sizes * 4:  # kernels are loaded and graphs recorded
        session.run(crops(size))
    before = free_bytes()
    for number in range(500):
        session.run(crops(sizes[number % len(sizes)], number))
    assert before - free_bytes() <= 16 * 2**20


@pytest.mark.gpu
@needs_gpu
def test_what_was_closed_gives_its_memory_back(backend: TensorRTBackend, model: ModelFile) -> None:
    first: int | None = None  # after the first session, since kernels stay loaded
    for ending in ("close", "forget", "close", "forget"):
        session = opened(backend, model, "fp16")
        for _ in range(4):
            session.run(crops(32))
        if ending == "close":
            session.close()
            session.close()
            with pytest.raises(EngineError, match="closed"):
                session.run(crops(1))
        del session
        gc.collect()
        free = free_bytes()
        first = free if first is None else first
        assert first - free <= 16 * 2**20


@pytest.mark.gpu
@needs_gpu
def test_a_plan_that_cannot_be_used_is_built_again(
    backend: TensorRTBackend, model: ModelFile
) -> None:
    options = Options("fp16", shapes=SHAPES)
    plan = backend.build(model, options)
    for bad in (b"", b"foreign", plan[: len(plan) // 2]):
        with pytest.raises(BuiltEngineError, match="refuses the plan"):
            backend.open(model, options, bad)
    wider = Options("fp16", shapes=expression_shapes(64))
    with pytest.raises(BuiltEngineError, match="other shapes"):
        backend.open(model, wider, plan)
    notes: list[str] = []
    cached = EngineCache.of_user()
    key = Key.of(backend, model, options)
    cached.fetch(key, lambda: plan[: len(plan) // 2], notes.append)
    session = open_session(backend, model, options, notes.append)
    assert len(notes) == 1
    assert "building it again" in notes[0]
    assert len(session.run(crops(8))["probabilities"]) == 8
    assert cached.fetch(key, lambda: b"never", notes.append) != plan[: len(plan) // 2]


@pytest.mark.gpu
@needs_gpu
def test_the_public_door_opens_it(backend: TensorRTBackend) -> None:
    loaded = srfer.load(device=backend.device, max_batch=32)
    assert backend.describe() in loaded.description
    picture = np.asarray(crops(1)["faces"][0, 0])
    assert loaded.classify(picture)[0].probabilities.sum() == pytest.approx(1, abs=1e-2)
