"""What a runtime is to srfer. Each one is a file in `srfer.engines.backends`.

A backend knows ONNX graphs and arrays: neither faces nor detectors. The same four methods serve
the expression model and the face detectors: `describe`, `build`, `open`, and `run` of what was
opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol, get_args

from numpy.typing import NDArray

from srfer.errors import ConfigError

Arrays = Mapping[str, NDArray[Any]]
"""Inputs or outputs of a graph by name."""

Precision = Literal["fp32", "fp16", "int8"]
"""What convolutions are computed in. Inputs and outputs are the same in all three."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

Route = Literal["onnx", "torch2trt"]
"""How a model gets into TensorRT."""
ROUTES: tuple[Route, ...] = get_args(Route)

MAX_BATCH = 32
"""Faces that are handed to an engine at a time unless told otherwise; more are split."""


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


@dataclass(frozen=True, slots=True)
class ShapeRange:
    """The shapes that an input will have.

    Attributes:
        least: no axis is ever shorter.
        usual: what compilers should be fastest at.
        most: no axis is ever longer.
    """

    least: tuple[int, ...]
    usual: tuple[int, ...]
    most: tuple[int, ...]

    def __post_init__(self) -> None:
        axes = tuple(zip(self.least, self.usual, self.most, strict=True))
        if not axes or any(not 1 <= least <= usual <= most for least, usual, most in axes):
            raise ConfigError(
                f"shapes must grow from least to most: {self.least}, {self.usual}, {self.most}"
            )


@dataclass(frozen=True, slots=True)
class Options:
    """How a graph is to be opened.

    Attributes:
        precision: what its convolutions are computed in.
        threads: processor threads for one call, where a processor computes.
        shapes: by input, the shapes it will have. Runtimes that compile need them.
        route: how the graph gets into TensorRT; other runtimes do not look at it.
    """

    precision: Precision = "fp32"
    threads: int = 1
    shapes: Mapping[str, ShapeRange] = field(default_factory=lambda: MappingProxyType({}))
    route: Route = "onnx"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            known = ", ".join(PRECISIONS)
            raise ConfigError(f"no precision {self.precision!r}: choose one of {known}")
        if self.route not in ROUTES:
            raise ConfigError(f"no route {self.route!r}: choose one of {', '.join(ROUTES)}")
        if self.threads < 1:
            raise ConfigError(f"threads must be at least 1, not {self.threads}")


class Session(Protocol):
    """A graph opened by a runtime on a device."""

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        """Compute one batch. May be called from several threads.

        Args:
            feeds: every input of the graph; shapes within `Options.shapes`.

        Returns:
            every output of the graph, in memory that later calls do not use again.

        Raises:
            EngineError: if the runtime fails.
        """
        ...


class Backend(Protocol):
    """A runtime on one kind of device."""

    @property
    def device(self) -> str:
        """Name by which it is chosen: "cpu", "cuda", "openvino" ..."""
        ...

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """What it can compute in, the one that is used by default first."""
        ...

    def why_not(self) -> str | None:
        """None if it can be used here, else the reason and what to do."""
        ...

    def describe(self) -> str:
        """Runtime, its version and the device, in words; only where `why_not` gives None.

        What was built by one is never given to another that describes itself differently.
        """
        ...

    def build(self, model: ModelFile, options: Options) -> bytes | None:
        """Compile or convert a graph into what `open` wants.

        Args:
            model: the ONNX file.
            options: what the result has to serve.

        Returns:
            bytes that may be kept for the next time, or None where the model is opened as it is.

        Raises:
            ModelError: if the runtime cannot make anything of the graph.
            EngineError: if the runtime or its device fails.
        """
        ...

    def needs_build(self, options: Options) -> bool:
        """Whether `build` gives bytes for these options, which are worth keeping."""
        ...

    def open(self, model: ModelFile, options: Options, built: bytes | None) -> Session:
        """Open a graph.

        Args:
            model: the ONNX file.
            options: as given to `build`.
            built: what `build` gave.

        Raises:
            ModelError: if the file is no graph that the runtime understands.
            BuiltEngineError: if `built` is refused; it has to be built again.
            EngineError: if the runtime or its device fails.
        """
        ...
