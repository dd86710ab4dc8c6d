"""What is left of a model's graph where no face is restored.

With `sr_gain` 0 the network that restores adds nothing, but a runtime computes it all the same, and
it is a third of the work. Without it, the rest of the graph gives the same numbers as the whole one
does with a gain of 0.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .contract import ModelFile
from .onnx_file import parse
from .pruning import drop_unused, remove

GAIN = "sr_gain"
_RESHAPES = frozenset(["Cast", "Expand", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"])
"""Operators of whose first input, where it is 0, nothing but 0 can come."""


def without_restoring(model: ModelFile) -> ModelFile | None:
    """Take super-resolution out of a model.

    Args:
        model: a srfer model (`srfer.engines.spec.check_form`).

    Returns:
        a graph without the input `sr_gain`, of the same outputs; None where the gain is used for
        anything else than to weigh what is added to a face.
    """
    proto = parse(model.data, model.name)
    graph = proto.graph
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return None  # an inner graph may use any name of the outer one
    _add_nothing(graph)
    drop_unused(graph)
    if any(GAIN in node.input for node in graph.node):
        return None
    remove(graph.input, lambda value: value.name == GAIN)
    data = bytes(proto.SerializeToString())
    return ModelFile(f"{model.name} without restoring", data, hashlib.sha256(data).hexdigest())


def _add_nothing(graph: Any) -> None:
    """Let sums to which the gain would add 0 hand on their other term."""
    zeros = {GAIN}
    for node in graph.node:
        are_zero = [name in zeros for name in node.input]
        if (node.op_type in _RESHAPES and are_zero[0]) or (node.op_type == "Mul" and any(are_zero)):
            zeros.update(node.output)
        elif node.op_type == "Add" and are_zero.count(True) == 1:
            del node.input[are_zero.index(True)]
            node.op_type = "Identity"
