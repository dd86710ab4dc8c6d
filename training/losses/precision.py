"""Features are compared in single precision, whatever the network computes in."""

from __future__ import annotations

import torch
from torch import Tensor


def widen(values: Tensor) -> Tensor:
    """Turn half precision into single; single and double stay as they are.

    Squares and sums of small responses vanish in half precision. Double is left alone so that
    gradients can be checked against finite differences.
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))
