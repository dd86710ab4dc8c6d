"""The shipped model in forms that several tests want."""

from __future__ import annotations

import hashlib

import onnx
import pytest
import torch

from srfer.engines import ModelFile, read_model
from srfer.engines.check import fixed_faces
from srfer.engines.precision import RANGES_KEY
from srfer.training.ranges import add_ranges


def as_file(proto: onnx.ModelProto, name: str = "mine.onnx") -> ModelFile:
    """A model file of a changed graph."""
    data = proto.SerializeToString()
    return ModelFile(name, data, hashlib.sha256(data).hexdigest())


@pytest.fixture(scope="session")
def ranged_model() -> ModelFile:
    """The shipped model with ranges for eight bits, measured on drawn faces."""
    proto = onnx.load_from_string(read_model("srfer-base").data)
    kept = [entry for entry in proto.metadata_props if entry.key != RANGES_KEY]
    del proto.metadata_props[:]
    proto.metadata_props.extend(kept)
    add_ranges(proto, torch.from_numpy(fixed_faces(64)[0])[:, None])
    return as_file(proto, "ranged.onnx")
