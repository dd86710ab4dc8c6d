"""The running half of TensorRT without a GPU: ONNX Runtime computes on the memory of `FakeCuda`.

It has the names that sessions use, and refuses what TensorRT forbids: working without scratch
memory or addresses, recording a context that never ran, replaying after the shapes were changed.
"""

from __future__ import annotations

import ctypes
import json
import math
import weakref
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
import tensorrt_rtx as real
from numpy.typing import NDArray

from srfer.engines import ModelFile, ShapeRange
from srfer.engines.ort import onnxruntime

from .fake_cuda import FakeCuda

MAGIC = b"stub plan "
Shape = tuple[int, ...]
SCRATCH = 4096
_DTYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


def stub_plan(model: ModelFile, shapes: Mapping[str, ShapeRange]) -> bytes:
    """What stands for a plan: the shapes and the ONNX file."""
    ranges = {name: [shape.least, shape.usual, shape.most] for name, shape in shapes.items()}
    return MAGIC + json.dumps(ranges).encode() + b"\n" + model.data


class FakeTensorRT(ModuleType):
    """The module `tensorrt`.

    Args:
        cuda: where its memory and streams are.

    Attributes:
        can_record: whether work can be recorded as a graph.
        fails: whether work fails.
        contexts: how many there are.
    """

    ILogger = real.ILogger
    TensorIOMode = real.TensorIOMode
    ExecutionContextAllocationStrategy = real.ExecutionContextAllocationStrategy

    def __init__(self, cuda: FakeCuda) -> None:
        super().__init__("tensorrt")
        self.__version__ = "11.4.0"
        self.__spec__ = ModuleSpec("tensorrt", None)
        self.cuda = cuda
        self.can_record = True
        self.fails = False
        self.contexts = 0

    def nptype(self, dtype: Any) -> Any:
        """The stub's engines say types as NumPy does."""
        return dtype

    def Runtime(self, logger: Any) -> _Runtime:  # noqa: N802
        """As TensorRT's class."""
        return _Runtime(self, logger)


class _Runtime:
    def __init__(self, trt: FakeTensorRT, logger: Any) -> None:
        self.trt = trt
        self.logger = logger
        self.engine_host_code_allowed = False

    def deserialize_cuda_engine(self, data: bytes) -> _Engine | None:
        assert isinstance(data, bytes)
        if not data.startswith(MAGIC):
            self.logger.log(real.ILogger.Severity.ERROR, "magic tag does not match")
            return None
        ranges, _, onnx = data.removeprefix(MAGIC).partition(b"\n")
        try:
            return _Engine(self.trt, self.logger, json.loads(ranges), onnx)
        except (ValueError, RuntimeError) as error:
            self.logger.log(real.ILogger.Severity.ERROR, f"damaged: {type(error).__name__}")
            return None


class _Engine:
    def __init__(self, trt: FakeTensorRT, logger: Any, ranges: dict[str, Any], onnx: bytes) -> None:
        self.trt = trt
        self.logger = logger
        try:
            self.session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise ValueError("no graph") from error
        self.ranges = {name: [tuple(axes) for axes in found] for name, found in ranges.items()}
        self.inputs = {item.name: item for item in self.session.get_inputs()}
        self.outputs = {item.name: item for item in self.session.get_outputs()}
        self.names: list[str] = [*self.inputs, *self.outputs]
        self.num_io_tensors = len(self.names)
        self.device_memory_size_v2 = SCRATCH

    def get_tensor_name(self, index: int) -> str:
        return self.names[index]

    def get_tensor_mode(self, name: str) -> Any:
        return real.TensorIOMode.INPUT if name in self.inputs else real.TensorIOMode.OUTPUT

    def get_tensor_dtype(self, name: str) -> Any:
        return _DTYPES[(self.inputs | self.outputs)[name].type]

    def get_tensor_shape(self, name: str) -> Shape:
        shape = (self.inputs | self.outputs)[name].shape
        return tuple(axis if isinstance(axis, int) else -1 for axis in shape)

    def get_tensor_profile_shape(self, name: str, index: int) -> list[Shape]:
        assert index == 0
        return list(self.ranges[name])

    def create_execution_context(self, strategy: Any) -> _Context:
        assert strategy == real.ExecutionContextAllocationStrategy.USER_MANAGED
        return _Context(self)

    def infer(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """Shapes of outputs; all that the tests' models give keep the batch."""
        batch = next(iter(shapes.values()))[0]
        return {name: (batch, *self.get_tensor_shape(name)[1:]) for name in self.outputs}


class _Context:
    def __init__(self, engine: _Engine) -> None:
        self.engine = engine
        self.addresses: dict[str, int] = {}
        self.shapes: dict[str, Shape] = {}
        self.scratch = 0
        self.has_run: dict[str, Shape] = {}
        engine.trt.contexts += 1

    def __del__(self) -> None:
        self.engine.trt.contexts -= 1

    def set_device_memory(self, address: int, size: int) -> None:
        assert size >= SCRATCH
        self.scratch = self.engine.trt.cuda.block(address, size)

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return name in self.engine.names

    def set_input_shape(self, name: str, shape: Shape) -> bool:
        least, _, most = self.engine.ranges[name]
        self.shapes[name] = shape
        is_right = all(a <= n <= z for a, n, z in zip(least, shape, most, strict=True))
        if not is_right:
            self.engine.logger.log(real.ILogger.Severity.ERROR, f"{name} cannot be {shape}")
        return is_right

    def get_tensor_shape(self, name: str) -> Shape:
        return self.engine.infer(self.shapes)[name]

    def get_max_output_size(self, name: str) -> int:
        most = {key: found[2] for key, found in self.engine.ranges.items()}
        item: int = np.dtype(self.engine.get_tensor_dtype(name)).itemsize
        return math.prod(self.engine.infer(most)[name]) * item

    def execute_async_v3(self, stream: int) -> bool:
        trt = self.engine.trt
        is_recording = stream in trt.cuda.captures
        if trt.fails or (is_recording and not trt.can_record):
            self.engine.logger.log(real.ILogger.Severity.ERROR, "cannot enqueue")
            return False
        shapes = dict(self.shapes)
        assert not is_recording or self.has_run == shapes, "TensorRT wants one run before"
        self.has_run = shapes
        weak = weakref.ref(self)  # as a graph of CUDA, which keeps no context alive

        def work() -> None:
            context = weak()
            assert context is not None, "a graph outlived its context"
            context.compute(shapes)

        trt.cuda.queue(stream, work)
        return True

    def compute(self, shapes: dict[str, Shape]) -> None:
        """Done when the stream is synchronised."""
        cuda = self.engine.trt.cuda
        assert self.shapes == shapes, "the shapes were changed after the work was queued"
        cuda.block(self.scratch, SCRATCH)
        feeds = {name: self._view(name, shape).copy() for name, shape in shapes.items()}
        found = self.engine.session.run(list(self.engine.outputs), feeds)
        for name, values in zip(self.engine.outputs, found, strict=True):
            self._view(name, values.shape)[...] = values

    def _view(self, name: str, shape: Shape) -> NDArray[Any]:
        dtype = np.dtype(self.engine.get_tensor_dtype(name))
        size = math.prod(shape) * dtype.itemsize
        address = self.engine.trt.cuda.block(self.addresses[name], size)
        return np.frombuffer((ctypes.c_uint8 * size).from_address(address), dtype).reshape(shape)
