"""An ONNX graph as a PyTorch module: each node is a call of the PyTorch function that it names.

Made for the graphs that srfer runs, not for all of ONNX. It shares no code with the other runtimes,
so that where they agree with it they are right for a second reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from srfer.errors import ModelError

Attributes = Mapping[str, Any]
Inputs = Sequence[Tensor | None]
Operation = Callable[[Inputs, Attributes], Tensor]

_TYPES = {
    TensorProto.FLOAT: torch.float32,
    TensorProto.UINT8: torch.uint8,
    TensorProto.INT8: torch.int8,
    TensorProto.INT32: torch.int32,
    TensorProto.INT64: torch.int64,
    TensorProto.FLOAT16: torch.float16,
}


class _Step(NamedTuple):
    """A node: what it computes, from which tensors, under which name."""

    compute: Operation
    inputs: tuple[str, ...]
    output: str
    attributes: Attributes
    last_reads: tuple[str, ...]


class TorchGraph(nn.Module):
    """Runs an ONNX graph with PyTorch's functions.

    Args:
        data: the ONNX file.

    Raises:
        ModelError: if the graph has an operator that is not known here.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__()
        graph = onnx.load_from_string(data).graph
        self._weights: dict[str, str] = {}
        for number, weight in enumerate(graph.initializer):
            self._keep(weight.name, f"weight_{number}", numpy_helper.to_array(weight))
        for node in graph.node:
            if node.op_type == "Constant":
                value = numpy_helper.to_array(node.attribute[0].t)
                self._keep(node.output[0], f"constant_{len(self._weights)}", value)
        self.inputs = tuple(v.name for v in graph.input if v.name not in self._weights)
        self.outputs = tuple(value.name for value in graph.output)
        self._steps = _steps(graph, self.outputs)

    def _keep(self, name: str, attribute: str, values: np.ndarray[Any, Any]) -> None:
        self.register_buffer(attribute, torch.from_numpy(values.copy()))
        self._weights[name] = attribute

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """Compute the outputs, in the graph's order, from the inputs, in the graph's order."""
        known: dict[str, Tensor] = {
            name: getattr(self, attribute) for name, attribute in self._weights.items()
        }
        known.update(zip(self.inputs, given, strict=True))
        for step in self._steps:
            values = [known[name] if name else None for name in step.inputs]
            known[step.output] = step.compute(values, step.attributes)
            for name in step.last_reads:
                del known[name]
        return tuple(known[name] for name in self.outputs)


def _steps(graph: onnx.GraphProto, outputs: tuple[str, ...]) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    read_later = set(outputs)
    for node in reversed(graph.node):
        if node.op_type == "Constant":
            continue
        if node.op_type not in _OPERATIONS or len(node.output) != 1:
            raise ModelError(f"the operator {node.op_type} is not known to srfer's PyTorch engine")
        last_reads = tuple({name for name in node.input if name} - read_later)
        read_later.update(node.input)
        attributes = {item.name: _value(item) for item in node.attribute}
        compute = _OPERATIONS[node.op_type]
        steps.append(_Step(compute, tuple(node.input), node.output[0], attributes, last_reads))
    return tuple(reversed(steps))


