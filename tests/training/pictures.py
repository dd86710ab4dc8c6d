"""Plain picture operations that degradations are compared with."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image


def smooth_faces(count: int = 6) -> torch.Tensor:
    """(count, 1, 48, 48) smooth pictures in steps of 1/255."""
    coarse = np.random.default_rng(3).random((count, 12, 12))
    smooth = np.stack(
        [cv2.resize(item, (48, 48), interpolation=cv2.INTER_CUBIC) for item in coarse]
    )
    return torch.from_numpy(np.round(smooth.clip(0, 1) * 255).astype(np.float32) / 255)[:, None]


def in_grey_levels(images: torch.Tensor) -> NDArray[np.float64]:
    """(N, 1, H, W) in 0..1 -> (N, H, W) in whole levels of 0..255."""
    return (images[:, 0].double() * 255).round().numpy()


def convolved(picture: NDArray[Any], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H, W) with a kernel of odd sides, pixel by pixel; the border is replicated."""
    below, beside = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(picture.astype(np.float64), ((below, below), (beside, beside)), mode="edge")
    out = np.empty(picture.shape)
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            patch = padded[row : row + kernel.shape[0], column : column + kernel.shape[1]]
            out[row, column] = (patch * kernel[::-1, ::-1]).sum()
    return out


def through_pillow_jpeg(picture: NDArray[Any], quality: int) -> NDArray[np.float64]:
    """(H, W) in grey levels, encoded and decoded by Pillow."""
    file = BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)).astype(np.float64)
