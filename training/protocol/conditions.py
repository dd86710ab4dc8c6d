"""Under which conditions each row is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..calibrate import fit_temperature
from ..data import FaceSet
from ..degradations import DegradationKind, degrade_for_test
from ..evaluate import DEGRADATION_SEED, EVALUATED_PX, read, score
from ..networks import Cascade
from ..ssim import ssim
from .result import Condition

HARDER_PX = (24, 16, 12)
"""Native sizes at which degradations other than D1 are measured."""


class Setting(NamedTuple):
    """A degradation at a native size."""

    degradation: DegradationKind
    native_px: int


SETTINGS: Sequence[Setting] = (
    *(Setting("D1", size) for size in EVALUATED_PX),
    *(Setting(kind, size) for kind in ("D2", "D3", "D4", "D5") for size in HARDER_PX),
)


class TestFaces:
    """The validation faces under each condition, degraded once for all rows.

    Args:
        faces: each with a majority class.
    """

    def __init__(self, faces: FaceSet) -> None:
        self.faces = faces
        self.originals = faces.images.float() / 255
        self._degraded: dict[Setting, Tensor] = {}

    def under(self, setting: Setting) -> Tensor:
        """(N, 1, 48, 48) in 0..1."""
        if setting not in self._degraded:
            kind, size = setting
            images = degrade_for_test(self.originals, size, kind, DEGRADATION_SEED)
            self._degraded[setting] = (images * 255).round().to(torch.uint8)
        return self._degraded[setting].float() / 255


def measure(network: Cascade, test: TestFaces, labels_of_b0: Tensor) -> tuple[Condition, ...]:
    """Measure a network under all conditions.

    Args:
        network: in eval mode, on the CPU.
        test: the validation faces.
        labels_of_b0: (N,) what B0 reads in the originals.
    """
    return tuple(_measure_one(network, test, labels_of_b0, setting) for setting in SETTINGS)


def _measure_one(
    network: Cascade, test: TestFaces, labels_of_b0: Tensor, setting: Setting
) -> Condition:
    kind, size = setting
    logits, restored = read(network, test.under(setting), size)
    labels = logits.argmax(dim=1)
    temperature = fit_temperature(logits, test.faces.majority)
    raw = score(functional.softmax(logits, dim=1), restored, test.faces, size)
    calm = score(functional.softmax(logits / temperature, dim=1), restored, test.faces, size)
    return Condition(
        degradation=kind,
        native_px=size,
        count=raw.count,
        accuracy=raw.accuracy,
        macro_recall=raw.macro_recall,
        recall=raw.recall,
        ece=raw.ece,
        temperature=temperature,
        ece_calibrated=calm.ece,
        psnr_db=raw.psnr_db,
        ssim=float(ssim(restored, test.originals).mean()),
        agreement=float((labels == labels_of_b0).float().mean()),
        correct=tuple((labels == test.faces.majority).tolist()),
    )
