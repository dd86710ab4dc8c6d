"""The networks, by name. A network is a file here and a line in `SR` or `FER`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from torch import nn

from srfer.errors import ConfigError

from .cascade import Cascade, CascadeOutput
from .ecbsr import ECBSR
from .fer_network import FERNetwork, Reading
from .folding import fold
from .fsrcnn import FSRCNN
from .macs import count_macs
from .no_sr import NoSR
from .residual_fer import ResidualFER
from .resnet18 import ResNet18
from .span import SPAN
from .srcnn import SRCNN
from .unshuffle_sr import UnshuffleSR
from .vgg13 import VGG13

__all__ = [
    "FER",
    "SR",
    "Cascade",
    "CascadeOutput",
    "FERNetwork",
    "Reading",
    "build_cascade",
    "check_names",
    "count_macs",
    "fold",
]

SR: Mapping[str, Callable[[], nn.Module]] = MappingProxyType(
    {
        "none": NoSR,
        "unshuffle": UnshuffleSR,
        "unshuffle-slim": partial(UnshuffleSR, width=16, depth=4),
        "unshuffle-small": partial(UnshuffleSR, width=16, depth=2),
        "srcnn": SRCNN,
        "fsrcnn": FSRCNN,
        "ecbsr": ECBSR,
        "span": SPAN,
    }
)
FER: Mapping[str, Callable[[], FERNetwork]] = MappingProxyType(
    {
        "residual": ResidualFER,
        "residual-low": partial(
            ResidualFER, widths=(32, 64, 128, 224), blocks=(1, 1, 2, 2), dropout=0.2
        ),
        "residual-small": partial(ResidualFER, widths=(16, 32, 64, 128), blocks=(1, 1, 1, 1)),
        "residual-deep": partial(ResidualFER, blocks=(2, 3, 4, 1)),
        "resnet18": ResNet18,
        "vgg13": VGG13,
    }
)


def check_names(sr: str, fer: str) -> None:
    """Refuse what cannot be built.

    Raises:
        ConfigError: if a name is unknown.
    """
    if sr not in SR:
        raise ConfigError(f"no SR network {sr!r}: choose one of {', '.join(SR)}")
    if fer not in FER:
        raise ConfigError(f"no FER network {fer!r}: choose one of {', '.join(FER)}")


def build_cascade(sr: str, fer: str) -> Cascade:
    """Build the named pair with fresh weights from torch's global random generator.

    Raises:
        ConfigError: if a name is unknown.
    """
    check_names(sr, fer)
    return Cascade(SR[sr](), FER[fer]())
