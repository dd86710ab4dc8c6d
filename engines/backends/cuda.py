"""An NVIDIA GPU through cuda-python: its memory, streams and graphs, and nothing of TensorRT.

Every call of the CUDA runtime goes through `check`, which turns its error code into an
`EngineError` with CUDA's own name for it. The package is imported when the first of these functions
is called: srfer works without it, and without a GPU.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.errors import EngineError

DEVICE = 0
"""The GPU that is used: the first of those that CUDA_VISIBLE_DEVICES leaves."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """What a GPU is.

    Attributes:
        name: as its maker calls it.
        capability: compute capability, major and minor.
    """

    name: str
    capability: tuple[int, int]

    def __str__(self) -> str:
        major, minor = self.capability
        return f"{self.name} (sm_{major}{minor})"


def bindings() -> Any:
    """The module `cuda.bindings.runtime`.

    Raises:
        EngineError: if cuda-python is absent or broken.
    """
    try:
        return importlib.import_module("cuda.bindings.runtime")
    except (ImportError, OSError) as error:
        raise EngineError(
            f"cuda-python cannot be imported ({error}): pip install 'cuda-python>=13,<14'"
        ) from error


def check(result: tuple[Any, ...]) -> Any:
    """What a function of the CUDA runtime gave, without its error code.

    Args:
        result: the error code and up to one value.

    Returns:
        the value; None if there is none.

    Raises:
        EngineError: if the code is not success.
    """
    code, *values = result
    if code != bindings().cudaError_t.cudaSuccess:
        raise EngineError(f"CUDA failed with {code.name}: {_explain(code)}")
    return values[0] if values else None


def _explain(code: Any) -> str:
    _, text = bindings().cudaGetErrorString(code)
    return text.decode(errors="replace") if isinstance(text, bytes) else "of unknown meaning"


def find_gpu() -> Gpu:
    """The GPU that is used here.

    Raises:
        EngineError: if there is none, or its driver is absent, older than the installed CUDA
            runtime, or broken.
    """
    cuda = bindings()
    code, count = cuda.cudaGetDeviceCount()
    errors = cuda.cudaError_t
    if code == errors.cudaErrorInsufficientDriver:
        version = check(cuda.cudaDriverGetVersion())
        if not version:
            raise EngineError("there is no NVIDIA driver: install one for CUDA 13 or newer")
        found = f"{version // 1000}.{version % 1000 // 10}"
        raise EngineError(f"the NVIDIA driver serves CUDA {found}: install one for CUDA 13")
    if code == errors.cudaErrorNoDevice or (code == errors.cudaSuccess and count == 0):
        raise EngineError("there is no NVIDIA GPU, or CUDA_VISIBLE_DEVICES hides it")
    check((code, count))
    found = check(cuda.cudaGetDeviceProperties(DEVICE))
    return Gpu(found.name.decode(errors="replace").strip("\0 "), (found.major, found.minor))


@contextmanager
def on_gpu() -> Iterator[None]:
    """Make `DEVICE` the GPU of this thread for a while.

    Which GPU a thread uses is a setting of the thread that other libraries change too, so it is
    put back.
    """
    cuda = bindings()
    before = check(cuda.cudaGetDevice())
    if before != DEVICE:
        check(cuda.cudaSetDevice(DEVICE))
    try:
        yield
    finally:
        if before != DEVICE:
            check(cuda.cudaSetDevice(before))


class DeviceMemory:
    """Memory of the GPU.

    Args:
        size: in bytes; CUDA aligns it to 256.

    Attributes:
        address: where it begins.
        size: as given.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.address = int(check(bindings().cudaMalloc(max(size, 1))))

    def free(self) -> None:
        """Give it back; errors are ignored, since after a failed call CUDA refuses everything."""
        address, self.address = self.address, 0
        if address:
            bindings().cudaFree(address)


