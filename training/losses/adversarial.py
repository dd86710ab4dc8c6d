"""Relativistic average GAN: restored faces should look more real than originals, on average.

Jolicoeur-Martineau, *The relativistic discriminator*, ICLR 2019; for super-resolution in Wang et
al., ESRGAN, 2018. The discriminator says how much more real a face is than the mean of the others.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm


class Discriminator(nn.Module):
    """Tells originals from restored faces; spectral norms keep it from winning outright.

    Args:
        width: channels of the first layer.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for out in (width, 2 * width, 4 * width):
            layers += [
                spectral_norm(nn.Conv2d(channels, out, 4, stride=2, padding=1)),
                nn.LeakyReLU(0.2),
            ]
            channels = out
        self.body = nn.Sequential(*layers)
        self.head = spectral_norm(nn.Linear(channels, 1))

    def forward(self, faces: Tensor) -> Tensor:
        """Score faces: (N, 1, 48, 48) in 0..1 -> (N, 1), higher for more real."""
        scores: Tensor = self.head(self.body((faces - 0.5) * 4).mean(dim=(2, 3)))
        return scores


def discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """What the discriminator minimises: more than 0, ln 2 where it cannot tell; scores (N, 1)."""
    real_wins = functional.softplus(fake_scores.mean() - real_scores).mean()
    fake_loses = functional.softplus(fake_scores - real_scores.mean()).mean()
    return (real_wins + fake_loses) / 2


def generator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """What super-resolution minimises, the reverse; originals get no gradient."""
    return discriminator_loss(fake_scores, real_scores.detach())
