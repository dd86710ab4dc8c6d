"""PyTorch, node by node: slow, and the reference for all others."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srfer.errors import EngineError

from ..contract import Arrays, ModelFile, Options, Precision

if TYPE_CHECKING:
    from .torch_graph import TorchGraph


class TorchSession:
    """A graph as a module; may be used from several threads."""

    def __init__(self, graph: TorchGraph, description: str) -> None:
        self._graph = graph
        self._description = description

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        """See `srfer.engines.contract.Session.run`."""
        import torch

        arrays = (np.ascontiguousarray(feeds[name]) for name in self._graph.inputs)
        # Copied: PyTorch warns of arrays that it must not write to.
        tensors = [torch.from_numpy(array.copy()) for array in arrays]
        try:
            with torch.inference_mode():
                found = self._graph(*tensors)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            raise EngineError(f"{self._description} failed: {str(error)[:200]}") from error
        given = (value.numpy().copy() for value in found)  # a view may be of the input
        return dict(zip(self._graph.outputs, given, strict=True))


@dataclass(frozen=True, slots=True)
class TorchBackend:
    """PyTorch on the processor.

    It computes with as many threads as PyTorch is set to for the whole process: that setting
    belongs to the program, so `Options.threads` changes nothing.
    """

    device: str = "torch"
    precisions: tuple[Precision, ...] = ("fp32",)

    def why_not(self) -> str | None:
        """See `srfer.engines.contract.Backend.why_not`."""
        missing = [name for name in ("torch", "onnx") if find_spec(name) is None]
        if missing:
            return f"{' and '.join(missing)} not installed: pip install 'srfer[train]'"
        return None

    def describe(self) -> str:
        """See `srfer.engines.contract.Backend.describe`."""
        import torch

        return f"PyTorch {torch.__version__} on the processor"

    def needs_build(self, options: Options) -> bool:
        """Never."""
        del options
        return False

    def build(self, model: ModelFile, options: Options) -> bytes | None:
        """Nothing is built; see `srfer.engines.contract.Backend.build`."""
        del model, options
        return None

    def open(self, model: ModelFile, options: Options, built: bytes | None) -> TorchSession:
        """See `srfer.engines.contract.Backend.open`."""
        del options, built
        from .torch_graph import TorchGraph

        return TorchSession(TorchGraph(model.data), self.describe())
