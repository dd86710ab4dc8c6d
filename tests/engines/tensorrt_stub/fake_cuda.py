"""A CUDA runtime without a GPU, strict about what a GPU would only be strict about by chance.

Its functions have the names and results of `cuda.bindings.runtime`. Queued work is done when its
stream is synchronised and not before, so that reading results or changing inputs too early shows.
A copy outside what was allocated, or a graph that outlived its memory, is an AssertionError.
"""

# ruff: noqa: N802, N815 (the names are CUDA's)

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from cuda.bindings import runtime as real

Work = Callable[[], None]
Result = tuple[Any, ...]

OK = real.cudaError_t.cudaSuccess


class FakeCuda(ModuleType):
    """The module.

    Attributes:
        failing: by function, the error that its next call gives.
        room: how many pieces of memory there can be.
        launches: how often a graph was launched.
        copied: how often work was queued one by one.
    """

    cudaError_t = real.cudaError_t
    cudaMemcpyKind = real.cudaMemcpyKind
    cudaStreamCaptureMode = real.cudaStreamCaptureMode
    cudaHostAllocDefault = real.cudaHostAllocDefault
    cudaStreamNonBlocking = real.cudaStreamNonBlocking

    def __init__(self) -> None:
        super().__init__("cuda.bindings.runtime")
        self.memory: dict[int, Any] = {}
        self.streams: dict[int, list[Work]] = {}
        self.captures: dict[int, list[Work]] = {}
        self.graphs: dict[int, list[Work]] = {}
        self.failing: dict[str, Any] = {}
        self.room = 10**6
        self.launches = 0
        self.copied = 0
        self._lock = threading.RLock()
        self._number = 100
        self._thread = threading.local()

    def live(self) -> int:
        """Things that were not given back."""
        return len(self.memory) + len(self.streams) + len(self.graphs)

    def queue(self, stream: int, work: Work) -> None:
        """Queue or record work on a stream."""
        assert self.cudaGetDevice()[1] == 0, "the stream is of another GPU"
        with self._lock:
            assert stream in self.streams, "there is no such stream"
            self.captures.get(stream, self.streams[stream]).append(work)

    def block(self, address: int, size: int) -> int:
        """An address, if `size` bytes from it are allocated."""
        for start, memory in self.memory.items():
            if start <= address and address + size <= start + ctypes.sizeof(memory):
                return address
        raise AssertionError(f"{size} bytes at {address} are not allocated")

    def _fault(self, name: str) -> Any:
        return self.failing.pop(name, None)

    def _next(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def cudaGetErrorString(self, code: Any) -> Result:
        return real.cudaGetErrorString(code)  # type: ignore[no-any-return]

    def cudaDriverGetVersion(self) -> Result:
        return OK, 13000

    def cudaGetDeviceCount(self) -> Result:
        return OK, 1

    def cudaGetDeviceProperties(self, device: int) -> Result:
        assert device == 0
        return OK, SimpleNamespace(name=b"NVIDIA Stub\0\0", major=9, minor=0)

    def cudaGetDevice(self) -> Result:
        return OK, getattr(self._thread, "device", 0)

    def cudaSetDevice(self, device: int) -> Result:
        self._thread.device = device
        return (OK,)

    def cudaMemGetInfo(self) -> Result:
        with self._lock:
            used = sum(ctypes.sizeof(memory) for memory in self.memory.values())
        return OK, 2**34 - used, 2**34

    def cudaMalloc(self, size: int) -> Result:
        assert size > 0
        if fault := self._fault("cudaMalloc"):
            return fault, None
        if len(self.memory) >= self.room:
            return self.cudaError_t.cudaErrorMemoryAllocation, None
        memory = (ctypes.c_uint8 * size)()
        with self._lock:
            self.memory[ctypes.addressof(memory)] = memory
        return OK, ctypes.addressof(memory)

    def cudaHostAlloc(self, size: int, flags: int) -> Result:
        assert flags == self.cudaHostAllocDefault
        if fault := self._fault("cudaHostAlloc"):
            return fault, None
        return self.cudaMalloc(size)

    def cudaFree(self, address: int) -> Result:
        with self._lock:
            del self.memory[address]
        return (OK,)

    def cudaFreeHost(self, address: int) -> Result:
        return self.cudaFree(address)

    def cudaStreamCreateWithFlags(self, flags: int) -> Result:
        assert flags == self.cudaStreamNonBlocking
        stream = self._next()
        with self._lock:
            self.streams[stream] = []
        return OK, real.cudaStream_t(stream)

    def cudaStreamDestroy(self, stream: Any) -> Result:
        with self._lock:
            assert not self.streams.pop(int(stream)), "work was still queued"
        return (OK,)

    def cudaStreamSynchronize(self, stream: Any) -> Result:
        assert int(stream) not in self.captures, "a stream that records cannot be waited for"
        with self._lock:
            work, self.streams[int(stream)] = self.streams[int(stream)], []
        for step in work:
            step()
        fault = self._fault("cudaStreamSynchronize")
        return (fault or OK,)

    def cudaMemcpyAsync(self, target: int, source: int, size: int, kind: Any, on: Any) -> Result:
        assert isinstance(kind, real.cudaMemcpyKind)
        if fault := self._fault("cudaMemcpyAsync"):
            return (fault,)

        def copy() -> None:
            ctypes.memmove(self.block(target, size), self.block(source, size), size)

        self.copied += 1
        self.queue(int(on), copy)
        return (OK,)

    def cudaStreamBeginCapture(self, stream: Any, mode: Any) -> Result:
        assert mode == self.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self.captures[int(stream)] = []
        return (OK,)

    def cudaStreamEndCapture(self, stream: Any) -> Result:
        work = self.captures.pop(int(stream))
        if fault := self._fault("cudaStreamEndCapture"):
            return fault, None
        graph = self._next()
        with self._lock:
            self.graphs[graph] = work
        return OK, graph

    def cudaGetLastError(self) -> Result:
        return (OK,)

    def cudaGraphInstantiate(self, graph: int, flags: int) -> Result:
        assert flags == 0
        ready = self._next()
        with self._lock:
            self.graphs[ready] = list(self.graphs[graph])
        return OK, ready

    def cudaGraphDestroy(self, graph: int) -> Result:
        with self._lock:
            del self.graphs[graph]
        return (OK,)

    def cudaGraphExecDestroy(self, graph: int) -> Result:
        return self.cudaGraphDestroy(graph)

    def cudaGraphLaunch(self, graph: int, stream: Any) -> Result:
        self.launches += 1
        for work in self.graphs[graph]:
            self.queue(int(stream), work)
        return (OK,)
