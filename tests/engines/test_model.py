"""The shipped model through the public door."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

import srfer
from srfer.engines import (
    LABELS,
    Curve,
    Expression,
    Model,
    ModelFile,
    Options,
    read_model,
    registry,
    shipped,
)
from srfer.engines.backends.onnxruntime import OnnxRuntimeBackend
from srfer.engines.spec import check_golden, golden_feeds, parse_spec
from srfer.errors import ConfigError, EngineError, ModelError
from tests.spoiled import Answers, spoiled


@pytest.fixture(scope="module")
def model() -> Model:
    """The model that comes with srfer."""
    return srfer.load()


def picture(*shape: int) -> NDArray[np.uint8]:
    """A smooth uint8 picture of the given shape."""
    grid = np.indices(shape).astype(float)
    waves = 127 + 60 * np.sin(grid[0] / 5) + 60 * np.cos(grid[1] / 7)
    return np.asarray(waves, np.uint8)


def test_any_crop_is_read(model: Model) -> None:
    shapes = [(48, 48), (8, 8), (9, 17), (200, 160), (48, 48, 1), (20, 20, 3), (1, 1)]
    readings = model.classify([picture(*shape) for shape in shapes])
    for shape, reading in zip(shapes, readings, strict=True):
        assert reading.probabilities.shape == (8,)
        assert float(reading.probabilities.sum()) == pytest.approx(1, abs=1e-5)
        assert reading.label in LABELS
        assert reading.native_px == shape[0]
        assert reading.restored is not None
        assert reading.restored.shape == (48, 48)


def test_one_crop_is_a_list_of_one(model: Model) -> None:
    for shape in [(30, 30), (30, 30, 1), (30, 30, 3)]:
        assert len(model.classify(picture(*shape))) == 1
    assert len(model.classify(np.stack([picture(30, 30)] * 5))) == 5
    assert len(model.classify(np.stack([picture(30, 30, 3)] * 5))) == 5
    assert model.classify([]) == []


def test_gray_and_equal_rgb_give_the_same(model: Model) -> None:
    gray = picture(40, 40)
    one, other = model.classify([gray, np.stack([gray] * 3, axis=2)])
    assert np.allclose(one.probabilities, other.probabilities, atol=1e-3)


def test_a_batch_gives_what_single_crops_give(model: Model) -> None:
    crops = [picture(size, size) for size in range(8, 90)]  # more than one engine batch
    batch = model.classify(crops)
    for index in (0, 31, 32, 81):
        single = model.classify(crops[index])[0]
        assert np.allclose(single.probabilities, batch[index].probabilities, atol=1e-5)


def test_a_face_says_the_same_in_every_batch() -> None:
    """To the last bit, on ONNX Runtime's processor: how frames gather changes no result."""
    model = srfer.load(device="cpu")
    random = np.random.default_rng(0)
    faces = random.integers(0, 256, (40, 48, 48), dtype=np.uint8)
    sizes = random.uniform(6, 96, 40).astype(np.float32)
    alone = [model.read_faces(faces[i : i + 1], sizes[i : i + 1])[0] for i in range(40)]
    for count in (2, 3, 4, 5, 7, 8, 16, 40):
        for start in range(0, 40, count):
            several = slice(start, start + count)
            read = model.read_faces(faces[several], sizes[several])
            for one, other in zip(alone[several], read, strict=True):
                assert one is not None
                assert other is not None
                assert np.array_equal(one.probabilities, other.probabilities)
                assert one.restored is not None
                assert other.restored is not None
                assert np.array_equal(one.restored, other.restored)


def test_the_native_size_can_be_given(model: Model) -> None:
    enlarged = picture(48, 48)
    small, large = model.classify([enlarged, enlarged], native_px=[10, 48])
    assert small.native_px == 10
    assert small.expected_accuracy < large.expected_accuracy
    assert not np.allclose(small.probabilities, large.probabilities)


def test_super_resolution_can_be_switched_off(model: Model) -> None:
    crop = picture(12, 12)
    with_sr, without = model.classify(crop)[0], model.classify(crop, use_sr=False)[0]
    assert with_sr.restored is not None
    assert without.restored is not None
    assert not np.array_equal(with_sr.restored, without.restored)


