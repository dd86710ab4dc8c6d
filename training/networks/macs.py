"""What one face costs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .cascade import Cascade


def count_macs(network: Cascade) -> int:
    """Count the multiply-accumulates of all convolutions and linear layers for one face.

    Args:
        network: folded, as it is deployed; blocks that are yet to be folded are not counted.
    """
    total = 0

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.ConvTranspose2d):  # each input meets one row of the weights
            total += inputs[0][0].numel() * module.weight[0].numel()
        elif isinstance(module, nn.Conv2d | nn.Linear):  # each output does
            total += output[0].numel() * module.weight[0].numel()

    handles = [module.register_forward_hook(add) for module in network.modules()]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 1, 48, 48), torch.full((1,), 48.0), torch.ones(1))
    network.train(was_training)
    for handle in handles:
        handle.remove()
    return total