class PinnedMemory:
    """Memory of the machine that the GPU can copy from and to while the processor goes on.

    Args:
        size: in bytes.

    Attributes:
        address: where it begins.
        data: (size,) uint8, at least one, a view. It must not be used after `free`.
    """

    def __init__(self, size: int) -> None:
        cuda = bindings()
        size = max(size, 1)
        self.address = int(check(cuda.cudaHostAlloc(size, cuda.cudaHostAllocDefault)))
        bytes_ = (ctypes.c_uint8 * size).from_address(self.address)
        self.data: NDArray[np.uint8] = np.ctypeslib.as_array(bytes_)

    def free(self) -> None:
        """Give it back; errors are ignored."""
        address, self.address = self.address, 0
        self.data = np.empty(0, np.uint8)
        if address:
            bindings().cudaFreeHost(address)


class Buffer:
    """A tensor's place on the GPU and its double in pinned memory, both at its largest.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.device = DeviceMemory(size)
        try:
            self.host = PinnedMemory(size)
        except EngineError:
            self.device.free()
            raise

    def free(self) -> None:
        """Give both back."""
        self.device.free()
        self.host.free()


class Stream:
    """A queue of work on the GPU that runs beside other streams.

    Attributes:
        handle: CUDA's number of it, for other libraries.
    """

    def __init__(self) -> None:
        cuda = bindings()
        # Blocking streams would wait for whatever others put on the default stream.
        self._stream = check(cuda.cudaStreamCreateWithFlags(cuda.cudaStreamNonBlocking))
        self.handle = int(self._stream)

    def send(self, buffer: Buffer, size: int) -> None:
        """Queue a copy of the first `size` bytes from pinned memory to the GPU."""
        cuda = bindings()
        kind = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        target, source = buffer.device.address, buffer.host.address
        check(cuda.cudaMemcpyAsync(target, source, size, kind, self._stream))

    def fetch(self, buffer: Buffer, size: int) -> None:
        """Queue a copy of the first `size` bytes from the GPU to pinned memory."""
        cuda = bindings()
        kind = cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        target, source = buffer.host.address, buffer.device.address
        check(cuda.cudaMemcpyAsync(target, source, size, kind, self._stream))

    def wait(self) -> None:
        """Return when everything that was queued is done; other Python threads go on."""
        check(bindings().cudaStreamSynchronize(self._stream))

    def drain(self) -> None:
        """Wait before things are given back; errors are ignored."""
        if self._stream is not None:
            bindings().cudaStreamSynchronize(self._stream)

    def capture(self, work: Callable[[], None]) -> Graph:
        """Record what a function queues, without computing it.

        Args:
            work: queues work on this stream and nothing else.

        Returns:
            the recorded work, to be launched on this stream.

        Raises:
            EngineError: if something in it cannot be recorded; the stream can still be used.
        """
        cuda = bindings()
        # In the other modes, whatever another thread allocates meanwhile would fail.
        mode = cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        check(cuda.cudaStreamBeginCapture(self._stream, mode))
        try:
            work()
        except BaseException:
            code, graph = cuda.cudaStreamEndCapture(self._stream)
            if code == cuda.cudaError_t.cudaSuccess:
                cuda.cudaGraphDestroy(graph)
            cuda.cudaGetLastError()  # or the next call would report this failure
            raise
        code, graph = cuda.cudaStreamEndCapture(self._stream)
        if code != cuda.cudaError_t.cudaSuccess:
            cuda.cudaGetLastError()
        return Graph(check((code, graph)))

    def launch(self, graph: Graph) -> None:
        """Queue recorded work."""
        check(bindings().cudaGraphLaunch(graph.handle, self._stream))

    def free(self) -> None:
        """Give it back, when nothing is queued; errors are ignored."""
        stream, self._stream = self._stream, None
        if stream is not None:
            bindings().cudaStreamDestroy(stream)


class Graph:
    """Recorded work.

    Args:
        recorded: CUDA's graph; it is given back here.

    Attributes:
        handle: what can be launched; None once it was given back.
    """

    def __init__(self, recorded: Any) -> None:
        cuda = bindings()
        result = cuda.cudaGraphInstantiate(recorded, 0)
        cuda.cudaGraphDestroy(recorded)
        self.handle: Any = check(result)

    def free(self) -> None:
        """Give it back, when none of its work is queued; errors are ignored."""
        handle, self.handle = self.handle, None
        if handle is not None:
            bindings().cudaGraphExecDestroy(handle)
