"""The same graph in fewer bits: half precision, or eight bits where convolutions compute.

Inputs and outputs keep their types, so nobody outside notices. Half precision runs from convolution
to convolution and as far beyond as no single precision comes in; what depends on the native size
alone stays in single precision. Eight bits are said by QuantizeLinear and DequantizeLinear pairs,
symmetric, a scale for each output channel of a kernel and one for each input of a convolution;
biases stay as they are, since TensorRT takes no others. The ranges were measured on training faces
when the model was exported and are in its file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srfer.errors import EngineError, ModelError

from .contract import ModelFile, Precision
from .pruning import drop_unused

if TYPE_CHECKING:
    import onnx

RANGES_KEY = "srfer.ranges"
"""Metadata entry: a JSON object with the largest magnitude of each convolution's input."""

_ZERO = np.zeros((), np.int8)
_WEIGHTED = ("Conv", "ConvTranspose", "Gemm")
_SAME_TYPE = frozenset(
    [
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Clip",
        "Concat",
        "DepthToSpace",
        "Div",
        "Flatten",
        "GlobalAveragePool",
        "LeakyRelu",
        "MaxPool",
        "Mul",
        "PRelu",
        "ReduceMean",
        "Relu",
        "Reshape",
        "Resize",
        "Sigmoid",
        "Slice",
        "Softmax",
        "SpaceToDepth",
        "Squeeze",
        "Sub",
        "Transpose",
        "Unsqueeze",
        "Upsample",
    ]
)
"""Operators whose tensors may all be of one floating-point type."""
_FIRST_ONLY = ("Resize", "Upsample")
"""Of which only the first input is of that type."""


def convert(model: ModelFile, precision: Precision) -> bytes:
    """Make the graph compute in another precision.

    Args:
        model: in single precision.
        precision: "fp32" gives the file as it is.

    Returns:
        an ONNX file.

    Raises:
        EngineError: if the package that edits ONNX files is absent.
        ModelError: if the model holds no ranges for eight bits.
    """
    if precision == "fp32":
        return model.data
    try:
        import onnx
    except ImportError:
        raise EngineError(
            f"{precision} needs the package onnx to convert the model: pip install 'srfer[engines]'"
        ) from None
    proto = onnx.load_from_string(model.data)
    graph = _Graph(proto.graph)
    if precision == "fp16":
        _compute_in_half(graph)
    else:
        _quantise(graph, _ranges(proto, model.name))
    return bytes(proto.SerializeToString())


def _ranges(proto: onnx.ModelProto, name: str) -> dict[str, float]:
    for entry in proto.metadata_props:
        if entry.key == RANGES_KEY:
            ranges: dict[str, float] = json.loads(entry.value)
            return ranges
    raise ModelError(f"{name} holds no ranges for int8: export it with this version of srfer")


class _Graph:
    """An ONNX graph that is rewritten from front to back.

    Args:
        proto: changed in place.
    """

    def __init__(self, proto: onnx.GraphProto) -> None:
        self.proto = proto
        self.constants = _constants(proto)
        self.nodes: list[onnx.NodeProto] = []

    def add_constant(self, name: str, values: NDArray[Any]) -> str:
        """Put a constant into the graph, once; gives its name."""
        from onnx import numpy_helper

        if name not in self.constants:
            self.proto.initializer.append(numpy_helper.from_array(values, name))
            self.constants[name] = values
        return name

    def emit(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node with one output; gives the output's name."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def finish(self) -> None:
        """Put the new nodes in place of the old, and drop what nobody reads."""
        del self.proto.node[:]
        self.proto.node.extend(self.nodes)
        drop_unused(self.proto)


def _constants(proto: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """The values of initialisers, and of casts and constants, which stand for them."""
    from onnx import TensorProto, numpy_helper

    known = {weight.name: numpy_helper.to_array(weight) for weight in proto.initializer}
    for node in proto.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            known[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        if node.op_type == "Cast" and node.input[0] in known:
            to = next(item.i for item in node.attribute if item.name == "to")
            if to == TensorProto.FLOAT:
                known[node.output[0]] = known[node.input[0]].astype(np.float32)
    return known


def _compute_in_half(graph: _Graph) -> None:
    """Let convolutions, and what follows them alone, compute in half precision."""
    from onnx import TensorProto

    halves: dict[str, str] = {}
    """Tensors that exist in half precision, by the name of the single one."""
    singles = {value.name for value in graph.proto.input}
    outputs = {value.name for value in graph.proto.output}

    def is_float(name: str) -> bool:
        return name in graph.constants and graph.constants[name].dtype == np.float32

    def as_half(name: str) -> str:
        if name not in halves:
            if is_float(name):
                values = graph.constants[name].astype(np.float16)
                halves[name] = graph.add_constant(f"{name}.fp16", values)
            else:
                halves[name] = graph.emit("Cast", [name], f"{name}.fp16", to=TensorProto.FLOAT16)
        return halves[name]

    for node in list(graph.proto.node):
        inputs = [name for name in node.input if name]
        flowing = [name for name in inputs if name not in graph.constants]
        only_half = halves.keys() - singles
        is_inside = bool(flowing) and only_half.issuperset(flowing)
        is_half = node.op_type in _WEIGHTED or (node.op_type in _SAME_TYPE and is_inside)
        if is_half and not outputs.intersection(node.output):
            last = 1 if node.op_type in _FIRST_ONLY else len(node.input)
            for position, name in enumerate(node.input[:last]):
                if name and (name not in graph.constants or is_float(name)):
                    node.input[position] = as_half(name)
            for position, name in enumerate(node.output):
                halves[name] = node.output[position] = f"{name}.fp16"
            graph.nodes.append(node)
            continue
        for name in flowing:
            if name in only_half:
                graph.emit("Cast", [halves[name]], name, to=TensorProto.FLOAT)
                singles.add(name)
        graph.nodes.append(node)
        singles.update(node.output)
    graph.finish()


def _quantise(graph: _Graph, ranges: Mapping[str, float]) -> None:
    """Let convolutions whose range is known read eight bits, of kernels and of features."""
    features: dict[str, str] = {}

    def from_features(name: str) -> str:
        if name not in features:
            scale = _scale(np.asarray(ranges[name]))
            how = [graph.add_constant(f"{name}.scale", scale), graph.add_constant("zero", _ZERO)]
            whole = graph.emit("QuantizeLinear", [name, *how], f"{name}.int8")
            features[name] = graph.emit("DequantizeLinear", [whole, *how], f"{name}.quantised")
        return features[name]

    def from_kernel(name: str) -> str:
        kernel = np.asarray(graph.constants[name], np.float32)
        scale = _scale(np.abs(kernel).reshape(len(kernel), -1).max(axis=1))
        steps = np.round(kernel / scale.reshape(-1, 1, 1, 1)).clip(-127, 127).astype(np.int8)
        inputs = [
            graph.add_constant(f"{name}.int8", steps),
            graph.add_constant(f"{name}.scale", scale),
            graph.add_constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
        ]
        return graph.emit("DequantizeLinear", inputs, f"{name}.quantised", axis=0)

    for node in list(graph.proto.node):
        if node.op_type == "Conv" and node.input[0] in ranges:
            node.input[0] = from_features(node.input[0])
            node.input[1] = from_kernel(node.input[1])
        graph.nodes.append(node)
    graph.finish()


def _scale(largest: NDArray[Any]) -> NDArray[np.float32]:
    """What one step of eight bits stands for."""
    return np.asarray(np.maximum(largest, 1e-6) / 127, np.float32)
