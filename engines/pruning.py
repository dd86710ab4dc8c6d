"""Dropping from an ONNX graph what nobody reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def drop_unused(graph: Any) -> None:
    """Remove nodes and weights from which nothing comes out, and what is said of inner tensors.

    Args:
        graph: a GraphProto, of the package `onnx` or of `srfer.engines.onnx_file.parse`, without
            inner graphs; changed in place.
    """
    used = {value.name for value in graph.output}
    for place in reversed(range(len(graph.node))):
        if used.isdisjoint(graph.node[place].output):
            del graph.node[place]
        else:
            used.update(graph.node[place].input)
    remove(graph.initializer, lambda weight: weight.name not in used)
    del graph.value_info[:]


def remove(items: Any, is_unwanted: Callable[[Any], bool]) -> None:
    """Take out of a repeated field what is not wanted."""
    for place in reversed(range(len(items))):
        if is_unwanted(items[place]):
            del items[place]
