"""A share of the start stays: from the trained network to what it came from."""

from __future__ import annotations

import pytest
import torch

from srfer.training.blend import keep_share_of_start
from srfer.training.initial import Beginning, Weights
from srfer.training.networks import Cascade, build_cascade, fold

from .toy import toy_recipe

FACES = torch.rand(16, 1, 48, 48, generator=torch.Generator().manual_seed(1))
PAIR = {"sr": "unshuffle-small", "fer": "residual-small"}


def network(seed: int) -> Cascade:
    torch.manual_seed(seed)
    return build_cascade(PAIR["sr"], PAIR["fer"]).eval()


def answers(cascade: Cascade) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = cascade.eval()(FACES, torch.full((16,), 16.0), torch.ones(16)).logits
    return logits


@pytest.mark.parametrize("are_folded", [False, True])
def test_the_ends_are_the_trained_and_the_first_network(are_folded: bool) -> None:
    first, trained = network(1), network(2)
    values = (fold(first) if are_folded else first).state_dict()
    weights = Weights(dict(values), are_folded, "the first")
    start = Beginning(sr=weights, fer=weights)
    for share, wanted in ((0.0, trained), (1.0, first)):
        folded = fold(trained)
        keep_share_of_start(folded, toy_recipe(start_share=share, **PAIR), start, FACES)
        assert torch.allclose(answers(folded), answers(wanted), atol=1e-4)


def test_the_middle_is_in_the_middle_and_what_began_from_chance_stays() -> None:
    first, trained = fold(network(1)), fold(network(2))
    weights = Weights(dict(first.state_dict()), True, "the first")
    half = fold(network(2))
    keep_share_of_start(half, toy_recipe(start_share=0.5, **PAIR), Beginning(fer=weights), FACES)
    name = "fer.stages.1.0.conv1.weight"
    middle = (first.get_parameter(name) + trained.get_parameter(name)) / 2
    assert torch.allclose(half.get_parameter(name), middle, atol=1e-6)
    assert torch.equal(
        half.get_parameter("sr.head.weight"), trained.get_parameter("sr.head.weight")
    )
