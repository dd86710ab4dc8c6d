"""Super-resolution is run for the faces that want it alone, and no number shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

import srfer
from srfer.engines import FACE_PX, ModelFile, Options, Session, open_session, read_model
from srfer.engines.contract import Arrays
from srfer.engines.registry import PROCESSORS, find_backend
from srfer.engines.sparing import SparingSession
from srfer.engines.spec import OUTPUTS, expression_shapes
from srfer.engines.unrestored import without_restoring
from tests.engines.conftest import as_file

SHIPPED = read_model("srfer-base")


def opened(file: ModelFile) -> Session:
    """On ONNX Runtime's processor."""
    options = Options(shapes=expression_shapes(32))
    return open_session(find_backend("cpu"), file, options, pytest.fail)


def rest_of(file: ModelFile) -> ModelFile:
    """The file without super-resolution, which can be taken out."""
    rest = without_restoring(file)
    assert rest is not None
    return rest


def feeds_of(count: int, gains: list[float]) -> dict[str, NDArray[Any]]:
    """Noise of all sizes; the gains are repeated."""
    random = np.random.default_rng(count)
    return {
        "faces": random.integers(0, 256, (count, 1, FACE_PX, FACE_PX), np.uint8),
        "native_px": random.uniform(5, 300, count).astype(np.float32),
        "sr_gain": np.resize(np.asarray(gains, np.float32), count),
    }


class Watched:
    """A session that notes the sizes of the faces that it was given."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.sizes: list[list[float]] = []

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        self.sizes.append(feeds["native_px"].tolist())
        return self._session.run(feeds)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 17, 32])
def test_without_restoring_all_numbers_are_those_of_gain_0(count: int) -> None:
    feeds = feeds_of(count, [0.0])
    expected = opened(SHIPPED).run(feeds)
    del feeds["sr_gain"]
    found = opened(rest_of(SHIPPED)).run(feeds)
    assert list(found) == list(OUTPUTS)
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name
    assert np.array_equal(found["restored"], feeds["faces"])


def test_the_network_that_restores_is_gone() -> None:
    whole, rest = (onnx.load_from_string(file.data) for file in (SHIPPED, rest_of(SHIPPED)))
    onnx.checker.check_model(rest, full_check=True)
    assert [value.name for value in rest.graph.input] == ["faces", "native_px"]
    convolutions = [sum(n.op_type == "Conv" for n in one.graph.node) for one in (whole, rest)]
    assert convolutions == [20, 14]
    assert len(rest.graph.initializer) < len(whole.graph.initializer)


def test_a_file_is_left_alone_where_the_gain_does_something_else() -> None:
    proto = onnx.load_from_string(SHIPPED.data)
    last = next(node for node in proto.graph.node if "probabilities" in node.output)
    last.output[0] = "before"
    proto.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["sr_gain"], ["most"], keepdims=1),
            helper.make_node("Sub", ["before", "most"], ["probabilities"]),
        ]
    )
    assert without_restoring(as_file(proto)) is None


def test_a_file_is_left_alone_where_a_branch_may_read_the_gain() -> None:
    gains = helper.make_tensor_value_info("then", TensorProto.FLOAT, ["batch"])
    branch = helper.make_graph(
        [helper.make_node("Identity", ["sr_gain"], ["then"])], "one", [], [gains]
    )
    proto = onnx.load_from_string(SHIPPED.data)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    proto.graph.node.extend(
        [
            helper.make_node("Constant", [], ["yes"], value=yes),
            helper.make_node("If", ["yes"], ["unused"], then_branch=branch, else_branch=branch),
        ]
    )
    assert without_restoring(as_file(proto)) is None


def test_each_face_goes_where_it_belongs_and_comes_back_in_its_place() -> None:
    whole, rest = Watched(opened(SHIPPED)), Watched(opened(rest_of(SHIPPED)))
    feeds = feeds_of(7, [1.0, 0.0, 0.0])
    found = SparingSession(whole, rest).run(feeds)
    expected = opened(SHIPPED).run(feeds)
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name
        assert found[name].dtype == values.dtype
    wants = feeds["sr_gain"] == 1
    assert whole.sizes == [feeds["native_px"][wants].tolist()]
    assert rest.sizes == [feeds["native_px"][~wants].tolist()]


@pytest.mark.parametrize(("gain", "runs"), [(1.0, [1, 0]), (0.0, [0, 1])])
def test_a_batch_of_one_kind_is_not_divided(gain: float, runs: list[int]) -> None:
    sessions = Watched(opened(SHIPPED)), Watched(opened(rest_of(SHIPPED)))
    SparingSession(*sessions).run(feeds_of(5, [gain]))
    assert [len(one.sizes) for one in sessions] == runs


@pytest.mark.parametrize("device", PROCESSORS)
def test_a_large_face_is_read_as_it_is(device: str) -> None:
    if (reason := find_backend(device).why_not()) is not None:
        pytest.skip(reason)
    model = srfer.load(device=device)
    face = feeds_of(1, [0.0])["faces"][0, 0]
    small, large, plain = (
        model.classify(face, [size], use_sr=use_sr)[0]
        for size, use_sr in ((127.9, True), (128.0, True), (128.0, False))
    )
    assert small.restored is not None
    assert not np.array_equal(small.restored, face)
    assert large.restored is not None
    assert np.array_equal(large.restored, face)
    assert np.array_equal(large.probabilities, plain.probabilities)
    assert large.expected_accuracy == model.spec.accuracy_without_sr.at(128)
    assert small.expected_accuracy == model.spec.accuracy.at(127.9)
