"""Sessions of TensorRT on stubs of NVIDIA's libraries: lanes, graphs, memory, errors.

What a GPU computes is tested in `tests.engines.test_tensorrt`; here ONNX Runtime computes it.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from srfer.engines import EngineCache, ModelFile, Options, ShapeRange, open_session, read_model
from srfer.engines.backends import cuda, tensorrt_session
from srfer.engines.backends.onnxruntime import OnnxRuntimeBackend
from srfer.engines.backends.tensorrt import TensorRTBackend, TensorRTSettings
from srfer.engines.backends.tensorrt_session import TensorRTSession
from srfer.engines.spec import expression_shapes
from srfer.errors import BuiltEngineError, EngineError

from .crops import crops

pytest.importorskip("tensorrt_rtx", reason="the stub borrows enums from TensorRT-RTX")

from .fake_cuda import FakeCuda
from .fake_tensorrt import FakeTensorRT, stub_plan

MOST = 6
OPTIONS = Options("fp32", shapes=expression_shapes(MOST))
Errors = cuda.bindings().cudaError_t


class Stub(NamedTuple):
    """The two stubs."""

    cuda: FakeCuda
    trt: FakeTensorRT


@pytest.fixture(scope="module")
def model() -> ModelFile:
    return read_model("srfer-base")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Stubs in the place of CUDA and TensorRT; at the end everything must be given back."""
    fake = FakeCuda()
    trt = FakeTensorRT(fake)
    monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", fake)
    monkeypatch.setitem(sys.modules, "tensorrt", trt)
    yield Stub(fake, trt)
    gc.collect()
    assert fake.live() == 0
    assert trt.contexts == 0


@pytest.fixture(scope="module")
def expected(model: ModelFile) -> list[dict[str, NDArray[Any]]]:
    """What ONNX Runtime gives for batches of 0 to `MOST` faces; of none, nothing."""
    session = OnnxRuntimeBackend("cpu", "CPUExecutionProvider", "").open(model, Options(), None)
    return [{}, *(session.run(crops(size, size)) for size in range(1, MOST + 1))]


def opened(model: ModelFile, *, cuda_graphs: bool = True) -> TensorRTSession:
    backend = TensorRTBackend(settings=TensorRTSettings(cuda_graphs=cuda_graphs))
    return backend.open(model, OPTIONS, stub_plan(model, OPTIONS.shapes))


