"""Whether engines give the same answers as ONNX Runtime in single precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from srfer.errors import ConfigError, SrferError

from .. import registry
from ..contract import MAX_BATCH, Precision
from ..model import Model
from ..select import load

REFERENCE = "cpu"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far an engine may be off.

    Attributes:
        difference: largest difference of any probability.
        labels: least share of faces with the reference's label, 0..1.
    """

    difference: float
    labels: float


TOLERANCES: Mapping[Precision, Tolerance] = MappingProxyType(
    {
        "fp32": Tolerance(1e-3, 0.995),
        "fp16": Tolerance(2e-2, 0.995),
        "int8": Tolerance(0.25, 0.98),
    }
)
"""Eight bits move single probabilities by a tenth where a face lies between two expressions, and
accuracy on a thousand faces by nothing that can be measured (docs/decisions/0010-engines.md)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was found on a set of faces.

    Attributes:
        largest: difference of any probability from the reference's, at most.
        mean: largest difference of a face, on average over faces.
        same_labels: share of faces with the reference's label, 0..1.
        faces: how many faces were compared.
    """

    largest: float
    mean: float
    same_labels: float
    faces: int

    def is_within(self, tolerance: Tolerance) -> bool:
        """True where the engine may be used in the reference's place."""
        return self.largest <= tolerance.difference and self.same_labels >= tolerance.labels


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine that was looked at.

    Attributes:
        device: its name.
        precision: what it was opened in.
        model: the loaded model, or None if it cannot be used here.
        agreement: with the reference, or None if there is no model.
        reason: why there is no model; "" if there is.
    """

    device: str
    precision: Precision
    model: Model | None = None
    agreement: Agreement | None = None
    reason: str = ""

    @property
    def is_right(self) -> bool:
        """True where it agrees with the reference as well as its precision allows."""
        return self.agreement is not None and self.agreement.is_within(TOLERANCES[self.precision])


def measure_agreement(
    model: Model, reference: Model, faces: NDArray[np.uint8], native_px: NDArray[np.float32]
) -> Agreement:
    """Compare the answers of two models.

    Args:
        model: the one that is judged.
        reference: the one that is right.
        faces: (N, 48, 48) uint8 gray.
        native_px: (N,) in pixels.

    Raises:
        EngineError: if a runtime fails.
    """
    found, right = (_probabilities(one, faces, native_px) for one in (model, reference))
    differences = np.abs(found - right).max(axis=1)
    differences = np.where(np.isfinite(differences), differences, np.inf)
    same = found.argmax(axis=1) == right.argmax(axis=1)
    return Agreement(
        float(differences.max()), float(differences.mean()), float(same.mean()), len(faces)
    )


def _probabilities(
    model: Model, faces: NDArray[np.uint8], native_px: NDArray[np.float32]
) -> NDArray[np.float64]:
    missing = np.full(8, np.nan)
    readings = model.read_faces(faces, native_px)
    return np.stack([missing if one is None else one.probabilities for one in readings])


def check_engines(
    model: str | Path,
    faces: NDArray[np.uint8],
    native_px: NDArray[np.float32],
    *,
    devices: Sequence[str] = (),
    precisions: Sequence[Precision] = (),
    threads: int = 1,
    max_batch: int = MAX_BATCH,
    on_candidate: Callable[[str], None] = lambda _: None,
) -> Iterator[Candidate]:
    """Open a model on every engine in every precision, and compare each with the reference.

    Args:
        model: what `srfer.load` takes.
        faces: (N, 48, 48) uint8 gray.
        native_px: (N,) in pixels.
        devices: only these; all if there are none.
        precisions: only these; all if there are none.
        threads: processor threads for one batch.
        max_batch: most faces that are computed at a time.
        on_candidate: told which engine comes next.

    Raises:
        ConfigError: if there is no such device.
        ModelError: if the model itself cannot be used.
    """
    known = [backend.device for backend in registry.BACKENDS]
    if unknown := [device for device in devices if device not in known]:
        raise ConfigError(f"no device {unknown[0]!r} to check: choose of {', '.join(known)}")
    reference = load(model, REFERENCE, threads, precision="fp32", max_batch=max_batch)
    for backend in registry.BACKENDS:
        if devices and backend.device not in devices:
            continue
        for precision in backend.precisions:
            if precisions and precision not in precisions:
                continue
            reason = backend.why_not()
            if reason is not None:
                yield Candidate(backend.device, precision, reason=reason)
                continue
            on_candidate(f"{backend.device}, {precision}")
            try:
                one = load(model, backend.device, threads, precision=precision, max_batch=max_batch)
                agreement = measure_agreement(one, reference, faces, native_px)
            except SrferError as error:
                yield Candidate(backend.device, precision, reason=str(error))
            else:
                yield Candidate(backend.device, precision, one, agreement)
