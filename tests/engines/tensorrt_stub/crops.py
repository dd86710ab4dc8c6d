"""Inputs for comparisons between engines, made from seeds."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from srfer.engines import FACE_PX, ModelFile
from srfer.engines.ort import onnxruntime
from srfer.engines.precision import RANGES_KEY


def crops(count: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Inputs of the expression model, half of them noise and half smooth, of all native sizes.

    Returns:
        faces (count, 1, 48, 48) uint8, native_px (count,) float32, sr_gain (count,) float32.
    """
    random = np.random.default_rng(seed)
    faces = random.integers(0, 256, (count, 1, FACE_PX, FACE_PX), np.uint8)
    y, x = np.mgrid[0:FACE_PX, 0:FACE_PX]
    for face in faces[::2]:
        waves = [random.uniform(-0.3, 0.3, 3) for _ in range(3)]
        light = sum(35 * np.sin(a * x + b * y + 20 * c) for a, b, c in waves)
        face[0] = np.clip(random.uniform(70, 180) + light, 0, 255)
    sizes = random.uniform(8, FACE_PX, count).astype(np.float32)
    return {
        "faces": faces,
        "native_px": sizes,
        "sr_gain": (np.arange(count) % 3 > 0) * np.float32(1),
    }


def model_with_ranges(model: ModelFile) -> ModelFile:
    """A model that can be computed in eight bits; ranges are measured if it has none."""
    proto = onnx.load_from_string(model.data)
    if any(entry.key == RANGES_KEY for entry in proto.metadata_props):
        return model
    names = sorted({node.input[0] for node in proto.graph.node if node.op_type == "Conv"})
    proto.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    values = session.run(names, crops(64))
    ranges = {name: float(np.abs(found).max()) for name, found in zip(names, values, strict=True)}
    del proto.graph.output[-len(names) :]
    proto.metadata_props.add(key=RANGES_KEY, value=json.dumps(ranges))
    data = bytes(proto.SerializeToString())
    return ModelFile(model.name, data, hashlib.sha256(data).hexdigest())