def _value(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value


def _numbers(values: Tensor | None) -> list[int]:
    """A tensor that holds a shape, axes or bounds."""
    return [int(value) for value in values.tolist()] if values is not None else []


def _first(inputs: Inputs) -> Tensor:
    return _at(inputs, 0)


def _at(inputs: Inputs, position: int) -> Tensor:
    value = inputs[position]
    assert value is not None
    return value


def _optional(inputs: Inputs, position: int) -> Tensor | None:
    return inputs[position] if position < len(inputs) else None


def _symmetric_pads(attributes: Attributes) -> tuple[int, int]:
    pads = attributes.get("pads", [0, 0, 0, 0])
    if list(pads[:2]) != list(pads[2:]) or attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise ModelError("srfer's PyTorch engine pads both sides of a picture alike")
    return pads[0], pads[1]


def _conv(inputs: Inputs, attributes: Attributes) -> Tensor:
    kernel = _at(inputs, 1)
    return functional.conv2d(
        _first(inputs),
        kernel,
        _optional(inputs, 2),
        stride=attributes.get("strides", [1, 1]),
        padding=_symmetric_pads(attributes),
        dilation=attributes.get("dilations", [1, 1]),
        groups=attributes.get("group", 1),
    )


def _conv_transpose(inputs: Inputs, attributes: Attributes) -> Tensor:
    return functional.conv_transpose2d(
        _first(inputs),
        _at(inputs, 1),
        _optional(inputs, 2),
        stride=attributes.get("strides", [1, 1]),
        padding=_symmetric_pads(attributes),
        output_padding=attributes.get("output_padding", [0, 0]),
        groups=attributes.get("group", 1),
        dilation=attributes.get("dilations", [1, 1]),
    )


def _max_pool(inputs: Inputs, attributes: Attributes) -> Tensor:
    pooled: Tensor = functional.max_pool2d(
        _first(inputs),
        attributes["kernel_shape"],
        stride=attributes.get("strides", [1, 1]),
        padding=_symmetric_pads(attributes),
        ceil_mode=bool(attributes.get("ceil_mode", 0)),
    )
    return pooled


def _gemm(inputs: Inputs, attributes: Attributes) -> Tensor:
    left, right, bias = _first(inputs), _at(inputs, 1), _optional(inputs, 2)
    product: Tensor
    left = left.T if attributes.get("transA", 0) else left
    right = right.T if attributes.get("transB", 0) else right
    product = attributes.get("alpha", 1.0) * (left @ right)
    if bias is not None:
        product = product + attributes.get("beta", 1.0) * bias
    return product


def _resize(inputs: Inputs, attributes: Attributes) -> Tensor:
    how = attributes.get("mode"), attributes.get("nearest_mode")
    if how != ("nearest", "floor"):
        raise ModelError("srfer's PyTorch engine enlarges to the nearest pixel only")
    features = _first(inputs)
    sizes, scales = _optional(inputs, 3), _optional(inputs, 2)
    if sizes is not None and sizes.numel():
        size = _numbers(sizes)[2:]
    else:
        assert scales is not None
        pairs = zip(features.shape[2:], scales.tolist()[2:], strict=True)
        size = [int(axis * scale) for axis, scale in pairs]
    return functional.interpolate(features, size=size, mode="nearest")


def _slice(inputs: Inputs, _attributes: Attributes) -> Tensor:
    values, steps = _first(inputs), _optional(inputs, 4)
    starts, ends = _numbers(inputs[1]), _numbers(inputs[2])
    axes = _numbers(_optional(inputs, 3)) or list(range(len(starts)))
    where = [slice(None)] * values.ndim
    for position, axis in enumerate(axes):
        step = 1 if steps is None else _numbers(steps)[position]
        where[axis] = slice(starts[position], ends[position], step)
    return values[tuple(where)]


def _reshape(inputs: Inputs, attributes: Attributes) -> Tensor:
    values, wanted = _first(inputs), _numbers(inputs[1])
    if not attributes.get("allowzero", 0):
        wanted = [values.shape[i] if axis == 0 else axis for i, axis in enumerate(wanted)]
    return values.reshape(wanted)


def _expand(inputs: Inputs, _attributes: Attributes) -> Tensor:
    values, wanted = _first(inputs), _at(inputs, 1)
    if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        sizes: Any = list(wanted.unbind())
        return values * torch.ones(sizes, dtype=values.dtype, device=values.device)
    return values.expand(np.broadcast_shapes(tuple(values.shape), tuple(_numbers(inputs[1]))))


def _axes(inputs: Inputs, attributes: Attributes) -> list[int]:
    """In old opsets axes are an attribute, in new ones an input."""
    return list(attributes["axes"]) if "axes" in attributes else _numbers(_optional(inputs, 1))


def _unsqueeze(inputs: Inputs, attributes: Attributes) -> Tensor:
    values = _first(inputs)
    for axis in sorted(_axes(inputs, attributes)):
        values = values.unsqueeze(axis)
    return values


def _reduce_mean(inputs: Inputs, attributes: Attributes) -> Tensor:
    keep = bool(attributes.get("keepdims", 1))
    return _first(inputs).mean(dim=_axes(inputs, attributes), keepdim=keep)


def _prelu(inputs: Inputs, _attributes: Attributes) -> Tensor:
    values, slope = _first(inputs), _at(inputs, 1)
    return torch.where(values < 0, values * slope, values)


def _depth_to_space(inputs: Inputs, attributes: Attributes) -> Tensor:
    if attributes.get("mode") != "CRD":
        raise ModelError("srfer's PyTorch engine knows DepthToSpace in mode CRD only")
    return functional.pixel_shuffle(_first(inputs), attributes["blocksize"])


def _cast(inputs: Inputs, attributes: Attributes) -> Tensor:
    return _first(inputs).to(_TYPES[attributes["to"]])


def _gather(inputs: Inputs, attributes: Attributes) -> Tensor:
    values, chosen, axis = _first(inputs), _at(inputs, 1), attributes.get("axis", 0)
    taken = values.index_select(axis, chosen.reshape(-1))
    return taken.reshape((*values.shape[:axis], *chosen.shape, *values.shape[axis + 1 :]))


_OPERATIONS: Mapping[str, Operation] = {
    "Add": lambda i, _: _first(i) + _at(i, 1),
    "Cast": _cast,
    "Clip": lambda i, _: torch.clamp(_first(i), _optional(i, 1), _optional(i, 2)),
    "Concat": lambda i, a: torch.cat([value for value in i if value is not None], dim=a["axis"]),
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DepthToSpace": _depth_to_space,
    "Div": lambda i, _: _first(i) / _at(i, 1),
    "Expand": _expand,
    "Gather": _gather,
    "Gemm": _gemm,
    "Identity": lambda i, _: _first(i),
    "LeakyRelu": lambda i, a: functional.leaky_relu(_first(i), a.get("alpha", 0.01)),
    "Log": lambda i, _: torch.log(_first(i)),
    "MaxPool": _max_pool,
    "Mul": lambda i, _: _first(i) * _at(i, 1),
    "PRelu": _prelu,
    "Reciprocal": lambda i, _: torch.reciprocal(_first(i)),
    "ReduceMean": _reduce_mean,
    "Relu": lambda i, _: functional.relu(_first(i)),
    "Reshape": _reshape,
    "Resize": _resize,
    "Round": lambda i, _: torch.round(_first(i)),
    # As a tensor also where a graph is traced, or the traced one would serve one batch size only.
    "Shape": lambda i, _: torch._shape_as_tensor(_first(i)),
    "Sigmoid": lambda i, _: torch.sigmoid(_first(i)),
    "Slice": _slice,
    "Softmax": lambda i, a: torch.softmax(_first(i), dim=a.get("axis", -1)),
    "Sub": lambda i, _: _first(i) - _at(i, 1),
    "Transpose": lambda i, a: _first(i).permute(a["perm"]),
    "Unsqueeze": _unsqueeze,
}
