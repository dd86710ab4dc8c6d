"""What a model file says about itself, and the form that every model file has.

One ONNX file is the model, with pre- and post-processing inside the graph, so that every runtime
sees the same numbers:

    faces      uint8 (N, 1, 48, 48)   gray crops, resized to 48 px whatever their native size
    native_px  float32 (N,)           side of each crop in the frame: how much of it is real
    sr_gain    float32 (N,)           1 restores the face first, 0 reads it as it is
    -> probabilities float32 (N, 8), restored uint8 (N, 1, 48, 48)

The metadata entry "srfer" is a JSON object with the fields of `ModelSpec`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.errors import ConfigError, ModelError

from .contract import Precision, ShapeRange
from .onnx_file import OnnxForm, TensorForm
from .types import FACE_PX, LABELS

METADATA_KEY = "srfer"
FORMAT = 1
INPUTS = ("faces", "native_px", "sr_gain")
OUTPUTS = ("probabilities", "restored")
CROP_RULE = "fer2013"
"""Faces are cut as FER2013's pictures are framed; `srfer.realtime.crop` does it."""

_FACES = (None, 1, FACE_PX, FACE_PX)
FORM = {
    "faces": TensorForm("faces", "uint8", _FACES),
    "native_px": TensorForm("native_px", "float32", (None,)),
    "sr_gain": TensorForm("sr_gain", "float32", (None,)),
    "probabilities": TensorForm("probabilities", "float32", (None, len(LABELS))),
    "restored": TensorForm("restored", "uint8", _FACES),
}
"""What every model takes and gives."""

USUAL_BATCH = 8
"""Faces in a batch that compilers should be fastest at."""
LARGEST_BATCH = 1024