def check(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert list(found) == ["probabilities", "restored"]
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_allclose(found[name], values, atol=1e-4)


def test_the_backend_says_what_it_is(stub: Stub) -> None:
    assert TensorRTBackend().why_not() is None
    assert TensorRTBackend().describe() == "TensorRT 11.4.0 on NVIDIA Stub (sm_90)"
    kept = TensorRTSettings(version_compatible=True, hardware="ampere and newer")
    words = TensorRTBackend(settings=kept).describe()
    assert words.endswith("(sm_90), for later versions too, ampere and newer")


def test_batches_of_all_sizes_in_any_order(
    stub: Stub, model: ModelFile, expected: list[dict[str, NDArray[Any]]]
) -> None:
    session = opened(model)
    for size in (1, 6, 6, 2, 6, 1, 1, 6, 3, 2, 2, 6):  # some are queued, some replayed
        check(session.run(crops(size, size)), expected[size])
    assert stub.cuda.launches == 5  # the third and later of 6, of 1 and of 2 faces
    check(session.run(crops(6, 6)), expected[6])


def test_work_is_recorded_when_it_comes_twice(stub: Stub, model: ModelFile) -> None:
    session = opened(model)
    results = [session.run(crops(4, seed))["probabilities"] for seed in range(5)]
    assert stub.cuda.launches == 3
    before = stub.cuda.copied
    session.run(crops(4))
    assert stub.cuda.copied == before  # copies are in the graph
    plain = opened(model, cuda_graphs=False)
    for seed, found in enumerate(results):
        np.testing.assert_array_equal(plain.run(crops(4, seed))["probabilities"], found)
    assert stub.cuda.launches == 4


def test_graphs_are_few(stub: Stub, model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorrt_session, "SHAPES_KEPT", 2)
    session = opened(model)
    for size in (1, 1, 2, 2, 3, 3, 1, 1):
        session.run(crops(size))
    assert len(stub.cuda.graphs) == 2
    assert stub.trt.contexts == tensorrt_session.LANES + 2
    session.run(crops(3))
    assert stub.cuda.launches == 1


def test_what_cannot_be_recorded_is_queued(
    stub: Stub, model: ModelFile, expected: list[dict[str, NDArray[Any]]]
) -> None:
    stub.trt.can_record = False
    session = opened(model)
    for _ in range(4):
        check(session.run(crops(2, 2)), expected[2])
    assert stub.cuda.launches == 0
    assert not stub.cuda.captures


def test_a_recording_that_cuda_refuses_is_no_error(
    stub: Stub, model: ModelFile, expected: list[dict[str, NDArray[Any]]]
) -> None:
    session = opened(model)
    stub.cuda.failing["cudaStreamEndCapture"] = Errors.cudaErrorStreamCaptureInvalidated
    for _ in range(4):
        check(session.run(crops(2, 2)), expected[2])
    assert stub.cuda.launches == 0


def test_results_are_never_written_again(stub: Stub, model: ModelFile) -> None:
    session = opened(model)
    found = [session.run(crops(3, seed))["restored"] for seed in range(6)]
    copies = [values.copy() for values in found]
    for seed in range(6, 10):
        session.run(crops(3, seed))
    for values, copy in zip(found, copies, strict=True):
        assert values.base is None
        np.testing.assert_array_equal(values, copy)


def test_threads_share_the_lanes(
    stub: Stub, model: ModelFile, expected: list[dict[str, NDArray[Any]]]
) -> None:
    session = opened(model)
    with ThreadPoolExecutor(6) as pool:
        jobs = [(size, pool.submit(session.run, crops(size, size))) for size in [1, 2, 3, 4] * 12]
        for size, job in jobs:
            check(job.result(), expected[size])
    assert len(stub.cuda.streams) == tensorrt_session.LANES


def test_inputs_are_fitted(
    stub: Stub, model: ModelFile, expected: list[dict[str, NDArray[Any]]]
) -> None:
    session = opened(model)
    feeds = crops(4, 4)
    feeds["faces"] = np.asfortranarray(feeds["faces"])
    feeds["native_px"] = feeds["native_px"].astype(np.float64)
    check(session.run(feeds), expected[4])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"faces": np.zeros((7, 1, 48, 48), np.uint8)}, r"between \(1, 1, 48, 48\) and \(6, 1"),
        ({"faces": np.zeros((0, 1, 48, 48), np.uint8)}, r"not \(0, 1, 48, 48\)"),
        ({"faces": np.zeros((2, 48, 48), np.uint8)}, r"not \(2, 48, 48\)"),
        ({"faces": np.zeros((2, 1, 48, 48))}, "faces must be uint8, not float64"),
    ],
)
def test_inputs_that_do_not_fit_are_named(
    stub: Stub, model: ModelFile, change: dict[str, NDArray[Any]], message: str
) -> None:
    session = opened(model)
    with pytest.raises(EngineError, match=message):
        session.run(crops(2) | change)
    with pytest.raises(EngineError, match="the input sr_gain is missing"):
        session.run({name: values for name, values in crops(2).items() if name != "sr_gain"})
    assert session.run(crops(2))["probabilities"].shape == (2, 8)


def test_a_failure_ends_one_call(
    stub: Stub, model: ModelFile, expected: list[dict[str, NDArray[Any]]]
) -> None:
    session = opened(model)
    stub.trt.fails = True
    for _ in range(tensorrt_session.LANES + 1):
        with pytest.raises(EngineError, match="TensorRT failed: cannot enqueue"):
            session.run(crops(2, 2))
    stub.trt.fails = False
    for name in ("cudaStreamSynchronize", "cudaMemcpyAsync"):
        stub.cuda.failing[name] = Errors.cudaErrorIllegalAddress
        with pytest.raises(EngineError, match="cudaErrorIllegalAddress: an illegal memory access"):
            session.run(crops(2, 2))
    check(session.run(crops(2, 2)), expected[2])


