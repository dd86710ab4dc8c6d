"""Plans of TensorRT and TensorRT-RTX, run.

A session has two lanes: each is a stream with contexts and memory of its own, so that the copies of
one call overlap with the work of another. Memory is taken once, for the largest shapes, and its
addresses never change; so the copies and the work of shapes that come again can be recorded as a
CUDA graph and replayed. TensorRT-RTX, which compiles kernels while it runs, records them itself.

As in `tensorrt`, a function whose name ends with `_rtx` uses what only TensorRT-RTX has.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from queue import LifoQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from srfer.errors import EngineError

from ..contract import Arrays, ShapeRange
from . import cuda

if TYPE_CHECKING:
    import tensorrt as trt  # for annotations alone: the names are the same in both

LANES = 2
SHAPES_KEPT = 16
"""Combinations of input shapes whose CUDA graphs a lane keeps; the longest unused goes first."""

Shapes = tuple[tuple[int, ...], ...]
"""Of all inputs, in the plan's order."""


class Tensor(NamedTuple):
    """An input or output of a plan."""

    name: str
    dtype: np.dtype[Any]
    least: tuple[int, ...]
    most: tuple[int, ...]


class _Place(NamedTuple):
    """Where a lane works: the stream, and by name the buffers of all inputs and outputs."""

    trt: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    buffers: dict[str, cuda.Buffer]
    stream: cuda.Stream


class _Context:
    """An execution context with the shapes that it was set to last.

    Args:
        context: bound to the buffers here.
        place: of a lane.
    """

    def __init__(self, context: trt.IExecutionContext, place: _Place) -> None:
        self._context = context
        self._place = place
        self._sent: dict[str, int] = {}
        self._fetched: dict[str, tuple[int, ...]] = {}
        self.graph: cuda.Graph | None = None
        self.shapes: Shapes | None = None
        for name, buffer in place.buffers.items():
            if not context.set_tensor_address(name, buffer.device.address):
                raise self._failure(f"takes no memory for {name}")

    def reshape(self, shapes: Shapes) -> None:
        """Set the shapes of all inputs, and find those of the outputs."""
        if shapes == self.shapes:
            return
        self.shapes = None
        for tensor, shape in zip(self._place.inputs, shapes, strict=True):
            if not self._context.set_input_shape(tensor.name, shape):
                raise self._failure(f"refuses the shape {shape} of {tensor.name}")
            self._sent[tensor.name] = _size(shape, tensor)
        for tensor in self._place.outputs:
            shape = tuple(self._context.get_tensor_shape(tensor.name))
            if (
                min(shape, default=0) < 0
                or _size(shape, tensor) > self._place.buffers[tensor.name].size
            ):
                raise self._failure(f"gives {tensor.name} the shape {shape}")
            self._fetched[tensor.name] = shape
        self.shapes = shapes

    def queue(self) -> None:
        """Queue the copies of the inputs, the work, and the copies of the outputs."""
        for name, size in self._sent.items():
            self._place.stream.send(self._place.buffers[name], size)
        if not self._context.execute_async_v3(self._place.stream.handle):
            raise self._failure("failed")
        for tensor in self._place.outputs:
            size = _size(self._fetched[tensor.name], tensor)
            self._place.stream.fetch(self._place.buffers[tensor.name], size)

    def read(self) -> dict[str, NDArray[Any]]:
        """Copies of the outputs, once the stream has done what was queued."""
        found = {}
        for tensor in self._place.outputs:
            shape = self._fetched[tensor.name]
            data = self._place.buffers[tensor.name].host.data[: _size(shape, tensor)]
            found[tensor.name] = data.view(tensor.dtype).reshape(shape).copy()
        return found

    def _failure(self, what: str) -> EngineError:
        return EngineError(f"TensorRT {what}: {log_of(self._place.trt).take()}")


