"""Running a detector's ONNX graph. The only place that meets onnxruntime and its errors."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines.ort import onnxruntime
from srfer.errors import EngineError, ModelError


class Network:
    """An ONNX graph with one image batch as its input; a context manager.

    It is loaded when made, so that a bad model is found early; it can be entered again and again,
    so that one detector can serve several videos in turn.
    """

    def __init__(self, name: str, model: bytes, *, outputs: tuple[str, ...], threads: int) -> None:
        """Check the model.

        Args:
            name: for error messages.
            model: content of the ONNX file.
            outputs: names of the outputs in the order in which `run` returns them.
            threads: how many threads one run may use.

        Raises:
            ModelError: the model is damaged, or has other inputs or outputs.
        """
        self._name = name
        self._outputs = outputs
        self._session = self._load(model, threads)
        self._input = self._checked_input()
        self._is_open = False

    def __enter__(self) -> Self:
        self._is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open = False

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run the graph on an (N, 3, H, W) float32 batch.

        Raises:
            EngineError: the network is not open, or onnxruntime failed.
        """
        if not self._is_open:
            raise EngineError(f"face detector {self._name} is not open: use it in a with block")
        try:
            outputs: list[NDArray[np.float32]] = self._session.run(
                self._outputs, {self._input: batch}
            )
        except Exception as error:
            raise EngineError(
                f"face detector {self._name} failed on a batch of shape {batch.shape}: {error}"
            ) from error
        return outputs

    def _load(self, model: bytes, threads: int) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Detection runs every few frames: threads that spin in between would starve the others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(
                f"the model of face detector {self._name} cannot be loaded: {error}"
            ) from error

    def _checked_input(self) -> str:
        inputs = self._session.get_inputs()
        missing = set(self._outputs) - {output.name for output in self._session.get_outputs()}
        if len(inputs) != 1 or missing:
            raise ModelError(
                f"the model of face detector {self._name} is another network: it has "
                f"{len(inputs)} inputs and lacks the outputs {', '.join(sorted(missing))}"
            )
        shape = inputs[0].shape
        if (
            len(shape) != 4
            or shape[1] != 3
            or any(isinstance(shape[axis], int) for axis in (0, 2, 3))
        ):
            raise ModelError(
                f"the model of face detector {self._name} takes pictures of shape {shape} only: "
                "use an export with dynamic batch, height and width"
            )
        return str(inputs[0].name)
