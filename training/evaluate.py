"""Accuracy, recall and calibration by native size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from srfer.engines import LABELS, Model

from .data import FaceSet
from .degradations import DegradationKind, degrade_for_test, enlarge, reduce
from .networks import Cascade

EVALUATED_PX = (48, 24, 16, 12, 10, 8)
"""The native sizes of every report. 10 is never trained on."""

CALIBRATION_BINS = 15
BATCH = 256
"""Faces at a time."""
DEGRADATION_SEED = 20240612
"""Whoever is measured reads the same pictures."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How well a network does on faces of one native size.

    Attributes:
        native_px: side of the faces in pixels.
        count: number of faces.
        accuracy: share labelled correctly, 0..1.
        macro_recall: mean of `recall` over the classes that occur.
        recall: (8,) share of each class labelled correctly; None where the class does not occur.
        ece: expected calibration error over 15 bins of equal width, 0..1.
        psnr_db: restored against original face, mean over faces; 100 where they are identical.
    """

    native_px: int
    count: int
    accuracy: float
    macro_recall: float
    recall: tuple[float | None, ...]
    ece: float
    psnr_db: float


def calibration_error(probabilities: Tensor, correct: Tensor) -> float:
    """Expected calibration error (Guo et al., ICML 2017).

    Args:
        probabilities: (N, 8), rows sum to 1.
        correct: (N,) bool.
    """
    confidence = probabilities.max(dim=1).values
    bins = (confidence * CALIBRATION_BINS).long().clamp(max=CALIBRATION_BINS - 1)
    gap = 0.0
    for index in range(CALIBRATION_BINS):
        inside = bins == index
        if inside.any():
            difference = confidence[inside].mean() - correct[inside].float().mean()
            gap += float(difference.abs()) * float(inside.float().mean())
    return gap


@torch.no_grad()
def predict(
    network: Cascade, images: Tensor, native_px: int, *, sr_gain: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Degrade faces by D1 and run the network in float32.

    Args:
        network: in eval mode.
        images: (N, 1, 48, 48) uint8, originals.
        native_px: size to reduce them to.
        sr_gain: 1 with super-resolution, 0 without.

    Returns:
        logits (N, 8) and restored faces (N, 1, 48, 48) in 0..1.
    """
    degraded = [
        enlarge(reduce(part.float() / 255, native_px)) for part in torch.split(images, BATCH)
    ]
    return read(network, torch.cat(degraded), native_px, sr_gain=sr_gain)


@torch.no_grad()
def read(
    network: Cascade, degraded: Tensor, native_px: int, *, sr_gain: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Run the network in float32 on faces that were degraded before.

    Args:
        network: in eval mode, on any device.
        degraded: (N, 1, 48, 48) in 0..1, on the CPU.
        native_px: size that they were reduced to.
        sr_gain: 1 with super-resolution, 0 without.

    Returns:
        logits (N, 8) and restored faces (N, 1, 48, 48) in 0..1, on the CPU.
    """
    logits, restored = [], []
    device = next(network.parameters()).device
    for faces in torch.split(degraded, BATCH):
        sizes = torch.full((len(faces),), float(native_px))
        gains = torch.full((len(faces),), sr_gain)
        out = network(faces.to(device), sizes.to(device), gains.to(device))
        logits.append(out.logits.cpu())
        restored.append(out.restored.clamp(0, 1).cpu())
    return torch.cat(logits), torch.cat(restored)


def score(probabilities: Tensor, restored: Tensor, faces: FaceSet, native_px: int) -> Scores:
    """Compare predictions with the majority classes.

    Args:
        probabilities: (N, 8), rows sum to 1.
        restored: (N, 1, 48, 48) in 0..1.
        faces: the N originals, each with a majority class.
        native_px: the size they were reduced to.
    """
    correct = probabilities.argmax(dim=1) == faces.majority
    recall = tuple(
        float(correct[faces.majority == label].float().mean())
        if (faces.majority == label).any()
        else None
        for label in range(len(LABELS))
    )
    present = [value for value in recall if value is not None]
    errors = ((restored - faces.images.float() / 255) ** 2).mean(dim=(1, 2, 3))
    return Scores(
        native_px=native_px,
        count=len(faces),
        accuracy=float(correct.float().mean()),
        macro_recall=sum(present) / len(present),
        recall=recall,
        ece=calibration_error(probabilities, correct),
        psnr_db=float((-10 * torch.log10(errors.clamp(min=1e-10))).mean()),
    )


def evaluate_model(
    model: Model,
    faces: FaceSet,
    sizes: Sequence[int] = EVALUATED_PX,
    *,
    use_sr: bool = True,
    degradation: DegradationKind = "D1",
) -> tuple[Scores, ...]:
    """Score a finished model through its public door.

    Args:
        model: loaded by `srfer.load`.
        faces: each with a majority class.
        sizes: native sizes to reduce them to.
        use_sr: False reads them without super-resolution.
        degradation: how they lose their resolution; all but D1 are drawn with a fixed seed.
    """
    scores = []
    for size in sizes:
        crops = _to_bytes(_crops(faces, size, degradation))
        readings = model.classify(list(crops), [float(size)] * len(crops), use_sr=use_sr)
        probabilities = np.stack([reading.probabilities for reading in readings])
        restored = np.stack([item.restored for item in readings if item.restored is not None])
        scores.append(
            score(
                torch.from_numpy(probabilities),
                torch.from_numpy(restored)[:, None].float() / 255,
                faces,
                size,
            )
        )
    return tuple(scores)


def faces_of_all_sizes(
    faces: FaceSet, count: int, sizes: Sequence[int] = EVALUATED_PX
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Reduce faces by D1 to each of the sizes in turn, and enlarge them again.

    Args:
        faces: of which the first are taken.
        count: how many to take; all if there are fewer.
        sizes: native sizes.

    Returns:
        (N, 48, 48) uint8 gray, and native_px (N,) float32.
    """
    originals = faces.images[:count].float() / 255
    native_px = np.resize(np.asarray(sizes, np.float32), len(originals))
    crops = np.empty((len(originals), *originals.shape[2:]), np.uint8)
    for size in sizes:
        chosen = native_px == size
        if chosen.any():
            crops[chosen] = _to_bytes(enlarge(reduce(originals[torch.from_numpy(chosen)], size)))
    return crops, native_px


def _crops(faces: FaceSet, size: int, degradation: DegradationKind) -> Tensor:
    """What a camera gives: (N, 1, s, s) in 0..1, of the native size where that is all there is."""
    originals = faces.images.float() / 255
    if degradation == "D1":
        return reduce(originals, size)
    return degrade_for_test(originals, size, degradation, DEGRADATION_SEED)


def _to_bytes(images: Tensor) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = (images[:, 0] * 255).round().to(torch.uint8).numpy()
    return pixels


def evaluate(
    network: Cascade, faces: FaceSet, sizes: Sequence[int] = EVALUATED_PX, *, sr_gain: float = 1.0
) -> tuple[Scores, ...]:
    """Score a network at each native size; puts it in eval mode and back."""
    was_training = network.training
    network.eval()
    scores = []
    for size in sizes:
        logits, restored = predict(network, faces.images, size, sr_gain=sr_gain)
        scores.append(score(functional.softmax(logits, dim=1), restored, faces, size))
    network.train(was_training)
    return tuple(scores)
