"""D4: what happens to a picture that is taken, saved, sent and saved again.

A second-order chain after Real-ESRGAN (Wang, Xie, Dong and Shan, ICCV workshops 2021): twice blur,
resizing, noise and JPEG, then a sinc filter that rings as sharpening does. Only tested, never
trained on.

The paper degrades pictures of 256 px and more, where a blur of 3 px or a detour over 15 % of the
size leaves the contents readable. A face of 8-24 px has nothing to spare: lengths are therefore in
pixels of the native face instead of pixels of the picture, no step goes much below the native size
(else "24 px" would in truth be 10), and every strength is about half of the paper's or less. Both
blurs together stay within the widest of D2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from .jpeg import through_jpeg
from .resize import FULL_PX

Picture = NDArray[np.float32]
"""(H, W) in 0..1."""

ISOTROPIC = 0.6
"""Share of blurs that are as wide as high."""
PLAIN_GAUSSIAN = 0.8
"""Share of blurs of Gaussian shape; the others are generalised ones."""
SHAPE = (0.7, 2.0)
"""Exponent of generalised Gaussians (1: Gaussian, more: flatter). Paper: 0.5-4; 0.5 is fog."""
FIRST_BLUR_PX = (0.2, 0.9)
SECOND_BLUR_PX = (0.2, 0.6)
"""Standard deviations, in pixels of the native face."""
HAS_SECOND_BLUR = 0.8
LARGEST_FIRST = 1.1
"""The first resizing goes to something between the native size and this times 48 px."""
SECOND_SIZE = (0.8, 1.25)
"""The second resizing, as a share of the native size."""
GAUSSIAN = 0.5
"""Share of noises that are Gaussian; the others are Poisson."""
FIRST_NOISE = (1.0, 12.0)
SECOND_NOISE = (1.0, 8.0)
"""Standard deviations of Gaussian noise, in grey levels of 255."""
PHOTONS = (300.0, 3000.0)
"""Of a white pixel under Poisson noise: mid-grey gets a deviation of 10 to 3 levels of 255."""
QUALITY = (40, 95)
"""Of both JPEGs."""
HAS_SINC = 0.8
SINC_CUTOFF = (0.65 * math.pi, math.pi)
"""In radians per native pixel. Paper: from pi/3, which would leave 8 px with the detail of 3."""
SINC_RADIUS_PX = 3

_MODES = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)


@dataclass(frozen=True, slots=True)
class Blur:
    """A generalised Gaussian.

    Attributes:
        sigmas_px: standard deviations along its axes, in pixels of the picture it is applied to.
        angle: of the first axis against the horizontal, in radians.
        shape: exponent; 1 is a Gaussian.
    """

    sigmas_px: tuple[float, float]
    angle: float
    shape: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Blur, resizing, noise and JPEG.

    Attributes:
        blur: None for none.
        size_px: side after resizing.
        mode: OpenCV's name of the interpolation.
        noise_sigma: of Gaussian noise, 0..1; None where the noise is Poisson's.
        photons: of a white pixel under Poisson noise.
        quality: of the JPEG, 1..100.
    """

    blur: Blur | None
    size_px: int
    mode: int
    noise_sigma: float | None
    photons: float
    quality: int


@dataclass(frozen=True, slots=True)
class Chain:
    """All that happens to one face.

    Attributes:
        first: to a size between native and full.
        second: to about the native size.
        native_px: the size in the end.
        mode: OpenCV's name of the last interpolation.
        sinc_cutoff: of the filter after it, in radians per pixel; None for none.
        is_jpeg_last: the second JPEG comes after the filter and not before the last resizing.
    """

    first: Stage
    second: Stage
    native_px: int
    mode: int
    sinc_cutoff: float | None
    is_jpeg_last: bool


def _uniform(low: float, high: float, generator: torch.Generator) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))


def _integer(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, high + 1, (), generator=generator))


def _happens(share: float, generator: torch.Generator) -> bool:
    return float(torch.rand((), generator=generator)) < share


def _draw_blur(sigma_px: tuple[float, float], scale: float, generator: torch.Generator) -> Blur:
    along, across = (scale * _uniform(*sigma_px, generator) for _ in range(2))
    angle = _uniform(0, math.pi, generator)
    if _happens(ISOTROPIC, generator):
        across = along
    shape = 1.0 if _happens(PLAIN_GAUSSIAN, generator) else _uniform(*SHAPE, generator)
    return Blur((along, across), angle, shape)


def _draw_stage(
    blur: Blur | None,
    sizes_px: tuple[int, int],
    noise: tuple[float, float],
    generator: torch.Generator,
) -> Stage:
    return Stage(
        blur=blur,
        size_px=_integer(*sizes_px, generator),
        mode=_MODES[_integer(0, len(_MODES) - 1, generator)],
        noise_sigma=(_uniform(*noise, generator) / 255 if _happens(GAUSSIAN, generator) else None),
        # Evenly in the logarithm, since the deviation goes with the root.
        photons=math.exp(_uniform(math.log(PHOTONS[0]), math.log(PHOTONS[1]), generator)),
        quality=_integer(*QUALITY, generator),
    )