GOLDEN_TOLERANCE: Mapping[Precision, float] = MappingProxyType(
    {"fp32": 1e-3, "fp16": 2e-2, "int8": 0.2}
)
"""Largest difference of a golden face's probability at which a model still counts as whole."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity over the native size of a face, linear between the measured sizes.

    Attributes:
        native_px: measured sizes in pixels, increasing.
        values: the quantity at each.
    """

    native_px: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.native_px) != len(self.values) or not self.values:
            raise ValueError("a curve needs as many values as sizes, and at least one")
        if any(a >= b for a, b in pairwise(self.native_px)):
            raise ValueError("the sizes of a curve must increase")

    def at(self, native_px: float) -> float:
        """The value at a size; the first or last value beyond the measured sizes."""
        return float(np.interp(native_px, self.native_px, self.values))


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The description inside a model file.

    Attributes:
        name: of the model.
        version: of these weights.
        labels: expressions in the order of the probabilities.
        crop: name of the rule by which faces have to be cut.
        temperature: by native size; already applied inside the graph, kept for the record.
        accuracy: on validation faces by native size, with super-resolution, 0..1.
        accuracy_without_sr: the same with sr_gain 0.
        licence: SPDX name of the weights' licence.
        training_data: what the weights were trained on.
        recipe: digest of the training recipe.
        parameters: number of weights.
        macs: multiply-accumulates a face.
        golden: probabilities that the golden faces must give, row by row.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    crop: str
    temperature: Curve
    accuracy: Curve
    accuracy_without_sr: Curve
    licence: str
    training_data: str
    recipe: str
    parameters: int
    macs: int
    golden: tuple[tuple[float, ...], ...]

    def to_json(self) -> str:
        """The text that goes into the model file."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, sort_keys=True)


def parse_spec(metadata: Mapping[str, str], where: str) -> ModelSpec:
    """Read the description from a model file's metadata.

    Args:
        metadata: the file's entries.
        where: name of the file, for messages.

    Raises:
        ModelError: if it is absent, incomplete or of another format or label set.
    """
    if METADATA_KEY not in metadata:
        raise ModelError(f"{where} is not a srfer model: it has no {METADATA_KEY!r} metadata")
    try:
        table: dict[str, Any] = json.loads(metadata[METADATA_KEY])
        found = table.pop("format")
        if found != FORMAT:
            raise ModelError(f"{where} has model format {found}; this srfer reads format {FORMAT}")
        for key in ("temperature", "accuracy", "accuracy_without_sr"):
            curve = table[key]
            table[key] = Curve(tuple(curve["native_px"]), tuple(curve["values"]))
        table["labels"] = tuple(table["labels"])
        table["golden"] = tuple(tuple(row) for row in table["golden"])
        spec = ModelSpec(**table)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{where} has a damaged description: {error}") from None
    if spec.labels != LABELS:
        raise ModelError(f"{where} has labels {spec.labels}; srfer reads {LABELS}")
    if spec.crop != CROP_RULE:
        raise ModelError(f"{where} wants faces cut by {spec.crop!r}; srfer cuts by {CROP_RULE!r}")
    return spec


def golden_inputs() -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Inputs with known outputs: patterns from integer arithmetic, no one's face.

    Returns:
        faces (4, 1, 48, 48) uint8, native_px (4,) and sr_gain (4,) float32.
    """
    y, x = np.mgrid[0:FACE_PX, 0:FACE_PX]
    rings = (x - 24) ** 2 + (y - 20) ** 2
    faces = [
        255 - rings // 5,
        (x * 5 + y * 3) % 256,
        128 + (rings % 120) - ((x * y) % 90),
        np.where((y // 8 + x // 12) % 2 == 0, 60 + y * 2, 200 - x),
    ]
    stack = np.clip(np.stack(faces), 0, 255).astype(np.uint8)[:, None]
    return stack, np.array([48, 24, 12, 8], np.float32), np.array([1, 1, 1, 0], np.float32)


def golden_feeds() -> dict[str, NDArray[Any]]:
    """`golden_inputs` by the names of the graph's inputs."""
    return dict(zip(INPUTS, golden_inputs(), strict=True))


def check_golden(
    spec: ModelSpec, probabilities: NDArray[np.float32], where: str, precision: Precision = "fp32"
) -> None:
    """Compare a model's answers on `golden_inputs` with those it was shipped with.

    Raises:
        ModelError: if they differ by more than the precision explains, are not finite, or are
            missing.
    """
    expected: Sequence[Sequence[float]] = spec.golden
    if probabilities.shape != (len(expected), len(LABELS)):
        raise ModelError(f"{where} has no golden answers for the self-test")
    difference = np.abs(probabilities - np.asarray(expected, np.float32)).max()
    if not difference <= GOLDEN_TOLERANCE[precision]:  # NaN fails too
        raise ModelError(
            f"{where} fails its self-test (probabilities differ by {difference:.2g}): "
            "the file is damaged or the runtime computes wrong numbers"
        )


def check_form(form: OnnxForm, where: str) -> None:
    """Compare inputs and outputs of a file with those of every srfer model.

    Raises:
        ModelError: if they differ.
    """
    for kind, found, names in (
        ("inputs", form.inputs, INPUTS),
        ("outputs", form.outputs, OUTPUTS),
    ):
        if tuple(tensor.name for tensor in found) != names:
            listed = ", ".join(tensor.name for tensor in found)
            raise ModelError(f"{where} has {kind} {listed}; a srfer model has {', '.join(names)}")
        for tensor in found:
            if tensor != FORM[tensor.name]:
                raise ModelError(f"{where}: {tensor} should be {FORM[tensor.name]}")


def expression_shapes(max_batch: int) -> dict[str, ShapeRange]:
    """The shapes in which a model's inputs come.

    Args:
        max_batch: most faces at a time.

    Raises:
        ConfigError: if that is impossible.
    """
    if not 1 <= max_batch <= LARGEST_BATCH:
        raise ConfigError(f"max_batch must lie between 1 and {LARGEST_BATCH}, not {max_batch}")

    def of_batches(*axes: int) -> ShapeRange:
        sizes = 1, min(USUAL_BATCH, max_batch), max_batch
        least, usual, most = ((size, *axes) for size in sizes)
        return ShapeRange(least, usual, most)

    return {
        "faces": of_batches(1, FACE_PX, FACE_PX),
        "native_px": of_batches(),
        "sr_gain": of_batches(),
    }
