"""What JPEG leaves of a picture."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def through_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Encode and decode: (H, W) grey and 1..100 -> (H, W)."""
    _, data = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def compress_jpeg(images: Tensor, qualities: Tensor) -> Tensor:
    """Encode and decode each image: (N, 1, H, W) in 0..1 and (N,) of 1..100 -> (N, 1, H, W)."""
    out = np.empty((images.shape[0], *images.shape[2:]), np.uint8)
    pixels = (images[:, 0] * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    for index, quality in enumerate(qualities.tolist()):
        out[index] = through_jpeg(pixels[index], int(quality))
    return torch.from_numpy(out)[:, None].to(images.dtype) / 255
