"""Attention consistency: the same gaze costs nothing, another one pulls at the restored face."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from srfer.training.losses import (
    attention_cosine,
    attention_maps,
    attention_transfer,
    grad_cam_consistency,
)

Stages = tuple[Tensor, ...]


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
    """Maps are compared in single precision, as under mixed precision: hence the wide step."""
    restored = FACES.clone().requires_grad_()
    torch.autograd.backward(loss(restored, OTHERS))
    assert restored.grad is not None
    random = torch.Generator().manual_seed(9)
    for _ in range(5):
        direction = torch.randn(FACES.shape, generator=random, dtype=torch.float64)
        direction /= direction.norm()
        step = 5e-3
        ahead, behind = (float(loss(FACES + s * direction, OTHERS).detach()) for s in (step, -step))
        wanted = (ahead - behind) / (2 * step)
        found = float((restored.grad * direction).sum())
        assert found == pytest.approx(wanted, rel=0.03, abs=2e-4)


def test_transfer_and_cosine_by_hand() -> None:
    stage = torch.tensor([[[[3.0, 0.0], [0.0, 4.0]]]])
    other = torch.tensor([[[[4.0, 0.0], [0.0, 3.0]]]])
    (q,) = attention_maps([stage])
    length = (81 + 256) ** 0.5
    assert q[0].tolist() == pytest.approx([9 / length, 0, 0, 16 / length])
    wanted = 2 * ((16 - 9) / length) ** 2
    assert float(attention_transfer([stage], [other])) == pytest.approx(wanted)
    assert float(attention_cosine([stage], [other])) == pytest.approx(1 - 24 / 25)


@pytest.mark.parametrize("loss", [attention_transfer, attention_cosine])
def test_every_stage_counts(loss: Callable[[Stages, Stages], Tensor]) -> None:
    """A loss that is gathered wrongly loses the gradient of some or of all stages."""
    found = tuple(torch.rand(2, 3, size, size, requires_grad=True) for size in (8, 4, 2))
    wanted = tuple(torch.rand(2, 3, size, size) for size in (8, 4, 2))
    torch.autograd.backward(loss(found, wanted))
    for stage in found:
        assert stage.grad is not None
        assert float(stage.grad.abs().max()) > 0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_map_without_structure_gives_finite_gradients(value: float) -> None:
    flat = torch.full((2, 1, 4, 4), value, requires_grad=True)
    other = torch.rand(2, 1, 4, 4)
    for loss in (attention_transfer, attention_cosine):
        (gradient,) = torch.autograd.grad(loss([flat], [other]), flat)
        assert torch.isfinite(gradient).all()


def test_grad_cam_of_a_flat_stage_gives_finite_gradients() -> None:
    flat = torch.zeros(2, 3, 4, 4, requires_grad=True)
    logits = flat.mean(dim=(2, 3)) @ torch.rand(3, 8)
    other = torch.rand(2, 3, 4, 4, requires_grad=True)
    other_logits = other.mean(dim=(2, 3)) @ torch.rand(3, 8)
    classes = torch.tensor([0, 1])
    loss = grad_cam_consistency([flat], logits, [other], other_logits, classes)
    torch.autograd.backward(loss)
    assert flat.grad is not None
    assert torch.isfinite(flat.grad).all()
