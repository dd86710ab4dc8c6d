"""One degradation at one size for all faces: what systems are compared under."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from .mix import degrade_group
from .resize import enlarge
from .second_order import apply_chain, draw_chain
from .video_compression import compress_video

DegradationKind = Literal["D1", "D2", "D3", "D4", "D5"]


def degrade_for_test(images: Tensor, native_px: int, kind: DegradationKind, seed: int) -> Tensor:
    """Degrade all faces in one way, the same whenever and wherever it is called.

    With D1 to D4 the outcome for a face follows from the face, its index and the seed alone. With
    D5 it follows from the clip of 64 faces it falls into, and all before it count only by number.

    Args:
        images: (N, 1, 48, 48) float32 in 0..1, N of 1 or more, on the CPU.
        native_px: size to reduce them to, 4 to 48.
        kind: which degradation.
        seed: 0 or more.

    Returns:
        (N, 1, 48, 48) in steps of 1/255.

    Raises:
        TrainingError: if D5 is asked for and PyAV has no libx264.
    """
    if kind == "D5":
        return enlarge(compress_video(images, native_px, _generator(seed)))
    # One at a time and not batched: a batch would tie each face to its neighbours, through the
    # order of random numbers and the size of the largest blur.
    degraded = [
        _degrade_one(images[index : index + 1], native_px, kind, _generator(seed, index))
        for index in range(len(images))
    ]
    return torch.cat(degraded)


def _degrade_one(
    image: Tensor,
    native_px: int,
    kind: Literal["D1", "D2", "D3", "D4"],
    generator: torch.Generator,
) -> Tensor:
    """(1, 1, 48, 48) -> (1, 1, 48, 48)."""
    if kind != "D4":
        return degrade_group(image, native_px, torch.tensor([int(kind[1])]), generator)
    chain = draw_chain(native_px, generator)
    small = apply_chain(image[0, 0].numpy(), chain, generator)
    return enlarge(torch.from_numpy(small)[None, None].float() / 255)


def _generator(*numbers: int) -> torch.Generator:
    """Seeded with a mixture, since torch wants seeds with about as many ones as zeros."""
    seed = np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(seed))