def draw_chain(native_px: int, generator: torch.Generator) -> Chain:
    """Draw what happens to one face.

    Args:
        native_px: size in the end, up to 48.
        generator: the only source of randomness.
    """
    first = _draw_stage(
        _draw_blur(FIRST_BLUR_PX, FULL_PX / native_px, generator),
        (native_px, round(LARGEST_FIRST * FULL_PX)),
        FIRST_NOISE,
        generator,
    )
    second_blur = _draw_blur(SECOND_BLUR_PX, first.size_px / native_px, generator)
    second = _draw_stage(
        second_blur if _happens(HAS_SECOND_BLUR, generator) else None,
        (round(SECOND_SIZE[0] * native_px), round(SECOND_SIZE[1] * native_px)),
        SECOND_NOISE,
        generator,
    )
    cutoff = _uniform(*SINC_CUTOFF, generator)
    return Chain(
        first=first,
        second=second,
        native_px=native_px,
        mode=_MODES[_integer(0, len(_MODES) - 1, generator)],
        sinc_cutoff=cutoff if _happens(HAS_SINC, generator) else None,
        is_jpeg_last=_happens(0.5, generator),
    )


def blur_kernel(blur: Blur) -> Picture:
    """(2r + 1, 2r + 1) with sum 1; r is three times the larger deviation."""
    radius = max(1, math.ceil(3 * max(blur.sigmas_px)))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    cosine, sine = math.cos(blur.angle), math.sin(blur.angle)
    along = (cosine * x + sine * y) / blur.sigmas_px[0]
    across = (cosine * y - sine * x) / blur.sigmas_px[1]
    kernel = np.exp(-0.5 * (along**2 + across**2) ** blur.shape)
    return np.asarray(kernel / kernel.sum(), np.float32)


def sinc_kernel(cutoff: float) -> Picture:
    """The low pass with a circular pass band: (7, 7) with sum 1.

    Args:
        cutoff: radius of the pass band, in radians per pixel, up to pi.
    """
    offsets = torch.arange(-SINC_RADIUS_PX, SINC_RADIUS_PX + 1, dtype=torch.float64)
    distance = torch.hypot(offsets[:, None], offsets[None]).clamp(min=1e-6)
    kernel = cutoff * torch.special.bessel_j1(cutoff * distance) / (2 * math.pi * distance)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _filtered(picture: Picture, kernel: Picture) -> Picture:
    filtered = cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(filtered, np.float32)


def _resized(picture: Picture, size_px: int, mode: int) -> Picture:
    """Without antialiasing other than `INTER_AREA`'s own, as in the paper."""
    if mode == cv2.INTER_AREA and size_px > len(picture):
        mode = cv2.INTER_LINEAR  # averages over areas smaller than a pixel are the pixels again
    resized = cv2.resize(picture, (size_px, size_px), interpolation=mode)
    return np.asarray(resized, np.float32).clip(0, 1)


def _with_noise(picture: Picture, stage: Stage, generator: torch.Generator) -> Picture:
    if stage.noise_sigma is not None:
        noise = torch.randn(picture.shape, generator=generator).numpy()
        noisy = picture + np.float32(stage.noise_sigma) * noise
    else:
        counts = torch.poisson(torch.from_numpy(picture * stage.photons), generator)
        noisy = counts.numpy() / np.float32(stage.photons)
    return noisy.clip(0, 1).astype(np.float32)


def _to_8_bits(picture: Picture) -> NDArray[np.uint8]:
    return (picture * 255).round().clip(0, 255).astype(np.uint8)


def _compressed(picture: Picture, quality: int) -> Picture:
    return np.asarray(through_jpeg(_to_8_bits(picture), quality), np.float32) / np.float32(255)


def _blurred_resized_noisy(picture: Picture, stage: Stage, generator: torch.Generator) -> Picture:
    if stage.blur is not None:
        picture = _filtered(picture, blur_kernel(stage.blur))
    return _with_noise(_resized(picture, stage.size_px, stage.mode), stage, generator)


def apply_chain(picture: Picture, chain: Chain, generator: torch.Generator) -> NDArray[np.uint8]:
    """Do to one face what was drawn.

    Args:
        picture: (48, 48) in 0..1.
        chain: from `draw_chain`.
        generator: source of the noise.

    Returns:
        (native_px, native_px).
    """
    first, second = chain.first, chain.second
    picture = _compressed(_blurred_resized_noisy(picture, first, generator), first.quality)
    picture = _blurred_resized_noisy(picture, second, generator)
    if not chain.is_jpeg_last:
        picture = _compressed(picture, second.quality)
    picture = _resized(picture, chain.native_px, chain.mode)
    if chain.sinc_cutoff is not None:
        picture = _filtered(picture, sinc_kernel(chain.sinc_cutoff)).clip(0, 1)
    if chain.is_jpeg_last:
        picture = _compressed(picture, second.quality)
    return _to_8_bits(picture)
