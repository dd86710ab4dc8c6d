"""The part of `srfer.engines.backends.cuda` that needs no GPU: errors, words, order."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srfer.engines.backends import cuda
from srfer.errors import EngineError

from .fake_cuda import FakeCuda

Errors = cuda.bindings().cudaError_t


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    found = FakeCuda()
    monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", found)
    return found


def test_results_come_without_their_code() -> None:
    assert cuda.check((Errors.cudaSuccess,)) is None
    assert cuda.check((Errors.cudaSuccess, 7)) == 7


def test_an_error_has_the_name_that_cuda_gives_it() -> None:
    with pytest.raises(EngineError, match=r"^CUDA failed with cudaErrorMemoryAllocation: out of"):
        cuda.check((Errors.cudaErrorMemoryAllocation, None))


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        ({"cudaGetDeviceCount": (Errors.cudaErrorNoDevice, 0)}, "no NVIDIA GPU"),
        ({"cudaGetDeviceCount": (Errors.cudaSuccess, 0)}, "CUDA_VISIBLE_DEVICES hides it"),
        (
            {
                "cudaGetDeviceCount": (Errors.cudaErrorInsufficientDriver, None),
                "cudaDriverGetVersion": (Errors.cudaSuccess, 0),
            },
            "there is no NVIDIA driver",
        ),
        (
            {
                "cudaGetDeviceCount": (Errors.cudaErrorInsufficientDriver, None),
                "cudaDriverGetVersion": (Errors.cudaSuccess, 12080),
            },
            r"serves CUDA 12\.8: install one for CUDA 13",
        ),
        (
            {"cudaGetDeviceCount": (Errors.cudaErrorInitializationError, None)},
            "cudaErrorInitializationError",
        ),
    ],
)
def test_why_there_is_no_gpu(
    fake: FakeCuda,
    monkeypatch: pytest.MonkeyPatch,
    replaced: dict[str, tuple[Any, ...]],
    message: str,
) -> None:
    for name, result in replaced.items():
        monkeypatch.setattr(fake, name, lambda result=result: result)
    with pytest.raises(EngineError, match=message):
        cuda.find_gpu()


def test_a_gpu_is_named_with_its_capability(fake: FakeCuda) -> None:
    assert str(cuda.find_gpu()) == "NVIDIA Stub (sm_90)"


def test_cuda_python_that_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", None)
    with pytest.raises(EngineError, match=r"pip install 'cuda-python>=13,<14'"):
        cuda.find_gpu()


def test_copies_go_there_and_back(fake: FakeCuda) -> None:
    stream, buffer = cuda.Stream(), cuda.Buffer(100)
    buffer.host.data[:] = np.arange(100)
    stream.send(buffer, 60)
    stream.wait()
    buffer.host.data[:] = 0
    stream.fetch(buffer, 60)
    assert not buffer.host.data.any()  # nothing happens before it is waited for
    stream.wait()
    assert buffer.host.data[:60].tolist() == list(range(60))
    assert not buffer.host.data[60:].any()
    buffer.free()
    buffer.free()  # twice does no harm
    stream.free()
    assert fake.live() == 0


def test_a_buffer_is_all_or_nothing(fake: FakeCuda) -> None:
    fake.failing["cudaHostAlloc"] = Errors.cudaErrorMemoryAllocation
    with pytest.raises(EngineError, match="out of memory"):
        cuda.Buffer(100)
    assert fake.live() == 0


def test_recorded_work_is_done_when_launched(fake: FakeCuda) -> None:
    stream, buffer = cuda.Stream(), cuda.Buffer(4)
    buffer.host.data[:] = 5
    graph = stream.capture(lambda: stream.send(buffer, 4))
    stream.wait()
    buffer.host.data[:] = 6
    stream.launch(graph)
    stream.fetch(buffer, 4)
    stream.wait()
    assert buffer.host.data.tolist() == [6] * 4  # the value of the launch, not of the recording
    for thing in (graph, graph, buffer, stream, stream):
        thing.free()
    assert fake.live() == 0


def test_a_recording_that_fails_leaves_a_stream_that_works(fake: FakeCuda) -> None:
    stream, buffer = cuda.Stream(), cuda.Buffer(4)

    def work() -> None:
        stream.send(buffer, 4)
        raise EngineError("stop")

    with pytest.raises(EngineError, match="stop"):
        stream.capture(work)
    fake.failing["cudaStreamEndCapture"] = Errors.cudaErrorStreamCaptureInvalidated
    with pytest.raises(EngineError, match="cudaErrorStreamCaptureInvalidated"):
        stream.capture(lambda: stream.send(buffer, 4))
    stream.send(buffer, 4)
    stream.wait()
    assert not fake.graphs
    buffer.free()
    stream.free()
    assert fake.live() == 0


def test_the_gpu_of_a_thread_is_put_back_after_an_error(fake: FakeCuda) -> None:
    fake.cudaSetDevice(2)

    def fail() -> None:
        assert fake.cudaGetDevice()[1] == cuda.DEVICE
        raise EngineError("stop")

    with pytest.raises(EngineError, match="stop"), cuda.on_gpu():
        fail()
    assert fake.cudaGetDevice()[1] == 2


def test_names_of_gpus_are_cleaned(fake: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(name=b" NVIDIA \xff\0\0", major=12, minor=0)
    monkeypatch.setattr(fake, "cudaGetDeviceProperties", lambda device: (Errors.cudaSuccess, found))
    assert str(cuda.find_gpu()) == "NVIDIA \N{REPLACEMENT CHARACTER} (sm_120)"
