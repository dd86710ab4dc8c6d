"""From trained weights to the one ONNX file that srfer runs.

The graph takes bytes and gives calibrated probabilities and bytes. Batch norms are folded into the
convolutions before them. Weights are stored in half precision, which halves the file, and computed
in single precision; they are rounded before anything is measured, so the figures in the file are
those of the file.
"""

from __future__ import annotations

import dataclasses
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.functional import softmax

from srfer.engines import FACE_PX, LABELS, Curve, ModelSpec
from srfer.engines.ort import onnxruntime
from srfer.engines.spec import CROP_RULE, INPUTS, METADATA_KEY, OUTPUTS, golden_inputs
from srfer.errors import TrainingError

from .adjustment import LogitAdjustment, interpolate
from .calibrate import fit_temperature
from .data import FaceSet
from .evaluate import EVALUATED_PX, Scores, predict, score
from .networks import Cascade, count_macs, fold
from .ranges import add_ranges

OPSET = 20
LICENCE = "Apache-2.0"
PARITY_TOLERANCE = 1e-4
"""Largest difference of a probability between torch and the exported file."""


class DeployedModel(nn.Module):
    """The cascade with pre- and post-processing: bytes in, probabilities and bytes out.

    Args:
        cascade: in eval mode.
        adjustment: of its logits.
        temperature: by native size.
    """

    def __init__(self, cascade: Cascade, adjustment: LogitAdjustment, temperature: Curve) -> None:
        super().__init__()
        self.cascade = cascade
        self.adjustment = adjustment
        self.temperature = temperature

    def forward(self, faces: Tensor, native_px: Tensor, sr_gain: Tensor) -> tuple[Tensor, Tensor]:
        """See `srfer.engines.spec` for shapes and ranges."""
        out = self.cascade(faces.to(torch.float32) / 255, native_px, sr_gain)
        logits = self.adjustment(out.logits, native_px)
        logits = logits / interpolate(self.temperature, native_px)[:, None]
        restored = torch.round(out.restored.clamp(0.0, 1.0) * 255).to(torch.uint8)
        return softmax(logits, dim=1), restored


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a model is called and where it comes from.

    Attributes:
        name: of the model.
        version: of these weights.
        recipe: digest of the recipe.
        training_data: what the network learned from, in words.
    """

    name: str
    version: str
    recipe: str
    training_data: str


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A finished model file and what was measured on it.

    Attributes:
        data: the ONNX file.
        spec: its description.
        with_sr: validation scores by native size.
        without_sr: the same with super-resolution switched off.
    """

    data: bytes
    spec: ModelSpec
    with_sr: tuple[Scores, ...]
    without_sr: tuple[Scores, ...]


def _round_to_half(cascade: Cascade) -> None:
    for parameter in cascade.parameters():
        parameter.data = parameter.data.half().float()


def _measure(
    cascade: Cascade, adjustment: LogitAdjustment, faces: FaceSet
) -> tuple[Curve, tuple[Scores, ...], tuple[Scores, ...]]:
    """Fit temperatures on validation faces and score with and without super-resolution."""
    sizes = sorted(EVALUATED_PX)
    temperatures, with_sr, without_sr = [], [], []
    for size in sizes:
        logits, restored = predict(cascade, faces.images, size)
        px = torch.full((len(logits),), float(size))
        logits = adjustment(logits, px)
        temperature = fit_temperature(logits, faces.majority)
        temperatures.append(round(temperature, 4))
        with_sr.append(score(softmax(logits / temperature, dim=1), restored, faces, size))
        logits, plain = predict(cascade, faces.images, size, sr_gain=0.0)
        calm = softmax(adjustment(logits, px) / temperature, dim=1)
        without_sr.append(score(calm, plain, faces, size))
    curve = Curve(tuple(float(size) for size in sizes), tuple(temperatures))
    return curve, tuple(with_sr), tuple(without_sr)


def _accuracy_curve(scores: tuple[Scores, ...]) -> Curve:
    return Curve(
        tuple(float(item.native_px) for item in scores),
        tuple(round(item.accuracy, 4) for item in scores),
    )


def _to_onnx(model: DeployedModel) -> onnx.ModelProto:
    faces = torch.zeros((2, 1, FACE_PX, FACE_PX), dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1, max=4096)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, we do not
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
        program = torch.onnx.export(
            model,
            (faces, torch.full((2,), 24.0), torch.ones(2)),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes={"faces": {0: batch}, "native_px": {0: batch}, "sr_gain": {0: batch}},
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise TrainingError("torch gave no ONNX program")
    return program.model_proto


def _store_weights_as_half(model: onnx.ModelProto) -> None:
    """Replace big float32 weights by float16 ones and a Cast, which runtimes fold at load time."""
    casts = []
    for index, weight in enumerate(model.graph.initializer):
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 64:
            continue
        name = weight.name
        half = numpy_helper.from_array(
            numpy_helper.to_array(weight).astype(np.float16), f"{name}.half"
        )
        model.graph.initializer[index].CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    for position, cast in enumerate(casts):
        model.graph.node.insert(position, cast)
    known = {weight.name for weight in model.graph.initializer}
    kept = [value for value in model.graph.value_info if value.name not in known]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)


