"""Losses of pixels, answers and features: at their best, their gradients, finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

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


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Each test draws the same numbers, whichever ran before."""
    RANDOM.manual_seed(2)


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
        other = others[changed].requires_grad_()
        loss = task_feature(others, stages)
        assert float(loss.detach()) == pytest.approx(0.5)
        (gradient,) = torch.autograd.grad(loss, other)
        assert float(gradient.min()) > 0


def test_nobody_wins_where_scores_are_equal() -> None:
    scores = torch.full((4, 1), 1.7)
    assert float(generator_loss(scores, scores)) == pytest.approx(math.log(2))
    assert float(discriminator_loss(scores, scores)) == pytest.approx(math.log(2))


def test_generator_and_discriminator_want_the_opposite() -> None:
    low, high = torch.full((4, 1), -2.0), torch.full((4, 1), 2.0)
    assert float(discriminator_loss(high, low)) < 0.1 < float(discriminator_loss(low, high))
    assert float(generator_loss(low, high)) < 0.1 < float(generator_loss(high, low))


def test_the_generator_sees_no_more_than_the_score_of_originals() -> None:
    real, fake = (double(4, 1).requires_grad_() for _ in range(2))
    torch.autograd.backward(generator_loss(real, fake))
    assert real.grad is None
    assert fake.grad is not None
    assert (fake.grad < 0).all(), "a higher score of restored faces is what it wants"


def test_a_discriminator_gives_a_score_per_face_and_passes_the_gradient_on() -> None:
    torch.manual_seed(0)
    faces = torch.rand(3, 1, 48, 48, requires_grad=True)
    scores = Discriminator()(faces)
    assert scores.shape == (3, 1)
    torch.autograd.backward(scores.sum())
    assert faces.grad is not None
    assert float(faces.grad.abs().max()) > 0


def test_no_layer_of_a_discriminator_stretches_a_vector() -> None:
    """A spectral norm is that of the kernel as a matrix, with one row per output channel."""
    torch.manual_seed(0)
    judge = Discriminator()
    for _ in range(20):
        judge(torch.rand(1, 1, 48, 48))
    kernels = [m.weight.detach() for m in judge.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(kernels) == 4
    for kernel in kernels:
        assert float(torch.linalg.matrix_norm(kernel.flatten(1), 2)) == pytest.approx(1, abs=0.02)


def test_a_discriminator_learns_to_tell() -> None:
    torch.manual_seed(0)
    judge = Discriminator(width=8)
    real, fake = torch.rand(8, 1, 48, 48), torch.rand(8, 1, 6, 6).repeat(1, 1, 8, 8)
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


def test_attention_weighs_each_dimension_between_none_and_all() -> None:
    torch.manual_seed(0)
    loss = DeepAttentiveCentreLoss(6)
    assert loss.centres.shape == (8, 6)
    weights = loss.attention(10 * torch.randn(32, 6)).detach()
    assert weights.shape == (32, 6)
    assert float(weights.min()) > 0
    assert float(weights.max()) < 1


def test_centre_loss_has_the_right_gradient_for_what_it_learns() -> None:
    torch.manual_seed(0)
    loss = DeepAttentiveCentreLoss(4).double()
    features, classes = double(3, 4, 2, 2), torch.tensor([1, 5, 1])
    names, values = zip(*loss.named_parameters(), strict=True)

    def of_parameters(*parameters: Tensor) -> Tensor:
        table = dict(zip(names, parameters, strict=True))
        found: Tensor = torch.func.functional_call(loss, table, (features, classes))
        return found

    assert torch.autograd.gradcheck(of_parameters, values)


def centre_of(classes: Tensor) -> Callable[[Tensor], Tensor]:
    torch.manual_seed(0)
    loss = DeepAttentiveCentreLoss(4).double()
    # Its attention reads features as a constant: checked with weights that differ from dimension
    # to dimension, but do not depend on the features.
    for parameter in loss.attention.parameters():
        if parameter.ndim == 2:
            parameter.data.zero_()
        else:
            parameter.data.normal_()
    return lambda features: loss(features, classes)


IMAGE, OTHER_IMAGE = double(2, 1, 3, 3), double(2, 1, 3, 3)
LOGITS, OTHER_LOGITS, VOTES = double(3, 8), double(3, 8), distribution(3)
SCORES, OTHER_SCORES = double(3, 1), double(3, 1)

CASES: dict[str, tuple[Callable[[Tensor], Tensor], Tensor]] = {
    "charbonnier": (lambda x: charbonnier(x, OTHER_IMAGE), IMAGE),
    "soft cross-entropy": (lambda x: soft_cross_entropy(x, VOTES), LOGITS),
    "charbonnier, identical": (lambda x: charbonnier(x, IMAGE), IMAGE),
    "multi-target": (lambda x: multi_target(x, VOTES), LOGITS),
    "prediction": (lambda x: prediction_consistency(x, OTHER_LOGITS), LOGITS),
    "task feature": (lambda x: task_feature([x, x * x], [OTHER_IMAGE, IMAGE + 5]), IMAGE),
    "generator": (lambda x: generator_loss(OTHER_SCORES, x), SCORES),
    "discriminator, originals": (lambda x: discriminator_loss(x, OTHER_SCORES), SCORES),
    "discriminator, restored": (lambda x: discriminator_loss(OTHER_SCORES, x), SCORES),
    "centre": (centre_of(torch.tensor([1, 5])), double(2, 4, 2, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_survive_finite_differences(name: str) -> None:
    loss, point = CASES[name]
    assert torch.autograd.gradcheck(loss, (point.clone().requires_grad_(),))


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
