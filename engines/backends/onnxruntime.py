"""ONNX Runtime: on every processor, and on what its execution providers reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from srfer.errors import EngineError, ModelError

from ..contract import Arrays, ModelFile, Options, Precision
from ..ort import onnxruntime
from ..precision import convert


class OnnxRuntimeSession:
    """An open session; may be used from several threads."""

    def __init__(self, session: onnxruntime.InferenceSession, description: str) -> None:
        self._session = session
        self._description = description
        self._outputs = [output.name for output in session.get_outputs()]

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        """See `srfer.engines.contract.Session.run`."""
        try:
            found = self._session.run(self._outputs, dict(feeds))
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise EngineError(f"{self._description} failed: {_first_line(error)}") from error
        return dict(zip(self._outputs, found, strict=True))


@dataclass(frozen=True, slots=True)
class OnnxRuntimeBackend:
    """ONNX Runtime with one execution provider.

    Attributes:
        device: name by which it is chosen.
        provider: ONNX Runtime's name of the execution provider.
        remedy: how to get the provider, for `why_not`.
        precisions: what it can compute in.
        helpers: providers for the operations that the first one lacks.
    """

    device: str
    provider: str
    remedy: str
    precisions: tuple[Precision, ...] = ("fp32", "int8")
    helpers: tuple[str, ...] = ("CPUExecutionProvider",)

    def why_not(self) -> str | None:
        """See `srfer.engines.contract.Backend.why_not`."""
        if self.provider in onnxruntime.get_available_providers():
            return None
        return f"the installed ONNX Runtime lacks {self.provider}: {self.remedy}"

    def describe(self) -> str:
        """See `srfer.engines.contract.Backend.describe`."""
        return f"ONNX Runtime {onnxruntime.__version__} on {self.device}"

    def needs_build(self, options: Options) -> bool:
        """Only where the graph has to be converted."""
        return options.precision != "fp32"

    def build(self, model: ModelFile, options: Options) -> bytes | None:
        """Convert the graph to another precision; see `srfer.engines.contract.Backend.build`."""
        return convert(model, options.precision) if self.needs_build(options) else None

    def open(self, model: ModelFile, options: Options, built: bytes | None) -> OnnxRuntimeSession:
        """See `srfer.engines.contract.Backend.open`."""
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.log_severity_level = 4
        # Spinning threads would take the processor from the pipeline's other threads.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                built or model.data,
                settings,
                providers=list(dict.fromkeys([self.provider, *self.helpers])),
                enable_fallback=0,  # it would print to stdout and change the device silently
            )
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise ModelError(f"{model.name} cannot be loaded: {_first_line(error)}") from error
        if session.get_providers()[0] != self.provider:
            raise EngineError(f"ONNX Runtime fell back from {self.provider}: check its driver")
        return OnnxRuntimeSession(session, self.describe())


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else repr(error)
