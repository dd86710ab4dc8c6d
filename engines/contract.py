"""What a runtime is to srfer. Each one is a file in `srfer.engines.backends`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MAX_BATCH = 32
"""Faces that are handed to an engine at a time; more are split."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model as bytes.

    Attributes:
        name: file name, for messages.
        data: the ONNX file.
        sha256: of `data`, hexadecimal.
    """

    name: str
    data: bytes
    sha256: str

    def __repr__(self) -> str:
        return f"ModelFile({self.name!r}, {len(self.data)} bytes, sha256={self.sha256[:12]})"


class Engine(Protocol):
    """A model opened by a runtime on a device."""

    @property
    def description(self) -> str:
        """Runtime, version and device in words."""
        ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata entries of the model file."""
        ...

    def run(
        self,
        faces: NDArray[np.uint8],
        native_px: NDArray[np.float32],
        sr_gain: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Compute one batch.

        Args:
            faces: (N, 1, 48, 48), N from 1 to `MAX_BATCH`.
            native_px: (N,) pixels.
            sr_gain: (N,) 0 or 1.

        Returns:
            probabilities (N, 8) and restored faces (N, 1, 48, 48); not reused by later calls.

        Raises:
            EngineError: if the runtime fails.
        """
        ...


class Backend(Protocol):
    """A runtime on one kind of device."""

    @property
    def device(self) -> str:
        """Name by which it is chosen: "cpu", "cuda" ..."""
        ...

    def why_not(self) -> str | None:
        """None if it can be used here, else the reason and what to do."""
        ...

    def open(self, model: ModelFile, threads: int) -> Engine:
        """Load a model.

        Args:
            model: what to load.
            threads: processor threads to use for one batch.

        Raises:
            ModelError: if the file is not a model of srfer's form.
            EngineError: if the runtime or its device fails.
        """
        ...
