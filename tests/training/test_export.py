"""From torch to the file that srfer runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import srfer
from srfer.training.data import FaceSet, load_faces
from srfer.training.export import Provenance, export_model
from srfer.training.job import train_and_export
from srfer.training.networks import build_cascade, fold
from srfer.training.train import RunOptions

from .toy import toy_recipe, write_toy_data


@pytest.fixture(scope="module")
def validation(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """Toy validation faces."""
    return load_faces(write_toy_data(tmp_path_factory.mktemp("data") / "toy.npz"), "validation")


def test_folding_changes_nothing_borders_included() -> None:
    torch.manual_seed(4)
    network = build_cascade("unshuffle", "residual")
    torch.nn.init.normal_(network.sr.tail.weight, std=0.05)  # type: ignore[arg-type, union-attr]
    faces = torch.rand(4, 1, 48, 48)
    sizes, gain = torch.tensor([8.0, 16.0, 24.0, 48.0]), torch.ones(4)
    for _ in range(3):
        network(faces, sizes, gain)  # moves the running statistics off their start
    network.eval()
    folded = fold(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    with torch.no_grad():
        expected, found = network(faces, sizes, gain), folded(faces, sizes, gain)
    assert torch.allclose(expected.logits, found.logits, atol=1e-5)
    assert torch.allclose(expected.restored, found.restored, atol=1e-5)


def test_a_trained_model_runs_as_it_was_measured(tmp_path: Path) -> None:
    data = write_toy_data(tmp_path / "toy.npz")
    files = train_and_export(toy_recipe(), data, RunOptions(tmp_path / "run"), "1.2.3")
    assert files is not None
    model = srfer.load(files.model)
    assert model.spec == files.exported.spec
    assert (model.spec.name, model.spec.version) == ("toy", "1.2.3")
    validation = load_faces(data, "validation")
    readings = model.classify(list(validation.images[:, 0].numpy()))
    labels = np.array([reading.probabilities.argmax() for reading in readings])
    accuracy = float((labels == validation.majority.numpy()).mean())
    assert accuracy == pytest.approx(model.spec.accuracy.at(48), abs=1e-3)
    assert b"site-packages" not in files.model.read_bytes()
    assert srfer.load(files.model, "cpu", precision="int8").spec == model.spec
    card = files.card.read_text()
    assert "toy 1.2.3" in card
    assert f"{100 * accuracy:.1f}" in card


def test_calibration_makes_confidence_honest(validation: FaceSet, tmp_path: Path) -> None:
    torch.manual_seed(5)
    network = build_cascade("unshuffle", "residual").eval()
    with torch.no_grad():
        network.fer.classifier.weight.mul_(50)
    exported = export_model(
        network,
        validation,
        Provenance(name="sure", version="1", recipe="none", training_data="toys"),
    )
    assert max(exported.spec.temperature.values) > 2
    (tmp_path / "sure.onnx").write_bytes(exported.data)
    readings = srfer.load(tmp_path / "sure.onnx").classify(list(validation.images[:, 0].numpy()))
    assert float(np.mean([reading.confidence for reading in readings])) < 0.5
