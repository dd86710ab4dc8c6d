"""What one face costs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .cascade import Cascade


def count_macs(network: Cascade) -> int:
    """Count the multiply-accumulates of all convolutions and linear layers for one face."""
    total = 0

    def add(module: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d | nn.Linear):
            total += output[0].numel() * module.weight[0].numel()

    handles = [
        module.register_forward_hook(add)
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 1, 48, 48), torch.full((1,), 48.0), torch.ones(1))
    network.train(was_training)
    for handle in handles:
        handle.remove()
    return total