@pytest.mark.parametrize("room", [0, 1, 2, 10, 11, 15, 21])
def test_too_little_memory_is_an_error_and_leaves_nothing(
    stub: Stub, model: ModelFile, room: int
) -> None:
    """Each of the two lanes takes 11 pieces: one for TensorRT, two for each tensor."""
    stub.cuda.room = room
    with pytest.raises(EngineError, match="cudaErrorMemoryAllocation: out of memory"):
        opened(model)
    assert stub.cuda.live() == 0
    stub.cuda.room = 22
    assert opened(model).run(crops(2))["probabilities"].shape == (2, 8)


def test_memory_is_taken_once(stub: Stub, model: ModelFile) -> None:
    session = opened(model)
    addresses = set(stub.cuda.memory)
    for size in (1, 6, 2, 2, 2, 6, 6):
        session.run(crops(size))
    assert set(stub.cuda.memory) == addresses


def test_a_session_is_closed_or_forgotten(stub: Stub, model: ModelFile) -> None:
    for close in (True, False):
        session = opened(model)
        for _ in range(3):
            session.run(crops(2))
        assert stub.cuda.live() > 0
        if close:
            session.close()
            session.close()
            assert stub.cuda.live() == 0
            for _ in range(tensorrt_session.LANES + 1):
                with pytest.raises(EngineError, match="this session has been closed"):
                    session.run(crops(2))
        del session
        gc.collect()
        assert stub.cuda.live() == 0


def test_closing_waits_for_calls(stub: Stub, model: ModelFile) -> None:
    session = opened(model)
    started, finished = threading.Barrier(5), []

    def work() -> None:
        started.wait()
        for _ in range(200):
            try:
                session.run(crops(1))
            except EngineError as error:
                finished.append(str(error))
                return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.wait()
    session.close()
    for thread in threads:
        thread.join()
    assert len(finished) == 4
    assert all("closed" in text for text in finished)


def test_another_gpu_of_the_thread_is_put_back(stub: Stub, model: ModelFile) -> None:
    session = opened(model)
    stub.cuda.cudaSetDevice(3)
    session.run(crops(2))
    assert stub.cuda.cudaGetDevice()[1] == 3
    stub.cuda.cudaSetDevice(0)


@pytest.mark.parametrize("built", [None, b"", b"foreign", b"stub plan {}\ncut"])
def test_a_plan_that_is_refused_has_to_be_built_again(
    stub: Stub, model: ModelFile, built: bytes | None
) -> None:
    with pytest.raises(BuiltEngineError, match=r"refuses the plan of srfer-base.onnx: \w+"):
        TensorRTBackend().open(model, OPTIONS, built)


class Building(TensorRTBackend):
    """Builds what the stub runs; the first time what it refuses, as after an update of TensorRT."""

    def build(self, model: ModelFile, options: Options) -> bytes:
        BUILT.append(model.name)
        return b"of another age" if len(BUILT) == 1 else stub_plan(model, options.shapes)


BUILT: list[str] = []


def test_a_plan_of_another_version_in_the_cache_is_built_again(
    stub: Stub, model: ModelFile, tmp_path: Path, expected: list[dict[str, NDArray[Any]]]
) -> None:
    BUILT.clear()
    notes: list[str] = []
    cached = EngineCache(tmp_path / "cache")
    for _ in range(2):  # the second time it comes from the cache
        session = open_session(Building(), model, OPTIONS, notes.append, cached)
        check(session.run(crops(2, 2)), expected[2])
    assert len(BUILT) == 2
    (note,) = notes
    assert "refuses the plan of srfer-base.onnx: magic tag" in note


@pytest.mark.parametrize("most", [MOST + 1, 32])
def test_a_plan_for_other_shapes_has_to_be_built_again(
    stub: Stub, model: ModelFile, most: int
) -> None:
    plan = stub_plan(model, OPTIONS.shapes)
    wider = Options("fp32", shapes=expression_shapes(most))
    with pytest.raises(BuiltEngineError, match="was built for other shapes"):
        TensorRTBackend().open(model, wider, plan)
    other = Options("fp32", shapes={"mask": ShapeRange((1,), (1,), (1,))})
    with pytest.raises(BuiltEngineError, match="was built for other shapes"):
        TensorRTBackend().open(model, other, plan)
