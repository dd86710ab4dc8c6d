"""Losses of pixels, answers and features: at their best, their gradients, finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from srfer.training.losses import (
    CHARBONNIER_EPSILON,
    DeepAttentiveCentreLoss,
    Discriminator,
    charbonnier,
    discriminator_loss,
    generator_loss,
    multi_target,
    prediction_consistency,
    soft_cross_entropy,
    task_feature,
)

RANDOM = torch.Generator().manual_seed(1)


def double(*shape: int) -> Tensor:
    return torch.randn(shape, generator=RANDOM, dtype=torch.float64)


def distribution(count: int) -> Tensor:
    return torch.softmax(2 * double(count, 8), dim=1)


def test_charbonnier_is_zero_on_identical_images() -> None:
    image = double(2, 1, 6, 6)
    assert float(charbonnier(image, image)) == pytest.approx(0, abs=1e-12)


def test_charbonnier_is_the_mean_difference_where_it_is_large() -> None:
    found = float(charbonnier(torch.full((1, 1, 4, 4), 3.0), torch.zeros(1, 1, 4, 4)))
    assert found == pytest.approx(3 - CHARBONNIER_EPSILON**0.5, rel=1e-5)


def test_soft_cross_entropy_is_least_where_prediction_and_votes_agree() -> None:
    votes = distribution(5)
    entropy = float(-(votes * votes.log()).sum(dim=1).mean())
    assert float(soft_cross_entropy(votes.log(), votes)) == pytest.approx(entropy)
    assert float(soft_cross_entropy(votes.log() + double(5, 8), votes)) > entropy


def test_multi_target_asks_for_any_expression_with_many_votes() -> None:
    votes = torch.tensor([[0.45, 0.40, 0.15, 0, 0, 0, 0, 0]])
    for index, is_right in ((0, True), (1, True), (2, False), (5, False)):
        sure = torch.zeros(1, 8)
        sure[0, index] = 30.0
        assert (float(multi_target(sure, votes)) < 1e-6) == is_right


def test_multi_target_falls_back_to_the_most_voted() -> None:
    votes = torch.tensor([[0.29, 0.2, 0.2, 0.2, 0.11, 0, 0, 0]])
    sure = torch.zeros(1, 8)
    sure[0, 0] = 30.0
    assert float(multi_target(sure, votes)) < 1e-6


def test_prediction_consistency_is_zero_on_the_same_answers_and_ignores_a_shift() -> None:
    logits = double(4, 8)
    assert float(prediction_consistency(logits, logits)) == pytest.approx(0, abs=1e-12)
    assert float(prediction_consistency(logits + 3, logits)) == pytest.approx(0, abs=1e-12)
    assert float(prediction_consistency(logits, logits.flip(1))) > 0.1


def test_prediction_consistency_is_the_divergence_at_its_temperature() -> None:
    found, wanted = double(3, 8), double(3, 8)
    for t in (1.0, 2.0, 4.0):
        p, q = torch.softmax(wanted / t, dim=1), torch.softmax(found / t, dim=1)
        by_hand = t * t * (p * (p / q).log()).sum(dim=1).mean()
        assert float(prediction_consistency(found, wanted, t)) == pytest.approx(float(by_hand))


def test_task_feature_is_zero_on_the_same_features_and_all_stages_count() -> None:
    stages = [torch.rand(2, 3, 4, 4), torch.rand(2, 6, 2, 2)]
    assert float(task_feature(stages, stages)) == 0
    for changed in range(2):
        others = [stage + (index == changed) for index, stage in enumerate(stages)]
        assert float(task_feature(others, stages)) == pytest.approx(0.5)


def test_nobody_wins_where_scores_are_equal() -> None:
    scores = torch.full((4, 1), 1.7)
    assert float(generator_loss(scores, scores)) == pytest.approx(math.log(2))
    assert float(discriminator_loss(scores, scores)) == pytest.approx(math.log(2))


def test_generator_and_discriminator_want_the_opposite() -> None:
    low, high = torch.full((4, 1), -2.0), torch.full((4, 1), 2.0)
    assert float(discriminator_loss(high, low)) < 0.1 < float(discriminator_loss(low, high))
    assert float(generator_loss(low, high)) < 0.1 < float(generator_loss(high, low))


def test_a_discriminator_learns_to_tell() -> None:
    torch.manual_seed(0)
    judge = Discriminator()
    real, fake = torch.rand(16, 1, 48, 48), torch.rand(16, 1, 6, 6).repeat(1, 1, 8, 8)
    optimizer = torch.optim.Adam(judge.parameters(), 0.01)
    for _ in range(30):
        loss = discriminator_loss(judge(real), judge(fake))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    assert float(loss.detach()) < 0.2


def test_centre_loss_is_zero_in_the_centres() -> None:
    torch.manual_seed(0)
    loss = DeepAttentiveCentreLoss(6)
    classes = torch.tensor([0, 3, 7])
    features = loss.centres[classes][:, :, None, None].expand(3, 6, 2, 2)
    assert float(loss(features, classes).detach()) == pytest.approx(0, abs=1e-12)
    assert float(loss(features, classes.flip(0)).detach()) > 0


def test_centre_loss_pulls_faces_and_centres_together() -> None:
    torch.manual_seed(0)
    loss = DeepAttentiveCentreLoss(6)
    features = torch.rand(8, 6, 2, 2, requires_grad=True)
    torch.autograd.backward(loss(features, torch.arange(8)))
    assert features.grad is not None
    for name, parameter in loss.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0, name


def centre_of(classes: Tensor) -> Callable[[Tensor], Tensor]:
    torch.manual_seed(0)
    loss = DeepAttentiveCentreLoss(4).double()
    # Its attention reads features as a constant: checked with weights that do not depend on them.
    for parameter in loss.attention.parameters():
        parameter.data.zero_()
    return lambda features: loss(features, classes)


IMAGE, OTHER_IMAGE = double(2, 1, 3, 3), double(2, 1, 3, 3)
LOGITS, OTHER_LOGITS, VOTES = double(3, 8), double(3, 8), distribution(3)
SCORES, OTHER_SCORES = double(3, 1), double(3, 1)

CASES: dict[str, tuple[Callable[[Tensor], Tensor], Tensor]] = {
    "charbonnier": (lambda x: charbonnier(x, OTHER_IMAGE), IMAGE),
    "soft cross-entropy": (lambda x: soft_cross_entropy(x, VOTES), LOGITS),
    "multi-target": (lambda x: multi_target(x, VOTES), LOGITS),
    "prediction": (lambda x: prediction_consistency(x, OTHER_LOGITS), LOGITS),
    "generator": (lambda x: generator_loss(OTHER_SCORES, x), SCORES),
    "discriminator": (lambda x: discriminator_loss(x, OTHER_SCORES), SCORES),
    "centre": (centre_of(torch.tensor([1, 5])), double(2, 4, 2, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_survive_finite_differences(name: str) -> None:
    loss, point = CASES[name]
    assert torch.autograd.gradcheck(loss, (point.clone().requires_grad_(),))


def test_task_feature_survives_finite_differences() -> None:
    wanted = [double(2, 3, 2, 2)]
    found = double(2, 3, 2, 2).requires_grad_()
    # Features are compared in float32, as they are under mixed precision: a wider step.
    assert torch.autograd.gradcheck(
        lambda x: task_feature([x], wanted), (found,), eps=1e-2, atol=1e-2
    )


@pytest.mark.parametrize("name", ["prediction", "task feature"])
def test_the_original_gets_no_gradient(name: str) -> None:
    found, wanted = (torch.rand(2, 8, 2, 2, requires_grad=True) for _ in range(2))
    if name == "prediction":
        loss = prediction_consistency(found.mean(dim=(2, 3)), wanted.mean(dim=(2, 3)))
    else:
        loss = task_feature([found], [wanted])
    torch.autograd.backward(loss)
    assert found.grad is not None
    assert wanted.grad is None
