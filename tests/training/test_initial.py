"""Starting from trained weights: the same function as before, or a clear refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from srfer.engines import read_model
from srfer.errors import TrainingError
from srfer.training.checkpoint import save_checkpoint
from srfer.training.initial import Beginning, find_weights, read_folded, start_from
from srfer.training.networks import Cascade, build_cascade, fold

FACES = torch.rand(24, 1, 48, 48, generator=torch.Generator().manual_seed(3))
SIZES = torch.full((24,), 16.0)
GAIN = torch.ones(24)


def trained(sr: str = "unshuffle", fer: str = "residual") -> Cascade:
    """A network whose batch norms have statistics of their own, in eval mode."""
    torch.manual_seed(5)
    network = build_cascade(sr, fer)
    torch.nn.init.normal_(network.get_parameter("sr.tail.weight"), std=0.1)
    with torch.no_grad():
        for _ in range(3):
            network(FACES, SIZES, GAIN)
    return network.eval()


def answers(network: Cascade) -> torch.Tensor:
    network.eval()
    with torch.no_grad():
        logits: torch.Tensor = network(FACES, SIZES, GAIN).logits
    return logits


@pytest.mark.parametrize("fer", ["residual", "vgg13"])
def test_unfolding_gives_the_same_function_with_norms(fer: str) -> None:
    source = trained(fer=fer)
    fresh = build_cascade("unshuffle", fer)
    start_from(fresh, fold(source).state_dict(), FACES)
    assert fresh.training
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in fresh.modules())
    assert torch.allclose(answers(fresh), answers(source), atol=1e-4)


def test_a_deeper_network_begins_with_the_function_of_the_shallow_one() -> None:
    source = trained(fer="residual")
    deep = build_cascade("unshuffle", "residual-deep")
    start_from(deep, fold(source).state_dict(), FACES)
    assert torch.allclose(answers(deep), answers(source), atol=1e-4)
    new = deep.get_parameter("fer.stages.1.1.conv2.weight")
    deep.train()
    torch.autograd.backward(deep(FACES, SIZES, GAIN).logits.square().sum())
    norm = deep.get_parameter("fer.stages.1.1.norm2.weight")
    assert norm.grad is not None
    assert float(norm.grad.abs().max()) > 0  # it can leave the identity
    assert new.requires_grad


def test_the_shipped_model_is_a_start() -> None:
    weights = find_weights("srfer-base")
    assert weights.are_folded
    network = build_cascade("unshuffle", "residual")
    before = answers(network)
    Beginning(sr=weights, fer=weights).apply(network, FACES)
    assert not torch.allclose(answers(network), before, atol=0.1)


def test_the_teacher_beside_the_recipes_is_a_start() -> None:
    network = build_cascade("none", "residual-deep")
    Beginning(fer=find_weights("teacher")).apply(network, FACES)
    assert torch.isfinite(answers(network)).all()


def test_a_run_is_a_start(tmp_path: Path) -> None:
    source = trained()
    save_checkpoint(tmp_path, 7, {"averaged": source.state_dict()})
    network = build_cascade("unshuffle", "residual")
    weights = find_weights(str(tmp_path))
    Beginning(sr=weights, fer=weights).apply(network, FACES)
    assert torch.equal(answers(network), answers(source))


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    small = build_cascade("unshuffle", "residual-small")
    with pytest.raises(TrainingError, match="choose the networks of that model"):
        start_from(small, read_folded(read_model("srfer-base").data), FACES)
    with pytest.raises(TrainingError, match="no layer"):
        start_from(build_cascade("none", "vgg13"), {"sr.head.weight": torch.zeros(1)}, FACES)
    with pytest.raises(TrainingError, match="no readable checkpoint"):
        find_weights(str(tmp_path))
    save_checkpoint(tmp_path, 1, {"averaged": trained().state_dict()})
    weights = find_weights(str(tmp_path))
    with pytest.raises(TrainingError, match="do not fit the recipe's fer"):
        Beginning(fer=weights).apply(small, FACES)
    prelu = trained(sr="fsrcnn")
    with pytest.raises(TrainingError, match="does not name all weights of this sr network"):
        start_from(build_cascade("fsrcnn", "residual"), fold(prelu).state_dict(), FACES)
    with pytest.raises(TrainingError, match="no ONNX model"):
        read_folded(b"not a model")