class _Lane:
    """A stream with everything that one call at a time needs.

    Args:
        trt: the module.
        engine: the plan.
        is_rtx: whether it is TensorRT-RTX.
        cuda_graphs: replay recorded work.
    """

    def __init__(self, trt: Any, engine: trt.ICudaEngine, is_rtx: bool, cuda_graphs: bool) -> None:
        self._engine = engine
        self._is_rtx = is_rtx
        self._uses_graphs = cuda_graphs
        self._known: OrderedDict[Shapes, _Context | None] = OrderedDict()
        """Shapes that came before; with a context and its graph if they came twice."""
        self._plain: _Context | None = None
        self._scratch: cuda.DeviceMemory | None = None
        inputs = tensors_of(trt, engine, trt.TensorIOMode.INPUT)
        outputs = tensors_of(trt, engine, trt.TensorIOMode.OUTPUT)
        self._place = _Place(trt, inputs, outputs, {}, cuda.Stream())
        try:
            self._allocate()
        except BaseException:
            self.free()
            raise

    def _allocate(self) -> None:
        """Take all memory, and bind a context to it."""
        if not self._is_rtx:
            self._scratch = cuda.DeviceMemory(self._engine.device_memory_size_v2)
        context = self._make_context()
        for tensor in self._place.inputs:
            if not context.set_input_shape(tensor.name, tensor.most):
                reason = log_of(self._place.trt).take()
                raise EngineError(f"TensorRT refuses its own shape of {tensor.name}: {reason}")
            self._place.buffers[tensor.name] = cuda.Buffer(_size(tensor.most, tensor))
        for tensor in self._place.outputs:
            size = context.get_max_output_size(tensor.name)
            if size < 0:
                raise EngineError(f"TensorRT does not know how large {tensor.name} can get")
            self._place.buffers[tensor.name] = cuda.Buffer(size)
        self._plain = _Context(context, self._place)

    def _make_context(self) -> trt.IExecutionContext:
        """A context; those of a lane share its scratch memory, since they never run at once."""
        if self._is_rtx:
            return _context_rtx(self._place.trt, self._engine, self._uses_graphs)
        managed = self._place.trt.ExecutionContextAllocationStrategy.USER_MANAGED
        context = self._engine.create_execution_context(managed)
        if context is None or self._scratch is None:
            raise EngineError(f"TensorRT makes no context: {log_of(self._place.trt).take()}")
        context.set_device_memory(self._scratch.address, self._scratch.size)
        return context

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Compute one batch; see `TensorRTSession.run`.

        Args:
            feeds: all inputs, contiguous, of the right types, no larger than the buffers.
        """
        shapes = tuple(feeds[tensor.name].shape for tensor in self._place.inputs)
        context = self._known.get(shapes) or self._plain
        assert context is not None  # only before `_allocate` and after `free`
        try:
            for name, array in feeds.items():
                staging = self._place.buffers[name].host.data
                staging[: array.nbytes] = array.reshape(-1).view(np.uint8)
            if context.graph is not None:
                self._place.stream.launch(context.graph)
            else:
                context.reshape(shapes)
                context.queue()
        finally:
            self._place.stream.wait()  # also after an error: copies of it may be on their way
        found = context.read()
        if self._uses_graphs and not self._is_rtx:
            self._remember(shapes)
        return found

    def _remember(self, shapes: Shapes) -> None:
        """Record the work of shapes that came twice; what comes once is not worth it."""
        if shapes not in self._known:
            self._known[shapes] = None
        elif self._known[shapes] is None:
            try:
                self._known[shapes] = self._recorded(shapes)
            except EngineError:  # then kernels are queued one by one, which every plan allows
                self._uses_graphs = False
        self._known.move_to_end(shapes)
        if len(self._known) > SHAPES_KEPT:
            _, oldest = self._known.popitem(last=False)
            if oldest is not None and oldest.graph is not None:
                oldest.graph.free()

    def _recorded(self, shapes: Shapes) -> _Context:
        """A context of its own, whose work was recorded.

        A graph keeps what its context holds at the time, so none of the context's shapes may change
        afterwards. TensorRT wants one run before it is recorded.
        """
        context = _Context(self._make_context(), self._place)
        context.reshape(shapes)
        try:
            context.queue()
        finally:
            self._place.stream.wait()
        context.graph = self._place.stream.capture(context.queue)
        return context

    def free(self) -> None:
        """Give everything back; nothing can be run afterwards."""
        graphs = [known.graph for known in self._known.values() if known and known.graph]
        with suppress(EngineError), cuda.on_gpu():
            self._place.stream.drain()
            for graph in graphs:
                graph.free()
            self._known.clear()
            self._plain = None  # contexts go before the memory that they are bound to
            for buffer in self._place.buffers.values():
                buffer.free()
            if self._scratch is not None:
                self._scratch.free()
            self._place.stream.free()


class TensorRTSession:
    """An open plan; may be used from several threads.

    Args:
        trt: the module.
        engine: the plan.
        description: for messages.
        is_rtx: whether it is TensorRT-RTX.
        cuda_graphs: replay recorded work.

    Raises:
        EngineError: if the GPU has too little memory, or TensorRT fails.
    """

    def __init__(
        self,
        trt: Any,
        engine: trt.ICudaEngine,
        description: str,
        *,
        is_rtx: bool,
        cuda_graphs: bool,
    ) -> None:
        self._description = description
        self._inputs = tensors_of(trt, engine, trt.TensorIOMode.INPUT)
        lanes: list[_Lane] = []
        try:
            for _ in range(LANES):
                lanes.append(_Lane(trt, engine, is_rtx, cuda_graphs))
        except BaseException:
            _free_lanes(lanes)
            raise
        self._lanes: LifoQueue[_Lane | None] = LifoQueue()  # the last used has most recorded
        for lane in lanes:
            self._lanes.put(lane)
        self._closing = threading.Lock()
        self._finalizer = weakref.finalize(self, _free_lanes, lanes)

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        """See `srfer.engines.contract.Session.run`."""
        arrays = {tensor.name: self._fitting(feeds, tensor) for tensor in self._inputs}
        lane = self._lanes.get()
        try:
            if lane is None:
                raise EngineError(f"{self._description}: this session has been closed")
            with cuda.on_gpu():
                return lane.run(arrays)
        finally:
            self._lanes.put(lane)

    def close(self) -> None:
        """Give all memory back once the calls of other threads are done.

        It happens by itself when the session is not used any more; later calls of `run` fail.
        """
        with self._closing:
            for _ in range(LANES):
                self._lanes.get()
            self._finalizer()
            for _ in range(LANES):
                self._lanes.put(None)

    def _fitting(self, feeds: Arrays, tensor: Tensor) -> NDArray[Any]:
        """An input as the plan takes it: of its type, contiguous and not too large."""
        if tensor.name not in feeds:
            raise EngineError(f"{self._description}: the input {tensor.name} is missing")
        given = np.asarray(feeds[tensor.name])
        if not np.can_cast(given.dtype, tensor.dtype, "same_kind"):
            raise EngineError(f"{tensor.name} must be {tensor.dtype}, not {given.dtype}")
        limits = list(zip(given.shape, tensor.least, tensor.most, strict=False))
        if given.ndim != len(tensor.most) or any(not a <= n <= z for n, a, z in limits):
            bounds = f"between {tensor.least} and {tensor.most}"
            raise EngineError(f"{tensor.name} must have a shape {bounds}, not {given.shape}")
        return np.asarray(given, tensor.dtype, order="C")


def _free_lanes(lanes: list[_Lane]) -> None:
    while lanes:
        lanes.pop().free()


def _context_rtx(trt: Any, engine: trt.ICudaEngine, cuda_graphs: bool) -> trt.IExecutionContext:
    """A context that records its work itself, once kernels for its shapes have been compiled."""
    config = engine.create_runtime_config()
    if cuda_graphs:
        config.cuda_graph_strategy = trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
    context = engine.create_execution_context(config)
    if context is None:
        raise EngineError(f"TensorRT-RTX makes no context: {log_of(trt).take()}")
    return context


def _size(shape: Sequence[int], tensor: Tensor) -> int:
    """In bytes."""
    return math.prod(shape) * tensor.dtype.itemsize


@cache
def log_of(trt: Any) -> Any:
    """Keeps what TensorRT complains about; one for the process, as TensorRT wants it."""

    class Log(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.lines: deque[str] = deque(maxlen=4)

        def log(self, severity: Any, text: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                self.lines.append(text.strip()[:300])

        def take(self) -> str:
            """What has been complained about since the last time."""
            found = "; ".join(self.lines) or "no reason given"
            self.lines.clear()
            return found

    return Log()


def tensors_of(trt: Any, engine: trt.ICudaEngine, mode: Any) -> tuple[Tensor, ...]:
    """The inputs or the outputs of a plan; the shapes of outputs are not known beforehand."""
    found = []
    for index in range(engine.num_io_tensors):
        name = engine.get_tensor_name(index)
        if engine.get_tensor_mode(name) != mode:
            continue
        least = most = tuple(engine.get_tensor_shape(name))
        if -1 in least and mode == trt.TensorIOMode.INPUT:
            least, _, most = (tuple(axes) for axes in engine.get_tensor_profile_shape(name, 0))
        dtype = np.dtype(trt.nptype(engine.get_tensor_dtype(name)))
        found.append(Tensor(name, dtype, least, most))
    return tuple(found)


def covers(inputs: tuple[Tensor, ...], shapes: Mapping[str, ShapeRange]) -> bool:
    """Whether a plan takes all the shapes that inputs will have."""
    known = {tensor.name: tensor for tensor in inputs}
    return all(
        name in known
        and len(known[name].least) == len(shape.least)
        and all(a <= b for a, b in zip(known[name].least, shape.least, strict=True))
        and all(a >= b for a, b in zip(known[name].most, shape.most, strict=True))
        for name, shape in shapes.items()
    )
