"""Label modes of FER+: what becomes of votes."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from srfer.errors import ConfigError
from srfer.training.label_modes import LabelMode, expression_loss, targets
from srfer.training.losses import multi_target, soft_cross_entropy

VOTES = torch.tensor([[0.5, 0.3, 0.2, 0, 0, 0, 0, 0], [0, 0, 0.1, 0, 0, 0, 0.9, 0]])


def seeded(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_majority_asks_for_the_most_voted() -> None:
    found = targets(VOTES, "majority", seeded())
    assert found.argmax(dim=1).tolist() == [0, 6]
    assert found.sum(dim=1).tolist() == [1, 1]


@pytest.mark.parametrize("mode", ["cross-entropy", "multi-target"])
def test_distributions_stay_as_they_are(mode: LabelMode) -> None:
    assert torch.equal(targets(VOTES, mode, seeded()), VOTES)


def test_labels_are_drawn_as_often_as_they_were_voted() -> None:
    drawn = targets(VOTES[:1].expand(20_000, 8), "probabilistic", seeded())
    assert set(drawn.sum(dim=1).tolist()) == {1.0}
    assert torch.allclose(drawn.mean(dim=0), VOTES[0], atol=0.015)


def test_drawing_repeats_with_the_seed_and_only_then() -> None:
    many = VOTES.repeat(50, 1)
    first = targets(many, "probabilistic", seeded(1))
    assert torch.equal(first, targets(many, "probabilistic", seeded(1)))
    assert not torch.equal(first, targets(many, "probabilistic", seeded(2)))


def test_a_label_is_drawn_afresh_each_epoch() -> None:
    many, generator = VOTES.repeat(50, 1), seeded()
    first, second = (targets(many, "probabilistic", generator) for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("mode", ["majority", "cross-entropy", "multi-target"])
def test_other_modes_leave_the_generator_alone(mode: LabelMode) -> None:
    generator = seeded()
    targets(VOTES, mode, generator)
    assert torch.equal(generator.get_state(), seeded().get_state())


def test_each_mode_has_its_loss() -> None:
    logits = torch.randn(2, 8, generator=seeded())
    assert expression_loss(logits, VOTES, "multi-target") == multi_target(logits, VOTES)
    for mode in get_args(LabelMode)[:3]:
        assert expression_loss(logits, VOTES, mode) == soft_cross_entropy(logits, VOTES)


def test_an_unknown_mode_is_named_with_the_known_ones() -> None:
    known = r"'loudest'.*majority, probabilistic, cross-entropy, multi-target"
    with pytest.raises(ConfigError, match=known):
        targets(VOTES, "loudest", seeded())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=known):
        expression_loss(VOTES, VOTES, "loudest")  # type: ignore[arg-type]
