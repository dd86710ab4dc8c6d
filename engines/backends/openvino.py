"""OpenVINO: Intel's runtime, at home on its processors."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.errors import EngineError, ModelError

from ..contract import Arrays, ModelFile, Options, Precision
from ..onnx_file import read_form
from ..ov import import_openvino
from ..precision import convert

PROCESSOR = "CPU"


class OpenVINOSession:
    """A compiled model; may be used from several threads, each call with a request of its own."""

    def __init__(self, compiled: Any, outputs: tuple[str, ...], description: str) -> None:
        self._compiled = compiled
        self._description = description
        self._outputs = outputs

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        """See `srfer.engines.contract.Session.run`."""
        request = self._compiled.create_infer_request()
        try:
            found = request.infer(dict(feeds), share_inputs=True, share_outputs=False)
        except RuntimeError as error:
            raise EngineError(f"{self._description} failed: {_last_line(error)}") from error
        return {name: np.asarray(found[name]) for name in self._outputs}


@dataclass(frozen=True, slots=True)
class OpenVINOBackend:
    """OpenVINO on the processor."""

    device: str = "openvino"
    precisions: tuple[Precision, ...] = ("fp32", "int8")

    def why_not(self) -> str | None:
        """See `srfer.engines.contract.Backend.why_not`."""
        if find_spec("openvino") is None:
            return "openvino not installed: pip install 'srfer[openvino]'"
        return None

    def describe(self) -> str:
        """See `srfer.engines.contract.Backend.describe`."""
        return f"OpenVINO {metadata.version('openvino')} on the processor"

    def needs_build(self, options: Options) -> bool:
        """Only where the graph has to be converted."""
        return options.precision != "fp32"

    def build(self, model: ModelFile, options: Options) -> bytes | None:
        """Convert the graph to another precision; see `srfer.engines.contract.Backend.build`."""
        return convert(model, options.precision) if self.needs_build(options) else None

    def open(self, model: ModelFile, options: Options, built: bytes | None) -> OpenVINOSession:
        """See `srfer.engines.contract.Backend.open`."""
        core = import_openvino().Core()
        try:
            graph = core.read_model(built or model.data, b"")
        except RuntimeError as error:
            raise ModelError(f"{model.name} cannot be loaded: {_last_line(error)}") from error
        settings = {
            "INFERENCE_NUM_THREADS": options.threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            # By itself it computes in bfloat16 where the processor can: other numbers than asked.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        try:
            compiled = core.compile_model(graph, PROCESSOR, settings)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO failed on {model.name}: {_last_line(error)}") from error
        outputs = tuple(output.name for output in read_form(model.data, model.name).outputs)
        return OpenVINOSession(compiled, outputs, self.describe())


def _last_line(error: Exception) -> str:
    """OpenVINO says where it was first and what was wrong last."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else repr(error)
