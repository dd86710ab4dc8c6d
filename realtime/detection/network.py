"""A detector's ONNX graph on one of the engines."""

from __future__ import annotations

import hashlib
import logging
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from srfer.engines import ModelFile, Options, ShapeRange, find_backend, open_session, read_form
from srfer.errors import EngineError, ModelError

from .batch import PAD_TO_PX

LARGEST_BATCH = 8
"""Pictures that are searched at a time; more are split."""
_log = logging.getLogger(__name__)


class Network:
    """An ONNX graph with one image batch as its input; a context manager.

    It is loaded when made, so that a bad model is found early; it can be entered again and again,
    so that one detector can serve several videos in turn.
    """

    def __init__(
        self,
        name: str,
        model: bytes,
        *,
        outputs: tuple[str, ...],
        largest_px: int,
        threads: int,
        device: str,
    ) -> None:
        """Check the model and open it.

        Args:
            name: for error messages.
            model: content of the ONNX file.
            outputs: names of the outputs in the order in which `run` returns them.
            largest_px: no side of a picture is longer than this.
            threads: how many processor threads one run may use.
            device: name of an engine, as for `srfer.load`.

        Raises:
            ConfigError: there is no such device.
            ModelError: the model is damaged, or has other inputs or outputs.
            EngineError: the device cannot be used.
        """
        self._name = name
        self._outputs = outputs
        self._input = self._checked_input(model)
        file = ModelFile(f"the model of face detector {name}", model, _sha256(model))
        options = Options(threads=threads, shapes={self._input: _shapes(largest_px)})
        backend = find_backend(device)
        reason = backend.why_not()
        if reason is not None:
            raise EngineError(f"face detector {name} cannot run on {device}: {reason}")
        self._session = open_session(backend, file, options, _log.warning)
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
            EngineError: the network is not open, or the runtime failed.
        """
        if not self._is_open:
            raise EngineError(f"face detector {self._name} is not open: use it in a with block")
        parts = [
            self._run_some(batch[start : start + LARGEST_BATCH])
            for start in range(0, len(batch), LARGEST_BATCH)
        ]
        if len(parts) == 1:
            return parts[0]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def _run_some(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        try:
            given = self._session.run({self._input: batch})
        except EngineError as error:
            raise EngineError(
                f"face detector {self._name} failed on a batch of shape {batch.shape}: {error}"
            ) from error
        return [given[name] for name in self._outputs]

    def _checked_input(self, model: bytes) -> str:
        form = read_form(model, f"the model of face detector {self._name}")
        missing = set(self._outputs) - {output.name for output in form.outputs}
        if len(form.inputs) != 1 or missing:
            raise ModelError(
                f"the model of face detector {self._name} is another network: it has "
                f"{len(form.inputs)} inputs and lacks the outputs {', '.join(sorted(missing))}"
            )
        (pictures,) = form.inputs
        if pictures.shape != (None, 3, None, None):
            raise ModelError(
                f"the model of face detector {self._name} takes pictures of shape "
                f"{pictures.shape} only: use an export with dynamic batch, height and width"
            )
        return pictures.name


def _shapes(largest_px: int) -> ShapeRange:
    """From one padded pixel to a full batch; usually a wide frame."""
    most = -(-largest_px // PAD_TO_PX) * PAD_TO_PX
    high = max(PAD_TO_PX, most * 9 // 16 // PAD_TO_PX * PAD_TO_PX)
    return ShapeRange(
        (1, 3, PAD_TO_PX, PAD_TO_PX), (1, 3, high, most), (LARGEST_BATCH, 3, most, most)
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
