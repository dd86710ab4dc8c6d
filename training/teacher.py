"""A frozen expression network that reads originals, so that what is asked for cannot drift."""

from __future__ import annotations

import torch
from torch import Tensor

from .networks import FERNetwork, Reading
from .networks.scale import FULL_PX


class Teacher:
    """Reads faces with fixed weights and fixed batch norms.

    Args:
        network: trained on originals; put in eval mode, its weights no longer ask for gradients.
    """

    def __init__(self, network: FERNetwork) -> None:
        self.network = network.eval().requires_grad_(False)
        self._remembered: dict[int, Tensor] = {}

    def read(self, faces: Tensor) -> Reading:
        """Read (N, 1, 48, 48) as faces of 48 px; gradients reach `faces`, not the weights."""
        size = torch.full((faces.shape[0],), FULL_PX, device=faces.device)
        return self.network.read(faces, size)

    def recall(self, key: int | None, originals: Tensor) -> Tensor:
        """Logits (N, 8) without a graph; read once for each key and remembered.

        What is remembered is the mean over a face and its mirror image, which is right more often
        than either; where nothing is, only the face is read, since the other would double the cost
        of every step.

        Args:
            key: what stands for these faces whenever they come again; None never comes again.
            originals: (N, 1, 48, 48) in 0..1.
        """
        if key is None:
            with torch.no_grad():
                return self.read(originals).logits.float()
        if key in self._remembered:
            return self._remembered[key]
        with torch.no_grad():
            both = self.read(torch.cat([originals, originals.flip(-1)])).logits.float()
            logits = both.reshape(2, len(originals), -1).mean(dim=0)
        self._remembered[key] = logits
        return logits