def _open(data: bytes) -> Callable[..., NDArray[np.float32]]:
    """Load a file in ONNX Runtime; gives a function from the inputs to probabilities."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def run(*inputs: NDArray[np.generic]) -> NDArray[np.float32]:
        probabilities: NDArray[np.float32] = session.run(
            ["probabilities"], dict(zip(INPUTS, inputs, strict=True))
        )[0]
        return probabilities

    return run


def open_exported(folded: Cascade) -> Callable[..., NDArray[np.float32]]:
    """Run a network as it would be deployed, uncalibrated, on one thread of ONNX Runtime.

    Args:
        folded: in eval mode.

    Returns:
        a function of faces (N, 1, 48, 48) uint8, native_px (N,) and sr_gain (N,) float32 that
        gives probabilities (N, 8).
    """
    plain = LogitAdjustment(torch.ones(1, len(LABELS)))
    proto = _to_onnx(DeployedModel(folded, plain, Curve((8.0, 48.0), (1.0, 1.0))).eval())
    return _open(proto.SerializeToString())


def _check_parity(data: bytes, model: DeployedModel, faces: FaceSet) -> None:
    """Compare file and torch on 256 faces of mixed sizes.

    Raises:
        TrainingError: if they differ.
    """
    images = faces.images[:256]
    sizes = torch.tensor(sorted(EVALUATED_PX), dtype=torch.float32).repeat(64)[: len(images)]
    gain = (torch.arange(len(images)) % 3 > 0).float()
    with torch.no_grad():
        expected = model(images, sizes, gain)[0].numpy()
    found = _open(data)(images.numpy(), sizes.numpy(), gain.numpy())
    difference = float(np.abs(found - expected).max())
    if not difference <= PARITY_TOLERANCE:
        raise TrainingError(f"the exported model differs from torch by {difference:.2g}")


def export_model(
    cascade: Cascade,
    validation: FaceSet,
    provenance: Provenance,
    *,
    adjustment: LogitAdjustment | None = None,
    originals: Tensor | None = None,
) -> ExportedModel:
    """Fold, calibrate, measure, export and verify.

    Args:
        cascade: trained network, folded or not.
        validation: faces with a majority class, for temperatures and the accuracy curves.
        provenance: what to write into it.
        adjustment: of its logits; none if not given.
        originals: (N, 1, 48, 48) uint8 training faces, by which engines with eight bits are
            calibrated; without them there will be none.

    Raises:
        TrainingError: if the file does not compute what torch computes.
    """
    folded = fold(cascade)
    _round_to_half(folded)
    adjustment = adjustment or LogitAdjustment(validation.votes)
    temperature, with_sr, without_sr = _measure(folded, adjustment, validation)
    deployed = DeployedModel(folded, adjustment, temperature).eval()
    proto = _build(deployed)
    spec = ModelSpec(
        **dataclasses.asdict(provenance),
        labels=LABELS,
        crop=CROP_RULE,
        temperature=temperature,
        accuracy=_accuracy_curve(with_sr),
        accuracy_without_sr=_accuracy_curve(without_sr),
        licence=LICENCE,
        parameters=sum(parameter.numel() for parameter in folded.parameters()),
        macs=count_macs(folded),
        golden=_golden_answers(proto),
    )
    proto.metadata_props.add(key=METADATA_KEY, value=spec.to_json())
    if originals is not None:
        add_ranges(proto, originals)
    onnx.checker.check_model(proto, full_check=True)
    data = proto.SerializeToString()
    _check_parity(data, deployed, validation)
    return ExportedModel(data, spec, with_sr, without_sr)


def _golden_answers(proto: onnx.ModelProto) -> tuple[tuple[float, ...], ...]:
    answers = _open(proto.SerializeToString())(*golden_inputs())
    return tuple(tuple(round(float(p), 6) for p in row) for row in answers)


def _build(deployed: DeployedModel) -> onnx.ModelProto:
    """Everything of the file but its description."""
    proto = _to_onnx(deployed)
    _store_weights_as_half(proto)
    _strip_traces(proto)
    return proto


def _strip_traces(proto: onnx.ModelProto) -> None:
    """Remove what the exporter writes about the machine: stack traces with file paths."""
    del proto.metadata_props[:]
    proto.doc_string = ""
    proto.graph.doc_string = ""
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.value_info):
        del value.metadata_props[:]
