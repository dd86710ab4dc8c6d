"""How large the inputs of convolutions get: what eight-bit engines have to know.

Measured on training faces when a model is exported and stored in its file, so that whoever builds
an engine needs neither faces nor PyTorch. Only convolutions after the expression network's first
stage are measured, and so only they can be computed in eight bits: they do most of the work, while
super-resolution and the first stage handle single gray levels, which eight bits would round away.
"""

from __future__ import annotations

import json
import re

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from torch import Tensor

from srfer.engines.ort import onnxruntime
from srfer.engines.precision import RANGES_KEY
from srfer.engines.spec import INPUTS

from .degradations import enlarge, reduce
from .evaluate import EVALUATED_PX

COARSE_STAGES = re.compile(r"cascade\.fer\.stages\.[1-9]\d*\.")
FACES_PER_SIZE = 64
COVERED_PERCENT = 99.99
"""Of all values of a tensor; the few beyond are cut off, so that the others get finer steps."""


def add_ranges(proto: onnx.ModelProto, originals: Tensor) -> None:
    """Measure and write the ranges into a model, in place.

    Args:
        proto: as exported.
        originals: (N, 1, 48, 48) uint8 training faces; the first `FACES_PER_SIZE` are reduced to
            each evaluated size in turn.
    """
    names = list(
        dict.fromkeys(
            node.input[0]
            for node in proto.graph.node
            if node.op_type == "Conv" and COARSE_STAGES.match(node.input[1])
        )
    )
    watched = onnx.ModelProto()
    watched.CopyFrom(proto)
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        watched.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    ranges = dict.fromkeys(names, 0.0)
    faces = originals[:FACES_PER_SIZE].float() / 255
    for size in EVALUATED_PX:
        small = (enlarge(reduce(faces, size)) * 255).round().to(torch.uint8).numpy()
        sizes, gains = np.full(len(small), size, np.float32), np.ones(len(small), np.float32)
        found = session.run(names, dict(zip(INPUTS, (small, sizes, gains), strict=True)))
        for name, values in zip(names, found, strict=True):
            largest = float(np.percentile(np.abs(values), COVERED_PERCENT))
            ranges[name] = max(ranges[name], round(largest, 4))
    proto.metadata_props.add(key=RANGES_KEY, value=json.dumps(ranges))
