"""Files that no runtime should ever see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import srfer
from srfer.engines import read_form, read_model
from srfer.engines.onnx_file import LARGEST_BYTES
from srfer.errors import ModelError


def shipped() -> onnx.ModelProto:
    return onnx.load_from_string(read_model("srfer-base").data)


def test_the_form_of_a_file_is_what_onnx_reads() -> None:
    proto = shipped()
    form = read_form(proto.SerializeToString(), "it")
    for read, values in ((form.inputs, proto.graph.input), (form.outputs, proto.graph.output)):
        assert [tensor.name for tensor in read] == [value.name for value in values]
        for tensor, value in zip(read, values, strict=True):
            kind = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            assert tensor.dtype == kind.name
            assert len(tensor.shape) == len(value.type.tensor_type.shape.dim)
    assert str(form.inputs[0]) == "faces uint8 (N, 1, 48, 48)"
    assert form.metadata == {entry.key: entry.value for entry in proto.metadata_props}


def outside(proto: onnx.ModelProto) -> None:
    weight = proto.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../etc/passwd")


def outside_in_an_attribute(proto: onnx.ModelProto) -> None:
    value = numpy_helper.from_array(np.zeros(2, np.float32), "hidden")
    value.external_data.add(key="location", value="/etc/passwd")
    proto.graph.node.append(helper.make_node("Constant", [], ["hidden"], value=value))


def outside_in_a_branch(proto: onnx.ModelProto) -> None:
    value = numpy_helper.from_array(np.zeros(2, np.float32), "hidden")
    value.data_location = TensorProto.EXTERNAL
    result = helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [2])
    branch = helper.make_graph([], "branch", [], [result], [value])
    node = helper.make_node("If", ["c"], ["x"], then_branch=branch, else_branch=branch)
    proto.graph.node.append(node)


def foreign_operator(proto: onnx.ModelProto) -> None:
    proto.opset_import.add(domain="com.evil", version=1)


def foreign_node(proto: onnx.ModelProto) -> None:
    proto.graph.node[0].domain = "com.microsoft"


def function(proto: onnx.ModelProto) -> None:
    proto.functions.add(name="f")


def huge(proto: onnx.ModelProto) -> None:
    del proto.graph.initializer[0].dims[:]
    proto.graph.initializer[0].dims.extend([10**6, 10**6])


def negative(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = -1


def from_the_future(proto: onnx.ModelProto) -> None:
    proto.opset_import[0].version = 99


def another_output(proto: onnx.ModelProto) -> None:
    proto.graph.output.add().CopyFrom(proto.graph.output[0])
    proto.graph.output[-1].name = "identity"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (outside, "keeps data outside the file"),
        (outside_in_an_attribute, "keeps data outside the file"),
        (outside_in_a_branch, "keeps data outside the file"),
        (foreign_operator, "operators of 'com.evil'"),
        (foreign_node, "operators of 'com.microsoft'"),
        (function, "functions of its own"),
        (huge, "larger than the whole file"),
        (negative, "larger than the whole file"),
        (from_the_future, "wants opset 99"),
        (another_output, "has outputs probabilities, restored, identity"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_hostile_file_is_refused_before_a_session_is_made(
    change: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proto = shipped()
    assert callable(change)
    change(proto)
    path = tmp_path / "hostile.onnx"
    path.write_bytes(proto.SerializeToString())
    sessions: list[object] = []
    monkeypatch.setattr(
        "srfer.engines.backends.onnxruntime.onnxruntime.InferenceSession", sessions.append
    )
    with pytest.raises(ModelError, match=message):
        srfer.load(path)
    assert not sessions


def test_a_file_that_is_too_large_is_not_even_parsed() -> None:
    with pytest.raises(ModelError, match=r"big\.onnx is larger than 256 MB"):
        read_form(bytes(LARGEST_BYTES + 1), "big.onnx")


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"hello", b"\x08\x07" * 100, b"\x3a\xff\xff\xff\xff\x0f"]
)
def test_what_is_no_onnx_file_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"x\.onnx is no ONNX file"):
        read_form(content, "x.onnx")


def wrapped(content: bytes, field: int) -> bytes:
    """A protobuf field that holds a message."""
    size, length = len(content), b""
    while size > 127:
        length += bytes([size % 128 + 128])
        size //= 128
    return bytes([field * 8 + 2]) + length + bytes([size]) + content


def test_graphs_in_graphs_without_end_are_refused() -> None:
    """Nested deeper than any model, as a file would be that is meant to exhaust the stack."""
    for depth in (20, 2000):
        graph = b""
        for _ in range(depth):
            attribute = wrapped(graph, 6)
            graph = wrapped(wrapped(attribute, 5), 1)
        graph += wrapped(wrapped(b"x", 1), 12)
        data = wrapped(graph, 7)
        if depth == 20:
            assert read_form(data, "deep.onnx").outputs[0].name == "x"
        else:
            with pytest.raises(ModelError, match="no ONNX file, or damaged"):
                read_form(data, "deep.onnx")
