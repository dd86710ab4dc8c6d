"""Half precision and eight bits: the same form, the promised operators, nearly the same numbers."""

from __future__ import annotations

import collections
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from srfer.engines import ModelFile, Options, find_backend, read_form
from srfer.engines.check import fixed_faces
from srfer.engines.contract import Arrays
from srfer.engines.precision import RANGES_KEY, convert
from srfer.engines.spec import golden_feeds
from srfer.errors import EngineError, ModelError
from tests.engines.conftest import as_file


def run(data: bytes, feeds: Arrays) -> Arrays:
    return find_backend("cpu").open(ModelFile("it", data, ""), Options(), None).run(feeds)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_form_stays_and_the_graph_is_valid(ranged_model: ModelFile, precision: str) -> None:
    data = convert(ranged_model, precision)  # type: ignore[arg-type]
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    before, after = read_form(ranged_model.data, "it"), read_form(data, "it")
    assert before.inputs == after.inputs
    assert before.outputs == after.outputs


def test_single_precision_is_the_file_itself(ranged_model: ModelFile) -> None:
    assert convert(ranged_model, "fp32") == ranged_model.data


def element_types(data: bytes) -> dict[str, int]:
    proto = onnx.shape_inference.infer_shapes(onnx.load_from_string(data))
    known = {value.name: value.type.tensor_type.elem_type for value in proto.graph.value_info}
    return known | {weight.name: weight.data_type for weight in proto.graph.initializer}


def test_every_convolution_computes_in_half_precision(ranged_model: ModelFile) -> None:
    data = convert(ranged_model, "fp16")
    types = element_types(data)
    nodes = onnx.load_from_string(data).graph.node
    weighted = [node for node in nodes if node.op_type in ("Conv", "Gemm")]
    assert len(weighted) > 15
    for node in weighted:
        assert {types[name] for name in node.input} == {TensorProto.FLOAT16}
    casts = collections.Counter(node.op_type for node in nodes)["Cast"]
    assert casts <= 8  # half precision runs from one convolution to the next


def test_the_native_size_is_computed_in_single_precision(ranged_model: ModelFile) -> None:
    """Its logarithm and the temperatures decide about all probabilities."""
    data = convert(ranged_model, "fp16")
    types = element_types(data)
    for node in onnx.load_from_string(data).graph.node:
        if node.op_type in ("Log", "Clip", "Reciprocal"):
            assert types[node.output[0]] == TensorProto.FLOAT


def test_half_precision_is_close(ranged_model: ModelFile) -> None:
    right = run(ranged_model.data, golden_feeds())
    found = run(convert(ranged_model, "fp16"), golden_feeds())
    assert np.abs(right["probabilities"] - found["probabilities"]).max() < 5e-3
    assert np.abs(right["restored"].astype(int) - found["restored"]).max() <= 1


def test_eight_bits_are_symmetric_and_leave_biases_alone(ranged_model: ModelFile) -> None:
    proto = onnx.load_from_string(convert(ranged_model, "int8"))
    makers = {name: node for node in proto.graph.node for name in node.output}
    weights = {item.name: numpy_helper.to_array(item) for item in proto.graph.initializer}
    quantised = [
        node
        for node in proto.graph.node
        if node.op_type == "Conv"
        and node.input[0] in makers
        and makers[node.input[0]].op_type == "DequantizeLinear"
    ]
    ranges = next(e.value for e in proto.metadata_props if e.key == RANGES_KEY)
    assert len({node.input[0] for node in quantised}) == len(json.loads(ranges)) > 5
    for node in quantised:
        features, kernel = (makers[name] for name in node.input[:2])
        assert kernel.op_type == "DequantizeLinear"
        assert makers[features.input[0]].op_type == "QuantizeLinear"
        for pair in (features, kernel):
            assert not weights[pair.input[2]].any()
            assert weights[pair.input[2]].dtype == np.int8
        assert weights[kernel.input[0]].dtype == np.int8
        assert weights[kernel.input[0]].min() >= -127
        assert weights[kernel.input[1]].shape == weights[kernel.input[0]].shape[:1]
        assert makers.get(node.input[2], node).op_type != "DequantizeLinear"


def test_eight_bits_are_near(ranged_model: ModelFile) -> None:
    faces, sizes = fixed_faces(64)
    gains = np.ones(64, np.float32)
    feeds: Arrays = {"faces": faces[:, None], "native_px": sizes, "sr_gain": gains}
    right, found = run(ranged_model.data, feeds), run(convert(ranged_model, "int8"), feeds)
    differences = np.abs(right["probabilities"] - found["probabilities"]).max(axis=1)
    assert 1e-4 < differences.mean() < 0.03
    assert np.array_equal(right["restored"], found["restored"])  # super-resolution stays exact


def test_a_model_without_ranges_says_what_to_do(ranged_model: ModelFile) -> None:
    proto = onnx.load_from_string(ranged_model.data)
    del proto.metadata_props[:]
    with pytest.raises(ModelError, match=r"mine\.onnx holds no ranges for int8: export it"):
        convert(as_file(proto), "int8")


def test_a_missing_package_is_named(
    ranged_model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(EngineError, match=r"needs the package onnx .* pip install 'srfer.engines"):
        convert(ranged_model, "fp16")


def test_enlarging_keeps_its_scales_in_single_precision() -> None:
    """ONNX allows no others."""
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")
    kernel = numpy_helper.from_array(np.ones((1, 1, 1, 1), np.float32), "kernel")
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["y"]),
        helper.make_node("Resize", ["y", "", "scales"], ["z"], mode="nearest"),
        helper.make_node("Identity", ["z"], ["out"]),
    ]
    shape: list[str | int | None] = ["n", 1, "h", "w"]
    graph = helper.make_graph(
        nodes,
        "enlarge",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
        [scales, kernel],
    )
    model = as_file(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]))
    data = convert(model, "fp16")
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    pictures = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
    assert np.array_equal(run(data, {"x": pictures})["out"], pictures.repeat(2, 2).repeat(2, 3))
