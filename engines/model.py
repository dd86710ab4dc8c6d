"""A loaded model: face crops in, expressions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.errors import ConfigError, EngineError

from .contract import Options, Session
from .spec import ModelSpec
from .types import FACE_PX, LABELS, Expression

RESTORED_BELOW_PX = 128.0
"""A face of this side or more is read as it is: what blur, noise and compression have taken from it
no longer shows at 48 px. Below, restoring still makes up for blur (`benchmarks.restoring`)."""
LARGEST_PX = 1e6


class Model:
    """A model on a device. May be used from several threads.

    Attributes:
        spec: what the model file says about itself.
        sha256: of the model file.
        device: name of the device, as `srfer.load` takes it.
        engine: runtime, device and precision in words.
        options: how it was opened.
        notes: what the user should know: devices that are there but failed, engines that had to
            be built again.
    """

    def __init__(
        self,
        session: Session,
        spec: ModelSpec,
        *,
        sha256: str,
        device: str,
        engine: str,
        options: Options,
        notes: tuple[str, ...] = (),
    ) -> None:
        self._session = session
        self._max_batch = options.shapes["faces"].most[0]
        self.spec = spec
        self.sha256 = sha256
        self.device = device
        self.engine = engine
        self.options = options
        self.notes = notes

    @property
    def description(self) -> str:
        """Model, runtime, device and precision in words."""
        return f"{self.spec.name} {self.spec.version} by {self.engine}"

    def __repr__(self) -> str:
        return f"Model({self.description})"

    def classify(
        self,
        crops: NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
        native_px: Sequence[float] | None = None,
        *,
        use_sr: bool = True,
    ) -> list[Expression]:
        """Read the expression of each face crop.

        Args:
            crops: one crop or many, each uint8, gray (H, W) or (H, W, 1) or RGB (H, W, 3), of any
                size, framed like FER2013's pictures (brow to chin, ear to ear).
            native_px: side of each face where it was taken, in pixels; its height if not given.
                Give it where crops were enlarged before.
            use_sr: False reads the faces without super-resolution, for comparison; those of
                `RESTORED_BELOW_PX` or more are always read so.

        Returns:
            One expression per crop, in order.

        Raises:
            ConfigError: if a crop has another shape or type, or `native_px` another length.
            EngineError: if the runtime fails or gives numbers that are not finite.
        """
        singles = _split(crops)
        faces = [to_face(crop) for crop in singles]
        if native_px is None:
            native_px = [float(crop.shape[0]) for crop in singles]
        sizes = _to_sizes(native_px)
        if sizes.shape != (len(faces),):
            raise ConfigError(f"{len(faces)} crops but {sizes.size} native sizes")
        if not faces:
            return []
        readings = self.read_faces(np.stack(faces), sizes, use_sr=use_sr)
        expressions = [reading for reading in readings if reading is not None]
        if len(expressions) < len(readings):
            raise EngineError(f"{self.description} gave numbers that are not finite")
        return expressions

    def read_faces(
        self, faces: NDArray[np.uint8], native_px: NDArray[np.float32], *, use_sr: bool = True
    ) -> list[Expression | None]:
        """Read faces that are already cut to 48x48.

        Args:
            faces: (N, 48, 48) gray.
            native_px: (N,) side of each face in the frame, in pixels.
            use_sr: see `classify`.

        Returns:
            One reading per face; None where the runtime gave numbers that are not finite.

        Raises:
            ConfigError: if faces or sizes have another shape or type, or a size is impossible.
            EngineError: if the runtime fails, or gives outputs of another shape.
        """
        _check_faces(faces, native_px)
        readings: list[Expression | None] = []
        for start in range(0, len(faces), self._max_batch):
            chunk = np.ascontiguousarray(faces[start : start + self._max_batch, None])
            sizes = native_px[start : start + self._max_batch]
            is_restored = (sizes < RESTORED_BELOW_PX) & use_sr
            gain = is_restored.astype(np.float32)
            given = self._session.run({"faces": chunk, "native_px": sizes, "sr_gain": gain})
            probabilities, restored = given["probabilities"], given["restored"]
            if probabilities.shape != (len(chunk), len(LABELS)) or restored.shape != chunk.shape:
                raise EngineError(f"{self.description} gave outputs of another shape")
            are_finite = np.isfinite(probabilities).all(axis=1).tolist()
            readings += [
                self._expression(*reading) if is_finite else None
                for is_finite, *reading in zip(
                    are_finite,
                    probabilities,
                    restored,
                    sizes.tolist(),
                    is_restored.tolist(),
                    strict=True,
                )
            ]
        return readings

    def _expression(
        self,
        probabilities: NDArray[np.float32],
        restored: NDArray[np.uint8],
        size: float,
        is_restored: bool,
    ) -> Expression:
        accuracy = self.spec.accuracy if is_restored else self.spec.accuracy_without_sr
        return Expression(
            probabilities=probabilities.copy(),  # a view would keep the whole batch alive
            native_px=size,
            expected_accuracy=accuracy.at(size),
            restored=restored[0].copy(),
        )


def _check_faces(faces: NDArray[np.uint8], native_px: NDArray[np.float32]) -> None:
    if faces.shape[1:] != (FACE_PX, FACE_PX) or faces.dtype != np.uint8:
        raise ConfigError(
            f"faces must be (N, {FACE_PX}, {FACE_PX}) uint8, not {faces.shape} {faces.dtype}"
        )
    if native_px.shape != faces.shape[:1] or native_px.dtype != np.float32:
        raise ConfigError(
            f"native_px must be ({len(faces)},) float32, not {native_px.shape} {native_px.dtype}"
        )
    _check_range(native_px)


def _check_range(sizes: NDArray[np.floating[Any]]) -> None:
    if not ((sizes > 0) & (sizes < LARGEST_PX)).all():  # NaN fails too
        raise ConfigError(f"native sizes must lie between 0 and {LARGEST_PX:.0f} pixels")


def _split(crops: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Make a list of single crops from whatever form they came in."""
    if isinstance(crops, np.ndarray):
        # Four channels are no stack of narrow crops but a mistake, which to_face names.
        is_single = crops.ndim == 2 or (crops.ndim == 3 and crops.shape[2] in (1, 3, 4))
        return [crops] if is_single else list(crops)
    try:
        return list(crops)
    except TypeError:
        raise ConfigError(f"crops must be arrays, not {type(crops).__name__}") from None


