"""Fewer layers for the same numbers: what a network becomes before it is exported."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Protocol, runtime_checkable

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from .cascade import Cascade


@runtime_checkable
class Foldable(Protocol):
    """A module that is richer while training than it has to be in use."""

    def folded(self) -> nn.Conv2d:
        """One convolution that computes the same, borders included."""


def fold(cascade: Cascade) -> Cascade:
    """Copy a network in eval mode with all that is linear merged.

    Re-parameterised blocks become single convolutions, and every batch norm goes into the
    convolution or linear layer before it.
    """
    folded = copy.deepcopy(cascade).eval()
    for module in list(folded.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Foldable):
                setattr(module, name, child.folded())
        children = dict(module.named_children())
        for name, successor in pairwise(children):
            layer, norm = children[name], children[successor]
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(layer, norm))
            elif isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
                setattr(module, name, fuse_linear_bn_eval(layer, norm))
            else:
                continue
            setattr(module, successor, nn.Identity())
    return folded.eval()
