"""ONNX Runtime: on every processor, and on what its execution providers reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srfer.errors import EngineError, ModelError

from ..contract import ModelFile
from ..ort import onnxruntime
from ..spec import INPUTS, OUTPUTS

_FORM = {
    "faces": ("tensor(uint8)", [1, 48, 48]),
    "native_px": ("tensor(float)", []),
    "sr_gain": ("tensor(float)", []),
    "probabilities": ("tensor(float)", [8]),
    "restored": ("tensor(uint8)", [1, 48, 48]),
}


class OnnxRuntimeEngine:
    """An open session; may be used from several threads."""

    def __init__(self, session: onnxruntime.InferenceSession, device: str) -> None:
        self._session = session
        self.description = f"ONNX Runtime {onnxruntime.__version__} on {device}"
        self.metadata: Mapping[str, str] = session.get_modelmeta().custom_metadata_map

    def run(
        self,
        faces: NDArray[np.uint8],
        native_px: NDArray[np.float32],
        sr_gain: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """See `srfer.engines.contract.Engine.run`."""
        try:
            probabilities, restored = self._session.run(
                list(OUTPUTS), dict(zip(INPUTS, (faces, native_px, sr_gain), strict=True))
            )
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise EngineError(f"{self.description} failed: {_first_line(error)}") from error
        return probabilities, restored


@dataclass(frozen=True, slots=True)
class OnnxRuntimeBackend:
    """ONNX Runtime with one execution provider.

    Attributes:
        device: name by which it is chosen.
        provider: ONNX Runtime's name of the execution provider.
        remedy: how to get the provider, for `why_not`.
        helpers: providers for the operations that the first one lacks.
    """

    device: str
    provider: str
    remedy: str
    helpers: tuple[str, ...] = ("CPUExecutionProvider",)

    def why_not(self) -> str | None:
        """See `srfer.engines.contract.Backend.why_not`."""
        if self.provider in onnxruntime.get_available_providers():
            return None
        return f"the installed ONNX Runtime lacks {self.provider}: {self.remedy}"

    def open(self, model: ModelFile, threads: int) -> OnnxRuntimeEngine:
        """See `srfer.engines.contract.Backend.open`."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # Spinning threads would take the processor from the pipeline's other threads.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                model.data,
                options,
                providers=list(dict.fromkeys([self.provider, *self.helpers])),
                enable_fallback=0,  # it would print to stdout and change the device silently
            )
        except Exception as error:  # onnxruntime's exceptions share no base but this
            raise ModelError(f"{model.name} cannot be loaded: {_first_line(error)}") from error
        if session.get_providers()[0] != self.provider:
            raise EngineError(f"ONNX Runtime fell back from {self.provider}: check its driver")
        _check_form(session, model.name)
        return OnnxRuntimeEngine(session, self.device)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else repr(error)


def _check_form(session: onnxruntime.InferenceSession, where: str) -> None:
    """Compare inputs and outputs with the contract."""
    for kind, values, names in (
        ("inputs", session.get_inputs(), INPUTS),
        ("outputs", session.get_outputs(), OUTPUTS),
    ):
        if tuple(value.name for value in values) != names:
            found = ", ".join(value.name for value in values)
            raise ModelError(f"{where} has {kind} {found}; a srfer model has {', '.join(names)}")
        for value in values:
            dtype, shape = _FORM[value.name]
            is_fixed = isinstance(value.shape[0], int)  # then it would take one batch size only
            if value.type != dtype or list(value.shape[1:]) != shape or is_fixed:
                raise ModelError(
                    f"{where}: {value.name} is {value.type} {value.shape}, not {dtype} N x {shape}"
                )
