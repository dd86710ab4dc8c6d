"""The check of engines notices what it is there for."""

from __future__ import annotations

import numpy as np
import pytest

import srfer
from srfer.engines import LABELS, Model, registry
from srfer.engines.backends.onnxruntime import OnnxRuntimeBackend
from srfer.engines.check import (
    BATCHES,
    TOLERANCES,
    Candidate,
    check_engines,
    fixed_faces,
    gemm_peak_gflops,
    measure_agreement,
    measure_speed,
)
from tests.spoiled import Answers, spoiled


@pytest.fixture(scope="module")
def model() -> Model:
    return srfer.load(device="cpu")


def test_the_fixed_faces_are_fixed_and_not_all_alike(model: Model) -> None:
    faces, sizes = fixed_faces(128)
    assert faces.shape == (128, 48, 48)
    assert faces.dtype == np.uint8
    again, _ = fixed_faces(130)
    assert np.array_equal(faces, again[:128])
    assert {8.0, 48.0} < set(sizes.tolist())
    labels = {reading.label for reading in model.classify(list(faces), list(sizes))}
    assert len(labels) >= 5
    assert labels <= set(LABELS)


def test_an_engine_agrees_with_itself(model: Model) -> None:
    found = measure_agreement(model, model, *fixed_faces(32))
    assert (found.largest, found.mean, found.same_labels, found.faces) == (0, 0, 1, 32)
    assert found.is_within(TOLERANCES["fp32"])


def shift(answers: Answers) -> None:
    answers["probabilities"][:, 0] += 0.002


def swap(answers: Answers) -> None:
    answers["probabilities"] = answers["probabilities"][:, ::-1].copy()


def one_nan(answers: Answers) -> None:
    answers["probabilities"][0, 0] = np.nan


@pytest.mark.parametrize("change", [shift, swap, one_nan])
def test_an_engine_that_is_off_is_found_out(model: Model, change: object) -> None:
    assert callable(change)
    found = measure_agreement(spoiled(model, change), model, *fixed_faces(32))
    assert not found.is_within(TOLERANCES["fp32"])
    assert not Candidate("cpu", "fp32", model, found).is_right


def test_only_what_was_asked_for_is_checked() -> None:
    found = list(
        check_engines("srfer-base", *fixed_faces(16), devices=["openvino"], precisions=["fp32"])
    )
    assert [(one.device, one.precision) for one in found] == [("openvino", "fp32")]
    assert found[0].is_right


def test_what_cannot_be_used_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = OnnxRuntimeBackend("gpu", "NoSuchProvider", "buy one")
    monkeypatch.setattr(registry, "BACKENDS", (absent, *registry.BACKENDS))
    found = list(check_engines("srfer-base", *fixed_faces(8), devices=["gpu"]))
    assert [one.precision for one in found] == ["fp32", "int8"]
    for one in found:
        assert one.model is None
        assert not one.is_right
        assert "buy one" in one.reason


def test_speed_is_measured_at_every_batch(model: Model) -> None:
    (speed,) = measure_speed([model], rounds=2)
    assert tuple(speed.ms_per_face) == BATCHES
    assert min(speed.ms_per_face.values()) > 0
    assert speed.faces_per_s == pytest.approx(1000 / min(speed.ms_per_face.values()))
    assert speed.share_of_peak == pytest.approx(speed.gflops / speed.gemm_gflops)
    assert gemm_peak_gflops() > 0