def _to_sizes(native_px: Sequence[float]) -> NDArray[np.float32]:
    """Native sizes as (N,) float32, each a number of pixels that can be."""
    try:
        sizes = np.asarray(native_px, np.float64)
    except (TypeError, ValueError):
        raise ConfigError(f"native sizes must be numbers, not {native_px!r:.60}") from None
    _check_range(sizes)
    return sizes.astype(np.float32)


def to_face(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert a crop of any size to the gray face that models read and training learns from.

    Args:
        crop: uint8, gray (H, W) or (H, W, 1) or RGB (H, W, 3).

    Returns:
        (48, 48) uint8: averaged over areas where the crop is larger, bicubic where it is smaller.

    Raises:
        ConfigError: if the crop has another shape or type, or is empty.
    """
    if not isinstance(crop, np.ndarray) or crop.dtype != np.uint8:
        kind = crop.dtype if isinstance(crop, np.ndarray) else type(crop).__name__
        raise ConfigError(f"a crop must be a uint8 array, not {kind}")
    is_gray = crop.ndim == 2 or (crop.ndim == 3 and crop.shape[2] == 1)
    if not is_gray and not (crop.ndim == 3 and crop.shape[2] == 3):
        raise ConfigError(f"a crop must be (H, W), (H, W, 1) or (H, W, 3), not {crop.shape}")
    if 0 in crop.shape:
        raise ConfigError(f"a crop must not be empty: {crop.shape}")
    gray = crop.reshape(crop.shape[:2]) if is_gray else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    if gray.shape == (FACE_PX, FACE_PX):
        return np.asarray(gray, np.uint8)
    shrinks = max(gray.shape) > FACE_PX
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(gray, (FACE_PX, FACE_PX), interpolation=how), np.uint8)
