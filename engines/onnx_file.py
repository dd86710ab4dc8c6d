"""What an ONNX file says it is, read before any runtime sees it.

Runtimes are large parsers written in C++, so what is hostile or foreign is refused here first: data
outside the file, operators that are not ONNX's own, tensors larger than the file. The file is read
with protobuf, which every ONNX Runtime brings along, and the few fields of ONNX's schema that
matter, since the `onnx` package would be a tenth of the whole installation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from srfer.errors import ModelError

LARGEST_BYTES = 256 * 2**20
NEWEST_OPSET = 25
ONNX_DOMAINS = ("", "ai.onnx")
_EXTERNAL = 1
"""TensorProto.DataLocation.EXTERNAL."""

DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
}
"""ONNX's numbers of element types, and NumPy's names."""

_Field = tuple[str, int, str, bool]
"""Name, number, type, and whether it is repeated."""

_SCHEMA: dict[str, tuple[_Field, ...]] = {
    "ModelProto": (
        ("graph", 7, "GraphProto", False),
        ("opset_import", 8, "OperatorSetIdProto", True),
        ("metadata_props", 14, "StringStringEntryProto", True),
        ("functions", 25, "FunctionProto", True),
    ),
    "OperatorSetIdProto": (("domain", 1, "string", False), ("version", 2, "int64", False)),
    "StringStringEntryProto": (("key", 1, "string", False), ("value", 2, "string", False)),
    "FunctionProto": (("name", 1, "string", False),),
    "GraphProto": (
        ("node", 1, "NodeProto", True),
        ("initializer", 5, "TensorProto", True),
        ("input", 11, "ValueInfoProto", True),
        ("output", 12, "ValueInfoProto", True),
        ("value_info", 13, "ValueInfoProto", True),
        ("sparse_initializer", 15, "SparseTensorProto", True),
    ),
    "NodeProto": (
        ("input", 1, "string", True),
        ("output", 2, "string", True),
        ("op_type", 4, "string", False),
        ("attribute", 5, "AttributeProto", True),
        ("domain", 7, "string", False),
    ),
    "AttributeProto": (
        ("t", 5, "TensorProto", False),
        ("g", 6, "GraphProto", False),
        ("tensors", 10, "TensorProto", True),
        ("graphs", 11, "GraphProto", True),
        ("sparse_tensor", 22, "SparseTensorProto", False),
    ),
    "TensorProto": (
        ("dims", 1, "int64", True),
        ("data_type", 2, "int32", False),
        ("name", 8, "string", False),
        ("external_data", 13, "StringStringEntryProto", True),
        ("data_location", 14, "int32", False),
    ),
    "SparseTensorProto": (("values", 1, "TensorProto", False),),
    "ValueInfoProto": (("name", 1, "string", False), ("type", 2, "TypeProto", False)),
    "TypeProto": (("tensor_type", 1, "TensorType", False),),
    "TensorType": (("elem_type", 1, "int32", False), ("shape", 2, "TensorShapeProto", False)),
    "TensorShapeProto": (("dim", 1, "Dimension", True),),
    "Dimension": (("dim_value", 1, "int64", False), ("dim_param", 2, "string", False)),
}


@dataclass(frozen=True, slots=True)
class TensorForm:
    """An input or output of a graph.

    Attributes:
        name: of the tensor.
        dtype: of its elements, as NumPy calls it; "" if it is none of `DTYPES`.
        shape: its axes; None where any length will do.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        axes = ", ".join("N" if axis is None else str(axis) for axis in self.shape)
        return f"{self.name} {self.dtype or 'of another type'} ({axes})"


@dataclass(frozen=True, slots=True)
class OnnxForm:
    """What goes into a graph and what comes out.

    Attributes:
        inputs: in the file's order.
        outputs: in the file's order.
        metadata: entries of the file, without meaning to ONNX.
    """

    inputs: tuple[TensorForm, ...]
    outputs: tuple[TensorForm, ...]
    metadata: dict[str, str]


def read_form(data: bytes, name: str) -> OnnxForm:
    """Read what an ONNX file takes, gives and says about itself.

    Args:
        data: the file.
        name: of the file, for messages.

    Raises:
        ModelError: if it is no ONNX file, or one that srfer does not trust.
    """
    model = parse(data, name)
    _require_text(model, name)
    _refuse_foreign(model, name)
    for tensor in _tensors(model.graph):
        _refuse_tensor(tensor, len(data), name)
    weights = {tensor.name for tensor in model.graph.initializer}
    return OnnxForm(
        inputs=tuple(_form(value) for value in model.graph.input if value.name not in weights),
        outputs=tuple(_form(value) for value in model.graph.output),
        metadata={entry.key: entry.value for entry in model.metadata_props},
    )


