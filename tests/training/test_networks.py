"""The networks: what they cost and what they promise."""

from __future__ import annotations

import pytest
import torch

from srfer.errors import ConfigError
from srfer.training.networks import FER, SR, build_cascade, count_macs
from srfer.training.networks.scale import scale_channel


def test_the_shipped_pair_costs_what_is_promised() -> None:
    network = build_cascade("unshuffle", "residual")
    assert count_macs(network) <= 60e6
    assert sum(value.numel() for value in network.parameters()) <= 3e6


def test_macs_of_a_known_network() -> None:
    network = build_cascade("unshuffle", "residual")
    head = network.sr.head
    assert isinstance(head, torch.nn.Conv2d)
    before = count_macs(network)
    network.sr.head = torch.nn.Conv2d(5, 24, 1)
    assert before - count_macs(network) == 5 * 24 * (9 - 1) * 24 * 24


@pytest.mark.parametrize("name", SR)
def test_super_resolution_starts_from_interpolation(name: str) -> None:
    torch.manual_seed(0)
    faces = torch.rand(3, 1, 48, 48)
    residual = SR[name]()(faces, torch.tensor([8.0, 20.0, 48.0]))
    assert residual.shape == faces.shape
    assert float(residual.detach().abs().max()) == 0


@pytest.mark.parametrize("name", FER)
def test_expression_networks_use_the_native_size(name: str) -> None:
    torch.manual_seed(0)
    network = FER[name]().eval()
    faces = torch.rand(2, 1, 48, 48)
    small = network(faces, torch.tensor([8.0, 8.0]))
    large = network(faces, torch.tensor([48.0, 48.0]))
    assert small.shape == (2, 8)
    assert not torch.allclose(small, large)


def test_gain_switches_super_resolution_for_each_face() -> None:
    torch.manual_seed(0)
    network = build_cascade("unshuffle", "residual").eval()
    torch.nn.init.normal_(network.sr.tail.weight)  # type: ignore[arg-type, union-attr]
    faces = torch.rand(2, 1, 48, 48)
    restored = network(faces, torch.full((2,), 12.0), torch.tensor([0.0, 1.0])).restored
    assert torch.equal(restored[0], faces[0])
    assert not torch.allclose(restored[1], faces[1])


def test_scale_channel_counts_halvings() -> None:
    like = torch.zeros(5, 4, 2, 2)
    channel = scale_channel(torch.tensor([96.0, 48.0, 24.0, 12.0, 3.0]), like)
    assert channel[:, 0, 0, 0].tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])


def test_an_unknown_network_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no SR network 'x': choose one of .*unshuffle"):
        build_cascade("x", "residual")
    with pytest.raises(ConfigError, match=r"no FER network 'y': choose one of .*residual"):
        build_cascade("unshuffle", "y")