@pytest.mark.parametrize(
    ("crops", "message"),
    [
        ([np.zeros((4, 4))], "uint8 array, not float64"),
        ([np.zeros((4, 4, 2), np.uint8)], r"\(H, W, 3\), not \(4, 4, 2\)"),
        ([np.zeros((0, 4), np.uint8)], "empty"),
        (["face.png"], "uint8 array, not str"),
        ([np.zeros(4, np.uint8)], r"not \(4,\)"),
        (np.zeros((9, 9, 4), np.uint8), r"not \(9, 9, 4\)"),
        (None, "crops must be arrays, not NoneType"),
    ],
)
def test_a_wrong_crop_is_named(model: Model, crops: list[NDArray[np.uint8]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        model.classify(crops)


def test_native_sizes_must_fit(model: Model) -> None:
    with pytest.raises(ConfigError, match="1 crops but 2 native sizes"):
        model.classify(picture(9, 9), native_px=[1, 2])
    for wrong in (float("nan"), -1.0, 0.0, 1e300):
        with pytest.raises(ConfigError, match="between 0 and"):
            model.classify(picture(9, 9), native_px=[wrong])
    with pytest.raises(ConfigError, match="must be numbers"):
        model.classify(picture(9, 9), native_px=["big"])  # type: ignore[list-item]


def make_one_nan(answers: Answers) -> None:
    answers["probabilities"][1, 3] = np.nan


def drop_a_column(answers: Answers) -> None:
    answers["probabilities"] = answers["probabilities"][:, :7]


def test_numbers_that_are_not_finite_are_never_passed_on(model: Model) -> None:
    broken = spoiled(model, make_one_nan)
    faces = np.stack([picture(48, 48)] * 3)
    readings = broken.read_faces(faces, np.full(3, 20, np.float32))
    assert [reading is None for reading in readings] == [False, True, False]
    with pytest.raises(EngineError, match="not finite"):
        broken.classify(list(faces))


def test_outputs_of_another_shape_are_refused(model: Model) -> None:
    broken = spoiled(model, drop_a_column)
    with pytest.raises(EngineError, match="another shape"):
        broken.classify([picture(48, 48)] * 2)


@pytest.mark.parametrize(
    ("faces", "sizes", "message"),
    [
        (np.zeros((2, 40, 48), np.uint8), np.ones(2, np.float32), r"not \(2, 40, 48\) uint8"),
        (np.zeros((2, 48, 48), np.float32), np.ones(2, np.float32), r"not \(2, 48, 48\) float32"),
        (np.zeros((48, 48), np.uint8), np.ones(1, np.float32), r"not \(48, 48\) uint8"),
        (np.zeros((2, 48, 48), np.uint8), np.ones(3, np.float32), r"\(2,\) float32, not \(3,\)"),
        (np.zeros((2, 48, 48), np.uint8), np.ones(2), r"float32, not \(2,\) float64"),
        (np.zeros((1, 48, 48), np.uint8), np.full(1, np.nan, np.float32), "between 0 and"),
        (np.zeros((1, 48, 48), np.uint8), np.full(1, -1, np.float32), "between 0 and"),
    ],
)
def test_wrong_faces_never_reach_a_runtime(
    model: Model, faces: NDArray[Any], sizes: NDArray[Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        model.read_faces(faces, sizes)


def test_no_faces_no_readings(model: Model) -> None:
    assert model.read_faces(np.zeros((0, 48, 48), np.uint8), np.zeros(0, np.float32)) == []


def test_auto_goes_on_where_a_device_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that is not in this build stands for a GPU whose driver is broken."""

    class Broken(OnnxRuntimeBackend):
        def why_not(self) -> None:
            return None

    broken = Broken("gpu", "NoSuchExecutionProvider", "")
    monkeypatch.setattr(registry, "BACKENDS", (broken, *registry.BACKENDS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # onnxruntime warns of the unknown provider
        loaded = srfer.load()
        with pytest.raises(ModelError, match="cannot be loaded"):
            srfer.load(device="gpu")
    assert "on cpu" in loaded.description
    (note,) = loaded.notes
    assert note.startswith("gpu: ")


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"no device 'tpu': choose auto, .*cuda"):
        srfer.load(device="tpu")
    with pytest.raises(EngineError, match=r"no device can run srfer-base\.onnx .directml"):
        srfer.load(device="directml")


def test_a_missing_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"no model 'nope'.*srfer-base"):
        srfer.load("nope")


def test_a_shipped_model_is_what_its_index_says(tmp_path: Path) -> None:
    for name, digest in shipped().items():
        assert read_model(name).sha256 == digest
        assert len(read_model(name).data) <= 5_000_000


def change(data: bytes, how: str) -> bytes:
    """A copy of a model file with one thing wrong."""
    proto = onnx.load_from_string(data)
    if how == "weight":
        weight = max(proto.graph.initializer, key=lambda item: len(item.raw_data))
        values = np.frombuffer(weight.raw_data, np.float16) * np.float16(1.5)
        weight.raw_data = values.tobytes()
    elif how == "no description":
        del proto.metadata_props[:]
    elif how == "labels":
        proto.metadata_props[0].value = proto.metadata_props[0].value.replace("fear", "awe")
    elif how == "format":
        proto.metadata_props[0].value = proto.metadata_props[0].value.replace(
            '"format": 1', '"format": 9'
        )
    elif how == "json":
        proto.metadata_props[0].value = "{"
    elif how == "missing field":
        proto.metadata_props[0].value = proto.metadata_props[0].value.replace('"macs"', '"mac"')
    elif how == "fixed batch":
        for value in (*proto.graph.input, *proto.graph.output):
            value.type.tensor_type.shape.dim[0].dim_value = 4
    elif how == "output name":
        proto.graph.output[0].name = "restored2"
        proto.graph.node[-1].output[0] = "restored2"
    return bytes(proto.SerializeToString())


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("weight", "fails its self-test"),
        ("no description", "not a srfer model"),
        ("labels", "has labels"),
        ("format", "model format 9"),
        ("json", "damaged description"),
        ("missing field", "damaged description"),
        ("output name", "mine.onnx"),
        ("fixed batch", "faces uint8 .4, 1, 48, 48. should be"),
    ],
)
def test_a_changed_model_is_refused(tmp_path: Path, how: str, message: str) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(change(read_model("srfer-base").data, how))
    with pytest.raises(ModelError, match=message):
        srfer.load(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x07" * 100])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.onnx"):
        srfer.load(path)


def test_a_model_of_one_s_own_is_loaded_by_path(tmp_path: Path, model: Model) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(read_model("srfer-base").data)
    assert srfer.load(path).spec == model.spec


def test_the_golden_answers_have_to_be_there(model: Model) -> None:
    backend = OnnxRuntimeBackend("cpu", "CPUExecutionProvider", "")
    session = backend.open(read_model("srfer-base"), Options(), None)
    answers = session.run(golden_feeds())["probabilities"]
    check_golden(model.spec, answers, "it")
    with pytest.raises(ModelError, match="no golden answers"):
        check_golden(dataclasses.replace(model.spec, golden=()), answers, "it")
    with pytest.raises(ModelError, match="self-test"):
        check_golden(model.spec, answers * np.float32("nan"), "it")


def test_descriptions_survive_a_round_trip(model: Model) -> None:
    assert parse_spec({"srfer": model.spec.to_json()}, "it") == model.spec


def test_readings_cannot_be_changed(model: Model) -> None:
    reading = model.classify(picture(9, 9))[0]
    assert reading.restored is not None
    for array in (reading.probabilities, reading.restored):
        assert array.base is None  # no view that keeps a batch alive
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"probabilities": np.zeros(7, np.float32)},
        {"probabilities": np.full(8, np.nan, np.float32)},
        {"native_px": 0.0},
        {"native_px": float("nan")},
        {"restored": np.zeros((48, 48))},
        {"restored": np.zeros((9, 9), np.uint8)},
    ],
)
def test_an_impossible_reading_cannot_be_made(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"probabilities": np.full(8, 0.125, np.float32), "native_px": 9.0}
    Expression(**right, expected_accuracy=0.5)
    with pytest.raises(ValueError, match="must"):
        Expression(**right | wrong, expected_accuracy=0.5)


def test_reprs_are_short(model: Model) -> None:
    assert len(repr(ModelFile("a.onnx", b"x" * 1000, "0" * 64))) < 100
    assert "Expression('" in repr(model.classify(picture(9, 9))[0])


def test_curves_are_linear_between_and_flat_beyond() -> None:
    curve = Curve((8.0, 16.0), (0.5, 0.7))
    assert [curve.at(px) for px in (2, 8, 12, 16, 90)] == pytest.approx([0.5, 0.5, 0.6, 0.7, 0.7])
    with pytest.raises(ValueError, match="increase"):
        Curve((8.0, 8.0), (0.5, 0.7))
