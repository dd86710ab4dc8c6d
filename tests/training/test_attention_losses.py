"""Attention consistency: the same gaze costs nothing, another one pulls at the restored face."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from srfer.training.losses import (
    attention_cosine,
    attention_maps,
    attention_transfer,
    grad_cam_consistency,
)

Stages = Sequence[Tensor]


class TinyFER(nn.Module):
    """Two stages and logits, smooth, so that finite differences can be compared."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.first = nn.Conv2d(1, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.last = nn.Linear(4, 8)
        self.double().requires_grad_(False)

    def forward(self, faces: Tensor) -> tuple[Stages, Tensor]:
        one = nn.functional.softplus(self.first(faces))
        two = nn.functional.softplus(self.second(one))
        return (one, two), self.last(two.square().mean(dim=(2, 3)))


NETWORK = TinyFER()
FACES = torch.rand(2, 1, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
OTHERS = torch.rand(2, 1, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def by_transfer(restored: Tensor, original: Tensor) -> Tensor:
    return attention_transfer(NETWORK(restored)[0], NETWORK(original)[0])


def by_cosine(restored: Tensor, original: Tensor) -> Tensor:
    return attention_cosine(NETWORK(restored)[0], NETWORK(original)[0])


def by_grad_cam(restored: Tensor, original: Tensor) -> Tensor:
    if not restored.requires_grad:
        restored = restored.clone().requires_grad_()
    seen = original if original.requires_grad else original.clone().requires_grad_()
    stages, logits = NETWORK(restored)
    wanted_stages, wanted_logits = NETWORK(seen)
    classes = wanted_logits.argmax(dim=1)
    return grad_cam_consistency(stages, logits, wanted_stages, wanted_logits, classes)


ALL = [by_transfer, by_cosine, by_grad_cam]
Loss = Callable[[Tensor, Tensor], Tensor]


@pytest.mark.parametrize("loss", ALL)
def test_the_same_face_costs_nothing(loss: Loss) -> None:
    assert float(loss(FACES, FACES).detach()) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", ALL)
def test_another_face_costs_something(loss: Loss) -> None:
    assert float(loss(FACES, OTHERS).detach()) > 1e-4


@pytest.mark.parametrize("loss", ALL)
def test_the_gradient_reaches_the_restored_face_alone(loss: Loss) -> None:
    restored, original = FACES.clone().requires_grad_(), OTHERS.clone().requires_grad_()
    torch.autograd.backward(loss(restored, original))
    assert restored.grad is not None
    assert float(restored.grad.abs().max()) > 0
    assert original.grad is None


@pytest.mark.parametrize("loss", ALL)
def test_gradients_survive_finite_differences(loss: Loss) -> None:
    """Through a network, as in training; for Grad-CAM that takes a gradient of a gradient."""
    restored = FACES.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda faces: loss(faces, OTHERS), (restored,))


def test_transfer_and_cosine_by_hand() -> None:
    stage = torch.tensor([[[[3.0, 0.0], [0.0, 4.0]]]])
    other = torch.tensor([[[[4.0, 0.0], [0.0, 3.0]]]])
    (q,) = attention_maps([stage])
    length = (81 + 256) ** 0.5
    assert q[0].tolist() == pytest.approx([9 / length, 0, 0, 16 / length])
    wanted = 2 * ((16 - 9) / length) ** 2
    assert float(attention_transfer([stage], [other])) == pytest.approx(wanted)
    assert float(attention_cosine([stage], [other])) == pytest.approx(1 - 24 / 25)


@pytest.mark.parametrize(("expression", "wanted"), [(0, 1 / 2), (1, 2 / 3)])
def test_grad_cam_by_hand(expression: int, wanted: float) -> None:
    """Expression 0 is spoken for by the sum of responses, 1 by its negative.

    Maps in 0..1: (0, 1/2, 1) and (1/2, 1, 0) for the first, (1, 0, 0) and (0, 0, 1) for the second.
    """
    restored = torch.tensor([[[[-1.0, 1.0, 2.0]]]], requires_grad=True)
    original = torch.tensor([[[[1.0, 2.0, -2.0]]]], requires_grad=True)
    scores = torch.tensor([[1.0, -1.0, 0, 0, 0, 0, 0, 0]])
    logits = [stage.sum(dim=(2, 3)) @ scores for stage in (restored, original)]
    classes = torch.tensor([expression])
    found = grad_cam_consistency([restored], logits[0], [original], logits[1], classes)
    assert float(found.detach()) == pytest.approx(wanted, rel=1e-5)


def grad_cam_of_stages(restored: Stages, original: Stages) -> Tensor:
    """Logits to which each stage contributes by itself, so that none can borrow another's graph."""

    def logits(stages: Stages) -> Tensor:
        random = torch.Generator().manual_seed(6)
        parts = []
        for stage in stages:
            weights = torch.randn(stage.shape[1], 8, generator=random).to(stage.dtype)
            parts.append(stage.square().mean(dim=(2, 3)) @ weights)
        return torch.stack(parts).sum(dim=0)

    restored = tuple(s if s.requires_grad else s.clone().requires_grad_() for s in restored)
    seen = tuple(s.detach().clone().requires_grad_() for s in original)
    wanted = logits(seen)
    return grad_cam_consistency(restored, logits(restored), seen, wanted, wanted.argmax(dim=1))


OF_STAGES = [attention_transfer, attention_cosine, grad_cam_of_stages]
StageLoss = Callable[[Stages, Stages], Tensor]


def random_stages(seed: int) -> Stages:
    random = torch.Generator().manual_seed(seed)
    shapes = ((2, 3, 8, 8), (2, 4, 4, 4), (2, 6, 2, 2))
    return tuple(torch.rand(shape, generator=random, dtype=torch.float64) for shape in shapes)


@pytest.mark.parametrize("loss", OF_STAGES)
def test_every_stage_counts(loss: StageLoss) -> None:
    """A loss that is gathered wrongly loses the gradient of some or of all stages."""
    found = tuple(stage.requires_grad_() for stage in random_stages(1))
    for gradient in torch.autograd.grad(loss(found, random_stages(2)), found):
        assert float(gradient.abs().max()) > 1e-6


@pytest.mark.parametrize("loss", [attention_transfer, attention_cosine])
def test_stages_count_alike(loss: StageLoss) -> None:
    found, wanted = random_stages(1), random_stages(2)
    alone = [float(loss([a], [b])) for a, b in zip(found, wanted, strict=True)]
    assert float(loss(found, wanted)) == pytest.approx(sum(alone) / 3)


@pytest.mark.parametrize("loss", OF_STAGES)
@pytest.mark.parametrize("value", [0.0, 1e-9, 1.0])
def test_a_map_without_structure_gives_finite_gradients(loss: StageLoss, value: float) -> None:
    flat = torch.full((2, 1, 4, 4), value, requires_grad=True)
    found = loss((flat,), (torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(7)),))
    (gradient,) = torch.autograd.grad(found, flat)
    assert torch.isfinite(found)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("loss", OF_STAGES)
@pytest.mark.parametrize("value", [0.0, 1e-9, 1.0])
def test_maps_without_structure_cost_nothing_where_both_are(loss: StageLoss, value: float) -> None:
    flat = torch.full((2, 1, 4, 4), value)
    assert float(loss((flat,), (flat.clone(),)).detach()) == 0


@pytest.mark.parametrize("loss", OF_STAGES)
def test_half_precision_is_compared_in_single(loss: StageLoss) -> None:
    half = tuple(stage.bfloat16() for stage in random_stages(1))
    other = tuple(stage.bfloat16() for stage in random_stages(2))
    assert loss(half, other).dtype == torch.float32