def parse(data: bytes, name: str) -> Any:
    """Read an ONNX file as a protobuf message with the fields of `_SCHEMA`.

    All other fields are kept, and written again by its `SerializeToString`.

    Args:
        data: the file.
        name: of the file, for messages.

    Raises:
        ModelError: if it is no ONNX file, or one with no graph.
    """
    if len(data) > LARGEST_BYTES:
        raise ModelError(f"{name} is larger than {LARGEST_BYTES // 2**20} MB")
    model = _message("ModelProto")()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError):
        raise ModelError(f"{name} is no ONNX file, or damaged") from None
    if not model.graph.node or not model.graph.output:
        raise ModelError(f"{name} is no ONNX file: it has no graph")
    return model


def _require_text(model: Any, name: str) -> None:
    """Names that are no UTF-8 come out of protobuf as bytes, and no runtime takes them."""
    graph = model.graph
    names: set[Any] = {item.domain for item in model.opset_import}
    names |= {text for entry in model.metadata_props for text in (entry.key, entry.value)}
    names |= {value.name for value in (*graph.input, *graph.output, *_tensors(graph))}
    names |= {node.domain for inner in _graphs(graph) for node in inner.node}
    if not all(isinstance(text, str) for text in names):
        raise ModelError(f"{name} is damaged: it has names that are no text; copy it again")


def _refuse_foreign(model: Any, name: str) -> None:
    """Only ONNX's own operators, in versions that are known."""
    domains = {item.domain for item in model.opset_import}
    domains |= {node.domain for graph in _graphs(model.graph) for node in graph.node}
    foreign = sorted(domains.difference(ONNX_DOMAINS))
    if foreign or model.functions:
        what = f"operators of {foreign[0]!r}" if foreign else "functions of its own"
        raise ModelError(f"{name} uses {what}: srfer runs only ONNX's own operators")
    for item in model.opset_import:
        if not 1 <= item.version <= NEWEST_OPSET:
            raise ModelError(f"{name} wants opset {item.version}; srfer knows 1 to {NEWEST_OPSET}")


def _refuse_tensor(tensor: Any, file_size: int, name: str) -> None:
    if tensor.external_data or tensor.data_location == _EXTERNAL:
        raise ModelError(f"{name} keeps data outside the file: srfer reads only what is in it")
    if any(axis < 0 for axis in tensor.dims) or math.prod(tensor.dims) > 8 * file_size:
        raise ModelError(f"{name} says that a tensor is larger than the whole file")


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph and all graphs in the attributes of its nodes."""
    yield graph
    for attribute in _attributes(graph):
        for inner in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
            yield from _graphs(inner)


def _tensors(graph: Any) -> Iterator[Any]:
    for inner in _graphs(graph):
        yield from inner.initializer
        yield from (sparse.values for sparse in inner.sparse_initializer)
        for attribute in _attributes(inner):
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("sparse_tensor"):
                yield attribute.sparse_tensor.values


def _attributes(graph: Any) -> Iterable[Any]:
    return (attribute for node in graph.node for attribute in node.attribute)


def _form(value: Any) -> TensorForm:
    tensor = value.type.tensor_type
    shape = tuple(
        int(axis.dim_value) if axis.HasField("dim_value") else None for axis in tensor.shape.dim
    )
    return TensorForm(value.name, DTYPES.get(tensor.elem_type, ""), shape)


@cache
def _message(name: str) -> Any:
    """The class of a message of `_SCHEMA`. Fields that are not in it are kept as they are."""
    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {
        "string": kinds.TYPE_STRING,
        "int32": kinds.TYPE_INT32,
        "int64": kinds.TYPE_INT64,
    }
    file = descriptor_pb2.FileDescriptorProto(
        name="srfer_onnx.proto", package="srfer_onnx", syntax="proto2"
    )
    for message, fields in _SCHEMA.items():
        described = file.message_type.add(name=message)
        for field, number, kind, is_repeated in fields:
            added = described.field.add(name=field, number=number)
            added.label = kinds.LABEL_REPEATED if is_repeated else kinds.LABEL_OPTIONAL
            added.type = scalars.get(kind, kinds.TYPE_MESSAGE)
            if kind not in scalars:
                added.type_name = f".srfer_onnx.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"srfer_onnx.{name}"))
