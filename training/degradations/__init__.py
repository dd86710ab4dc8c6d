"""How faces lose resolution on the way to the camera, seeded.

D1  antialiased bicubic reduction, 8 bits
D2  Gaussian blur (sigma 0.2-1.5 low-resolution pixels), then D1
D3  D2, then Gaussian noise (sigma 1-15 of 255) and JPEG (quality 30-90)
D4  second order: twice blur, resizing, noise and JPEG, then a sinc filter
D5  H.264 at CRF 23, 30 or 37, taken from a P-frame

Each ends with bicubic enlargement to 48 px and rounding to 8 bits: what the engine receives.
Training draws from D1 to D3 (`degrade`); D4 and D5 are only tested (`degrade_for_test`).
"""

from __future__ import annotations

from .blur_noise import BLUR_SIGMA_PX, JPEG_QUALITY, NOISE_SIGMA, blur
from .for_test import DegradationKind, degrade_for_test
from .jpeg import compress_jpeg
from .mix import DegradationMix, degrade
from .resize import FULL_PX, enlarge, reduce

__all__ = [
    "BLUR_SIGMA_PX",
    "FULL_PX",
    "JPEG_QUALITY",
    "NOISE_SIGMA",
    "DegradationKind",
    "DegradationMix",
    "blur",
    "compress_jpeg",
    "degrade",
    "degrade_for_test",
    "enlarge",
    "reduce",
]
